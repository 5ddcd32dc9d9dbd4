"""A small model in the format of the one that is bundled, whose words are chosen by hand."""

import json
from array import array
from pathlib import Path

from guardrails.training.fasttext_file import END, Features, write
from guardrails.training.rows import OUTPUTS

# Of each word, how much it says of each output; all else says nothing.
WORDS: dict[str, dict[str, float]] = {
    "vile": {"toxicity": 48.0, "hate": 48.0},
    "stab": {"toxicity": 48.0, "violence": 48.0},
    "ignore": {"injection": 48.0},
}
KNOTS = [[-16.0, 0.0001], [0.0, 0.5], [8.0, 0.99], [16.0, 1.0]]


def small_model(folder: Path) -> Path:
    """Writes it; returns the folder. A line of n words gets the n-th part of what each says."""
    folder.mkdir(parents=True, exist_ok=True)
    features = Features([END, *WORDS], 5, 5, 64)
    rows = [array("f", [WORDS.get(word, {}).get(output, 0.0) for output in OUTPUTS]) for word in features.words]
    rows += [array("f", [-1.0] * len(OUTPUTS))] * features.buckets
    same = [[float(row == column) for column in range(len(OUTPUTS))] for row in range(len(OUTPUTS))]
    write(folder / "model.bin", features, OUTPUTS, (row.tobytes() for row in rows), same)
    described = {"version": "test", "outputs": OUTPUTS, "scores": {"toxicity": KNOTS, "injection": KNOTS}}
    (folder / "fast.json").write_text(json.dumps(described))
    return folder

"""What a model of safety says of a text, whichever model it was."""

from collections.abc import Mapping, Sequence
from math import exp
from typing import NamedTuple

from guardrails.scores.knots import Knots

# The categories of toxicity, by the output that scores each.
LABELS: Mapping[str, str] = {"hate": "HATE", "harassment": "HARASSMENT", "sexual": "SEXUAL", "violence": "VIOLENCE",
                             "self_harm": "SELF_HARM"}
INJECTION = "INJECTION"
_FAR = 60.0  # a logit beyond which nothing is told apart


class Scores(NamedTuple):
    """``toxicity``: by label, in (0, 1]; the highest of them is how toxic the text is."""

    toxicity: Mapping[str, float]
    injection: float


# Below, a category is not told: nobody acts there, and five findings for each text would be four too many.
LEAST = 0.05


def worth_telling(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """The highest always, so that thresholds can be chosen from it; others where they say something."""
    most = max(scores.values())
    return [(label, round(score, 5)) for label, score in sorted(scores.items()) if score == most or score >= LEAST]


class Scale:
    """Turns a model's logits, by output, into scores."""

    def __init__(self, toxicity: Knots, injection: Knots) -> None:
        self._toxicity = toxicity
        self._injection = injection

    @classmethod
    def of(cls, points: Mapping[str, Sequence[tuple[float, float]]]) -> "Scale":
        """That of a model's description: its points by output."""
        return cls(Knots(points["toxicity"]), Knots(points["injection"]))

    def scores(self, logits: Mapping[str, float]) -> Scores:
        """How toxic a text is has an output of its own; the likeliest category gets that score, the others their part
        of it."""
        toxic = self._toxicity.score(logits["toxicity"])
        likely = {label: 1 / (1 + exp(-max(-_FAR, logits[output]))) for output, label in LABELS.items()}
        most = max(likely.values())
        return Scores({label: toxic * share / most for label, share in likely.items()},
                      self._injection.score(logits["injection"]))

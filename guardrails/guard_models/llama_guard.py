"""Llama Guard: one question about the whole conversation; ``safe``, or ``unsafe`` and the codes of the categories.

https://www.llama.com/docs/model-cards-and-prompt-formats/llama-guard-3 and llama-guard-4. The template that comes with
the 8B model lists all categories, always: so the prompt is written here, and sent as it is.
"""

import re
from collections.abc import Mapping, Sequence

from guardrails.guard_models.conversation import Speaker, Subject
from guardrails.guard_models.definition import GuardModelDocument
from guardrails.guard_models.format import chosen, heading_of, label_of, labels_with, refuse_unused
from guardrails.guard_models.neutral import Neutral
from guardrails.guard_models.question import UNSAFE, Answer, Found, Question, Unreadable, chances_of, completion

SAFE = "safe"
WORDS = ("unsafe", SAFE)
MAX_TOKENS = 32
CATEGORIES = {
    "S1": "Violent Crimes.", "S2": "Non-Violent Crimes.", "S3": "Sex Crimes.", "S4": "Child Exploitation.",
    "S5": "Defamation.", "S6": "Specialized Advice.", "S7": "Privacy.", "S8": "Intellectual Property.",
    "S9": "Indiscriminate Weapons.", "S10": "Hate.", "S11": "Self-Harm.", "S12": "Sexual Content.",
    "S13": "Elections.", "S14": "Code Interpreter Abuse."}
# What stands around the prompt, by format. The first two have no categories here: theirs are whole policies, and are
# told by the operator.
_AROUND = {
    "llama_guard_1": ("<s>[INST] ", " [/INST]"),
    "llama_guard_2": ("<|begin_of_text|>[INST] ", " [/INST]"),
    "llama_guard_3": ("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n",
                      "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"),
    "llama_guard_4": ("<|begin_of_text|><|header_start|>user<|header_end|>\n\n",
                      "<|eot|><|header_start|>assistant<|header_end|>\n\n"),
}
_NAMES: Mapping[Speaker, str] = {"user": "User", "assistant": "Agent"}
_CODES = re.compile(r"[A-Za-z]+\d+(?:\s*,\s*[A-Za-z]+\d+)*")


class LlamaGuard:
    """All four generations: they differ in what stands around the prompt, and in the categories."""

    asks = 1

    def __init__(self, definition: GuardModelDocument) -> None:
        refuse_unused(definition, "categories", "taxonomy")
        known = CATEGORIES if definition.format in ("llama_guard_3", "llama_guard_4") else {}
        self._categories = chosen(definition, known)
        self._labels = {code: label_of(code, heading_of(text)) for code, text in self._categories.items()}
        self.labels = labels_with(list(self._labels.values()), UNSAFE)
        self._before, self._after = _AROUND[definition.format]
        self._first = definition.format == "llama_guard_1"
        self._max_tokens = definition.max_tokens or MAX_TOKENS
        self._neutral = Neutral(tuple(_NAMES.values()))

    def questions(self, subject: Subject) -> list[Question]:
        return [completion(self.prompt(subject), self._max_tokens, self.read)]

    def prompt(self, subject: Subject) -> str:
        role = _NAMES[subject.judged]
        listed = "\n".join(f"{code}: {text}" for code, text in self._categories.items())
        said = "".join(f"{_NAMES[turn.speaker]}: {self._neutral(turn.text)}\n\n" for turn in subject.turns)
        asked = f"{role} in the above" if self._first else f"ONLY THE LAST {role} message in the above"
        dash = "-" if self._first else " -"
        return (f"{self._before}Task: Check if there is unsafe content in '{role}' messages in conversations according "
                "our safety policy with the below categories.\n\n"
                f"<BEGIN UNSAFE CONTENT CATEGORIES>\n{listed}\n<END UNSAFE CONTENT CATEGORIES>\n\n"
                f"<BEGIN CONVERSATION>\n\n{said}<END CONVERSATION>\n\n"
                f"Provide your safety assessment for {asked} conversation:\n"
                f"{dash} First line must read 'safe' or 'unsafe'.\n"
                f"{dash} If unsafe, a second line must include a comma-separated list of violated categories."
                f"{self._after}")

    def read(self, answer: Answer) -> Sequence[Found]:
        first, _, rest = answer.text.strip().partition("\n")
        verdict = first.strip().lower()
        if verdict not in WORDS:
            raise Unreadable("its first line is neither safe nor unsafe")
        chances = chances_of(answer, WORDS, verdict)
        if verdict == SAFE:
            if rest.strip():
                raise Unreadable("it goes on after safe")
            return [Found(UNSAFE, chances["unsafe"])] if chances and chances["unsafe"] > 0 else []
        score = chances["unsafe"] if chances else 1.0
        return [Found(label, score) for label in self._labels_in(rest)]

    def _labels_in(self, told: str) -> list[str]:
        """A category that is not one of those asked about is none: the text is unsafe all the same."""
        codes = _CODES.match(told.strip())
        found = [self._labels.get(code.strip().upper(), UNSAFE) for code in codes[0].split(",")] if codes else [UNSAFE]
        return list(dict.fromkeys(found))

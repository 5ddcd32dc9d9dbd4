"""The operator's own question to any model: a template, and what the answers to it mean."""

import re
from collections.abc import Sequence

from guardrails.guard_models.conversation import Speaker, Subject
from guardrails.guard_models.definition import GuardModelDocument, UnusableDefinition
from guardrails.guard_models.format import refuse_unused
from guardrails.guard_models.neutral import Neutral
from guardrails.guard_models.question import Answer, Found, Question, Unreadable, chances_of, chat, completion

SAFE = "safe"
MAX_TOKENS = 16
_NAMES: dict[Speaker, str] = {"user": "User", "assistant": "Assistant"}
_PARTS = re.compile(r"(\{conversation\}|\{text\})")


class OwnTemplate:
    """``{conversation}`` in the template is every turn that is shown, ``{text}`` the judged one alone."""

    asks = 1

    def __init__(self, definition: GuardModelDocument) -> None:
        refuse_unused(definition, "template", "instructions", "answers", "api")
        _check(definition)
        assert definition.template is not None
        self._template = definition.template
        self._instructions = definition.instructions
        self._answers = {words.lower(): label for words, label in definition.answers.items()}
        self.labels = tuple(dict.fromkeys(label for label in self._answers.values() if label != SAFE))
        self._as_chat = definition.api == "chat"
        self._max_tokens = definition.max_tokens or MAX_TOKENS
        self._neutral = Neutral(tuple(_NAMES.values()))

    def questions(self, subject: Subject) -> list[Question]:
        if not self._as_chat:
            return [completion(self.text(subject), self._max_tokens, self.read)]
        system = [{"role": "system", "content": self._instructions}] if self._instructions else []
        return [chat([*system, {"role": "user", "content": self.text(subject)}], self._max_tokens, self.read)]

    def text(self, subject: Subject) -> str:
        turns = [(_NAMES[turn.speaker], self._neutral(turn.text)) for turn in subject.turns]
        said = {"{conversation}": "\n\n".join(f"{name}: {text}" for name, text in turns), "{text}": turns[-1][1]}
        return "".join(said.get(part, part) for part in _PARTS.split(self._template))

    def read(self, answer: Answer) -> Sequence[Found]:
        said = answer.text.strip().lower()
        begun = max((words for words in self._answers if said.startswith(words)), key=len, default=None)
        if begun is None:
            raise Unreadable("it begins with none of the answers")
        chances = chances_of(answer, tuple(self._answers), begun) or {begun: 1.0}
        by_label: dict[str, float] = {}
        for words, chance in chances.items():
            by_label[self._answers[words]] = by_label.get(self._answers[words], 0.0) + chance
        return [Found(label, score) for label, score in by_label.items() if label != SAFE and score > 0]


def _check(definition: GuardModelDocument) -> None:
    if definition.template is None or not _PARTS.search(definition.template):
        raise UnusableDefinition("template", "a question with {conversation} or {text} in it",
                                 "none" if definition.template is None else "neither")
    if not any(label != SAFE for label in definition.answers.values()):
        raise UnusableDefinition("answers", "an answer that means a label", "none")
    if "" in (words.strip() for words in definition.answers):
        raise UnusableDefinition("answers", "what an answer begins with", "nothing")
    if definition.instructions is not None and definition.api != "chat":
        raise UnusableDefinition("instructions", "nothing: a bare prompt has no system message", "a value")

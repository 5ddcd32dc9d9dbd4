"""Reading without a process: for commands that judge a few texts and end."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from guardrails.classifiers.builtin import NAMES
from guardrails.classifiers.classifier import Classifier, ClassifierAway, Span
from guardrails.classifiers.loading import makers_of
from guardrails.classifiers.memory import Key, Memory
from guardrails.classifiers.question import question_of
from guardrails.classifiers.settings import ClassifierSettings


class InProcess:
    """Reads where it is called, and holds up whoever calls. A model is loaded when it is first asked for."""

    def __init__(self, settings: ClassifierSettings | None = None) -> None:
        settings = msgspec.structs.replace(settings or ClassifierSettings(), load=list(NAMES))
        self._makers = makers_of(settings)
        self._made: dict[str, Classifier] = {}
        self._memory = Memory()

    async def read(self, classifier: str, texts: Sequence[str], seconds: float,
                   about: Mapping[str, list[str]] | None = None) -> list[list[Span]]:
        """Raises ClassifierAway where there is no such classifier, ModuleNotFoundError where its packages are not."""
        if classifier not in self._makers:
            raise ClassifierAway("unknown")
        if classifier not in self._made:
            self._made[classifier] = self._makers[classifier]()
        question = question_of(self._made[classifier], texts, about or {})
        return question.answer({key: self._concluded(question.classifier, key, text)
                                for key, text in question.all_texts().items()})

    def _concluded(self, classifier: Classifier, key: Key, text: str) -> Any:
        known = self._memory.get(key)
        if known is not None:
            return known
        cut = classifier.cut(text)
        readings = [classifier.read([piece])[0] for piece in cut.pieces]
        found = classifier.conclude(text, cut.windows, readings) if readings else []
        self._memory.put(key, found)
        return found

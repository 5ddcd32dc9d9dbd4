"""Reading without a process: for commands that judge a few texts and end."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from guardrails.classifiers.builtin import NAMES
from guardrails.classifiers.classifier import Classifier, ClassifierAway, Span
from guardrails.classifiers.loading import makers_of
from guardrails.classifiers.memory import Key, Memory
from guardrails.classifiers.question import Question, question_of
from guardrails.classifiers.settings import ClassifierSettings


class InProcess:
    """Reads where it is called, and holds up whoever calls. A model is loaded when it is first asked for. Texts are not
    remembered, so that what reading costs can be measured; what a question brings along is."""

    def __init__(self, settings: ClassifierSettings | None = None, own_models: Path | None = None) -> None:
        settings = msgspec.structs.replace(settings or ClassifierSettings(), load=list(NAMES))
        self._makers = makers_of(settings, own_models)
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
        return question.answer({**self._sentences(question), **{
            key: _concluded(question.classifier, text) for key, text in zip(question.keys, texts, strict=True)}})

    def _sentences(self, question: Question) -> dict[Key, Any]:
        found = {}
        for key, sentence in question.sentences.items():
            known = self._memory.get(key)
            found[key] = _concluded(question.classifier, sentence) if known is None else known
            self._memory.put(key, found[key])
        return found


def _concluded(classifier: Classifier, text: str) -> Any:
    cut = classifier.cut(text)
    readings = [classifier.read([piece])[0] for piece in cut.pieces]
    return classifier.conclude(text, cut.windows, readings) if readings else []

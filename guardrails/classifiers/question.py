"""A question: what was asked together, and how it is answered once all of it has been read."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from guardrails.classifiers.classifier import Classifier, Compares, Span
from guardrails.classifiers.frames import Why
from guardrails.classifiers.memory import Key, key_of
from guardrails.classifiers.waiting import Job, Late

About = Mapping[str, Sequence[str]]
Found = list[list[Span]]


class NotRead(Exception):
    """A request that gets no findings; ``why`` is told to who asked."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


class Failed(Exception):
    """The classifier raised."""


class Question(msgspec.Struct, frozen=True):
    """What ``classifier`` is asked: of each text its findings; where it compares, with texts by label."""

    classifier: Classifier
    texts: Sequence[str]
    keys: Sequence[Key]
    about: Mapping[str, Sequence[Key]]
    sentences: Mapping[Key, str]  # those of ``about``

    def all_texts(self) -> dict[Key, str]:
        return {**self.sentences, **dict(zip(self.keys, self.texts, strict=True))}

    def answer(self, known: Mapping[Key, Any]) -> Found:
        """``known``: what was concluded of all its texts."""
        if not hasattr(self.classifier, "compare"):
            return [known[key] for key in self.keys]
        others = {label: [known[key] for key in keys] for label, keys in self.about.items()}
        compare = cast(Compares, self.classifier).compare
        return [compare(len(text), known[key], others) for text, key in zip(self.texts, self.keys, strict=True)]


def question_of(classifier: Classifier, texts: Sequence[str], about: About) -> Question:
    name = classifier.name
    keys = [key_of(name, text) for text in texts]
    if not about:
        return Question(classifier, texts, keys, {}, {})
    labelled = {label: [key_of(name, sentence) for sentence in sentences] for label, sentences in about.items()}
    sentences = {key: sentence for label, keys in labelled.items()
                 for key, sentence in zip(keys, about[label], strict=True)}
    return Question(classifier, texts, keys, labelled, sentences)


class Request:
    """One question on its way. ``answer`` is its future: who cancels that has given up."""

    def __init__(self, question: Question, known: dict[Key, Any], jobs: Mapping[Key, Job], seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Found] = loop.create_future()
        self._question = question
        self._known = known
        self._missing = len(jobs)
        self._timer = loop.call_later(seconds, self._refuse, "late")
        self.answer.add_done_callback(lambda _: self._timer.cancel())
        for key, job in jobs.items():
            job.done.add_done_callback(lambda done, key=key: self._take(key, done))  # type: ignore[misc]

    def _take(self, key: Key, done: "asyncio.Future[Any]") -> None:
        if self.answer.done():
            return
        if done.cancelled() or (error := done.exception()) is not None:
            self._refuse("late" if not done.cancelled() and isinstance(error, Late) else "failed")
            return
        self._known[key] = done.result()
        self._missing -= 1
        if not self._missing:
            self._conclude()

    def _conclude(self) -> None:
        try:
            self.answer.set_result(self._question.answer(self._known))
        except Exception:  # a classifier's bug
            self._refuse("failed")

    def _refuse(self, why: Why) -> None:
        if not self.answer.done():
            self.answer.set_exception(NotRead(why))
            self.answer.exception()  # looked at: nobody may be waiting any more

"""An inquiry: the texts of one request before the policies of its route, the live one and the one in shadow."""

from collections.abc import Callable, Mapping
from typing import Any

from guardrails.examination import Examination
from guardrails.inspection import EVERY, Guards
from guardrails.passage import Passage
from guardrails.policy import When
from guardrails.redaction import Pseudonyms
from guardrails.verdict import Failure
from models.protocol.passages import Text, Texts, Uneditable, legible, texts_of, with_edits


class Inquiry:
    """Reads the request as it is made, and may be made in another thread. Afterwards ``examinations`` are to be run."""

    def __init__(self, document: Mapping[str, Any], live: Guards | None, shadow: Guards | None, lot: float,
                 now: Callable[[], float]) -> None:
        self._document = document
        texts: Texts = texts_of(document)
        self.texts: list[Text] = texts.found
        passages = [Passage(legible(text), text.role, text.place) for text in texts.found]  # type: ignore[arg-type]
        self.pseudonyms: Pseudonyms | None = (
            live.pseudonyms_for(passage.text for passage in passages) if live is not None else None)
        self.live = _examination(live, passages, lot, self.pseudonyms, now)
        self.shadow = _examination(shadow, passages, lot, None, now)
        self.examinations = [one for one in (self.live, self.shadow) if one is not None]
        self.unreadable = texts.unreadable
        if texts.unreadable:
            for one in self.examinations:
                one.verdict.fail(Failure(EVERY, "prompt", "unreadable"))

    def run(self, aside: bool = False) -> None:
        """All that needs no waiting; ``aside``, in another thread, leaves the others room."""
        for one in self.examinations:
            one.run(aside)

    def stop(self) -> None:
        for one in self.examinations:
            one.stop()

    def apart(self, when: When) -> tuple[Examination | None, Examination | None]:
        """What the slow guards of a place are to judge while the exchange goes on: by the live policy, and by the one
        in shadow."""
        live, shadow = (one.apart() if one is not None and one.slow_readers(when) else None
                        for one in (self.live, self.shadow))
        return live, shadow

    def edited(self) -> Mapping[str, Any]:
        """The document as it may go on; the one that was given where nothing is edited. A redaction where none can be
        made blocks: then the verdict says so, and the document is as it was."""
        if self.live is None or not self.live.edits:
            return self._document
        try:
            return with_edits(self._document, ((self.texts[index], edits)
                                               for index, edits in sorted(self.live.edits.items())))
        except Uneditable as error:
            self.live.verdict.block_at(error.place)
            return self._document


def _examination(guards: Guards | None, passages: list[Passage], lot: float, pseudonyms: Pseudonyms | None,
                 now: Callable[[], float]) -> Examination | None:
    if guards is None or not guards.prompt.guards:
        return None
    return Examination(guards.prompt, passages, lot, pseudonyms, now)

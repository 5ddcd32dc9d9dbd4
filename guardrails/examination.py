"""An examination: all passages of a prompt before the guards of one policy."""

from collections.abc import Callable, Sequence

from guardrails.detectors.detector import SlowReader
from guardrails.finding import Finding
from guardrails.guard import Guard
from guardrails.inspection import PATTERNS, Inspector, merged
from guardrails.passage import Passage
from guardrails.patterns.whole import breathe
from guardrails.policy import When
from guardrails.redaction import Edit, Pseudonyms
from guardrails.verdict import Failure, Verdict

# Up to here all passages are asked about at once, as most of them hold nothing; beyond, each for itself in blocks.
_TOGETHER_CHARACTERS = 64 * 1024
# A request of a million addresses has a million findings: nobody reads them, and to keep them costs.
MAX_KEPT = 1000


class Examination:
    """``run`` does what needs no waiting. It may be called in another thread: then nobody looks at the results before
    it has returned, and ``stop`` lets it end early.

    edits    by the place of a passage in ``passages``: how it is to be edited, in order
    seconds  by guard, what each took; the patterns of all guards share one pass
    """

    def __init__(self, inspector: Inspector, passages: Sequence[Passage], lot: float, pseudonyms: Pseudonyms | None,
                 now: Callable[[], float]) -> None:
        self.verdict = Verdict(limit=MAX_KEPT)
        self.edits: dict[int, list[Edit]] = {}
        self.seconds: dict[str, float] = {}
        self.passages = passages
        self._inspector = inspector
        self._lot = lot
        self._pseudonyms = pseudonyms
        self._now = now
        self._stopped = False
        self._aside = False

    def stop(self) -> None:
        self._stopped = True

    def _is_stopped(self) -> bool:
        """Asked between any two steps."""
        if self._aside:
            breathe()
        return self._stopped

    def run(self, aside: bool = False) -> None:
        """``aside`` tells that it runs in another thread, whose steps are to leave room for the others'."""
        self._aside = aside
        if self._inspector.scanner is not None:
            self._timed(PATTERNS, self._scan)
        for guard, reader in self._inspector.readers:
            if guard.judges(self._lot):
                self._timed(guard.name, lambda guard=guard, reader=reader: self._read(  # type: ignore[misc]
                    guard, lambda passage, edits: self._inspector.read(
                        guard, reader, passage, self.verdict, edits, self._pseudonyms, self._is_stopped)))

    def _timed(self, name: str, work: Callable[[], None]) -> None:
        began = self._now()
        try:
            work()
        except Exception:  # a bug in the guards is the policy's business: it says what such a guard means
            self.verdict.fail(Failure(name, self._inspector.side, "error"))
        self.seconds[name] = self.seconds.get(name, 0.0) + self._now() - began

    def _scan(self) -> None:
        texts = [passage.text for passage in self.passages]
        if sum(map(len, texts)) <= _TOGETHER_CHARACTERS and not self._inspector.may_find(texts):
            return
        for index, passage in enumerate(self.passages):
            if self._is_stopped():
                return
            found = self._inspector.scan(passage, self._lot, self.verdict, self._pseudonyms, self._is_stopped)
            if found:
                self.edits[index] = found

    def _read(self, guard: Guard, read: Callable[[Passage, list[Edit]], None]) -> None:
        for index, passage in enumerate(self.passages):
            if self._is_stopped():
                return
            edits: list[Edit] = []
            read(passage, edits)
            if edits:
                self._edit(index, edits)

    def _edit(self, index: int, edits: list[Edit]) -> None:
        self.edits[index] = merged([*self.edits.get(index, ()), *edits])

    def add(self, guard: Guard, found: Sequence[Sequence[Finding]], seconds: float) -> None:
        """Takes what a slow reader has found, by passage; what does not fit the passages is its failure."""
        self.seconds[guard.name] = seconds
        try:
            self._add(guard, found)
        except Exception:  # as in _timed
            self.fail(guard, "error")

    def _add(self, guard: Guard, found: Sequence[Sequence[Finding]]) -> None:
        for index, (passage, findings) in enumerate(zip(self.passages, found, strict=True)):
            edits: list[Edit] = []
            self._inspector.decide(guard, findings, passage, self.verdict, edits, self._pseudonyms)
            if edits:
                self._edit(index, edits)

    def fail(self, guard: Guard, reason: str) -> None:
        self.verdict.fail(Failure(guard.name, self._inspector.side, reason))

    def slow_readers(self, when: When) -> list[tuple[Guard, SlowReader]]:
        """Those of that place that judge this exchange."""
        return [one for one in self._inspector.slow_at[when] if one[0].judges(self._lot)]

    def apart(self) -> "Examination":
        """One of the same passages with a verdict of its own, for guards that judge while the exchange goes on. It can
        edit nothing any more."""
        return Examination(self._inspector, self.passages, self._lot, None, self._now)

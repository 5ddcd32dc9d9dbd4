"""One text of a reply, judged as it grows: what of it may go out, what stands in the place of what may not.

Sans I/O. The pieces go in as they come; ``decided`` says how far the text may leave, ``render`` how it reads then. A
text that came whole is one piece. Where a finding blocks, the text ends before it: ``ends_at``.
"""

from collections.abc import Callable

from guardrails.detectors.detector import Asked, Watch
from guardrails.finding import Finding
from guardrails.guard import Guard
from guardrails.inspection import Inspector, Spotted, edits_of
from guardrails.opinions import Opinions
from guardrails.patterns.scanner import Cluster
from guardrails.patterns.window import Window
from guardrails.redaction import Edit, Pseudonyms, edited, masked
from guardrails.stretch_judging import ROLE, StretchJudging
from guardrails.verdict import Decision, Failure, Verdict

_BLOCK_BYTES = 4096


class GuardedText:
    """A channel of a choice: its content, its reasoning, or the arguments of one tool call.

    ``decided``  in bytes of UTF-8 from the text's beginning: what stands before it can be rendered, and leave. What
                 waits for the judges of its stretches is not
    ``ends_at``  where the text ends because of a finding; None where nothing blocks
    """

    __slots__ = ("_as_json", "_carried", "_characters", "_edits", "_flushed", "_inspector", "_judging", "_lot",
                 "_place", "_pseudonyms", "_seen", "_tails", "_verdict", "_watches", "_window", "decided", "ends_at")

    def __init__(self, inspector: Inspector, verdict: Verdict, *, place: str, channel: str, asked: Asked, lot: float,
                 pseudonyms: Pseudonyms | None, opinions: Opinions | None = None) -> None:
        """``opinions`` are asked of slow judges, if there are any; they go on when these tell, as in ``feed``."""
        self._inspector = inspector
        self._verdict = verdict
        self._place = place
        self._lot = lot
        self._as_json = channel.startswith("arguments")
        self._pseudonyms = pseudonyms or None  # those of nobody are none
        scanner = inspector.restoring if self._pseudonyms is not None else inspector.scanner
        self._window = Window(scanner) if scanner is not None else None
        self._watches: list[tuple[Guard, Watch]] = inspector.watches(channel, asked, lot)
        self._seen = 0  # bytes
        self._characters = 0  # of the pieces before this one; counted where somebody watches
        self._edits: list[Edit] = []
        self._carried: Edit | None = None  # a redaction that goes on over a tail
        self._tails: dict[int, int] = {}  # by pattern: the decision about a finding that may go on
        self.decided = 0
        self.ends_at: int | None = None
        self._flushed = False
        self._judging: StretchJudging | None = None
        if inspector.judges_stretches:
            judging = StretchJudging(inspector, verdict, place=place, as_json=self._as_json, lot=lot,
                                     opinions=opinions, told=self._go_by_rulings)
            self._judging = judging if judging.judges else None  # where they are sampled there may be none

    def feed(self, piece: bytes, last: bool = False) -> None:
        """Takes the next piece: whole characters of UTF-8. ``last`` where no other follows."""
        judging = self._judging
        if judging is None:
            self._look_at(piece, last)
            return
        if self._flushed:
            return
        judging.feed(piece.decode(), last)
        if not judging.holds:
            self._look_at(piece, last)
            self._flushed = last
        self._go_by_rulings()

    def _go_by_rulings(self) -> None:
        """Lets go of the stretches that were ruled on. The others' eyes fall on a text only when it is: so they see the
        same of it whatever the pieces, and whoever was quicker."""
        judging = self._judging
        assert judging is not None
        while judging.ruled and self.ends_at is None:
            ruling = judging.rule()
            if ruling.blocks:
                self._end_at(ruling.stretch.start)
                break
            if ruling.edit is not None:
                self._add_edits([ruling.edit])
            self._look_at(ruling.stretch.text.encode(), False)
        if judging.holds and not self._flushed and (self.ends_at is not None or (judging.ended and not judging.waits)):
            self._flushed = True
            judging.end()
            self._look_at(b"", True)
        judging.tell(self.decided, self.ends_at)

    @property
    def settled(self) -> bool:
        """Whether all that the judges of its stretches say of it is known."""
        return self._judging is None or self._judging.settled

    def _look_at(self, piece: bytes, last: bool) -> None:
        """Lets watchers and patterns see the next piece."""
        self._seen += len(piece)
        if self._watches:
            self._let_watch(piece, last)
        window = self._window
        if window is None:
            self.decided = self._seen
            return
        for cluster in window.feed(piece, last):
            self._judge(cluster, window)
        self.decided = window.decided

    def _judge(self, cluster: Cluster, window: Window) -> None:
        if cluster.goes_on:
            self._go_on(cluster, window)
            return
        self._tails.clear()
        if self.ends_at is not None and cluster.start >= self.ends_at:
            return  # what would have followed was never said
        spotted = self._inspector.spotted(cluster, ROLE, self._lot, window.text, self._verdict)
        for spot in spotted:
            self._note(spot, window)
            if cluster.tailed and spot.end == cluster.end:
                self._tails[spot.pattern] = len(self._verdict.decisions) - 1
        edits = edits_of(spotted, window.text(cluster.start, cluster.end), cluster.start, None)
        if self._pseudonyms is not None:
            edits = sorted([*edits, *self._inspector.restorations(
                cluster, spotted, self._pseudonyms, window.text, self._as_json)])
        self._add_edits(edits)
        self._carried = edits[-1] if cluster.tailed and edits and edits[-1].end == cluster.end else None

    def _add_edits(self, edits: list[Edit]) -> None:
        """What overlaps is taken out as one: ``edited`` sees to that where they are in order."""
        ordered = not (self._edits and edits) or self._edits[-1] <= edits[0]
        self._edits.extend(edits)
        if not ordered:
            self._edits.sort()

    def _note(self, spot: Spotted, window: Window) -> None:
        finding = Finding(
            spot.guard.name, spot.label, window.characters(spot.start), window.characters(spot.end), spot.score)
        self._verdict.add(Decision(finding, spot.action, self._inspector.side, self._place))
        if spot.action == "block":
            self._end_at(spot.start)

    def _go_on(self, cluster: Cluster, window: Window) -> None:
        """More of a tail: its finding is longer than was known, and what was done to the one is done to the other."""
        for match in cluster.matches:
            place = self._tails.get(match.pattern)
            if place is not None:
                decision = self._verdict.decisions[place]
                longer = decision.finding._replace(end=window.characters(match.end))
                self._verdict.decisions[place] = decision._replace(finding=longer)
        if self._carried is not None:
            self._carry_on(self._carried, cluster, window)

    def _carry_on(self, carried: Edit, cluster: Cluster, window: Window) -> None:
        more = b""
        if carried.replacement.strip(b"*") == b"":
            more = masked(window.text(cluster.start, cluster.end))
        self._add_edits([Edit(cluster.start, cluster.end, more)])

    def _let_watch(self, piece: bytes, last: bool) -> None:
        text = piece.decode()
        for entry in list(self._watches):
            guard, watch = entry
            try:
                found = watch.feed(text, last)
            except Exception:  # a detector's bug is the policy's business: it says what such a guard means
                self._verdict.fail(Failure(guard.name, self._inspector.side, "error"))
                self._watches.remove(entry)
                continue
            for finding in found:
                self._weigh(guard, finding, piece, text)
        self._characters += len(text)

    def _weigh(self, guard: Guard, finding: Finding, piece: bytes, text: str) -> None:
        """What a watcher has found is about what has passed: it can end a text where it became certain, not edit it."""
        action = guard.action(ROLE, finding.label, finding.score)
        if action is None:
            return
        action = "flag" if action == "redact" else action
        self._verdict.add(Decision(finding, action, self._inspector.side, self._place))
        if action == "block":
            # What became certain with this piece ends in it.
            within = text[: max(0, finding.end - self._characters)]
            self._end_at(self._seen - len(piece) + len(within.encode()))

    def _end_at(self, place: int) -> None:
        self.ends_at = place if self.ends_at is None else min(self.ends_at, place)

    def render(self, piece: bytes, start: int) -> bytes:
        """How ``piece``, which stands at ``start`` and is decided, reads. Pieces are rendered in order."""
        if self.ends_at is not None:
            piece = piece[: max(0, self.ends_at - start)]
        if not self._edits:
            return piece
        rendered = edited(piece, start, self._edits)
        end = start + len(piece)
        done = 0
        while done < len(self._edits) and self._edits[done].end <= end:
            done += 1
        del self._edits[:done]
        return rendered

    @property
    def untouched(self) -> bool:
        """Whether all that is decided reads as it came."""
        return not self._edits and self.ends_at is None

    @property
    def finished(self) -> bool:
        """Whether the text has ended before its end, and all that may leave of it is decided."""
        return self.ends_at is not None and self.decided >= self.ends_at


def whole(text: GuardedText, data: bytes, pause: Callable[[], None] | None = None) -> bytes:
    """How a text reads that came in one piece. ``pause`` is called now and then where it is long."""
    start = 0
    while len(data) - start > _BLOCK_BYTES:
        end = start + _BLOCK_BYTES
        while data[end] & 0xC0 == 0x80:
            end -= 1  # to where a character begins
        text.feed(data[start:end])
        if pause is not None:
            pause()
        start = end
    text.feed(data[start:], last=True)
    return text.render(data[: text.decided], 0)


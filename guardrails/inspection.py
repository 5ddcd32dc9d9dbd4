"""Inspection: a policy made ready, and the judging of texts by it.

A text that came whole and one that is streamed go through the same window, so that they come to the same verdict.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from guardrails.detectors.detector import Asked, PatternDetector, Reader, Watch, Watcher
from guardrails.finding import Finding
from guardrails.guard import Guard, Side
from guardrails.passage import Passage, Role
from guardrails.patterns.pattern import Pattern
from guardrails.patterns.scanner import CHECK_FAILED, Cluster, Match, Scanner
from guardrails.patterns.window import Window
from guardrails.policy import Action
from guardrails.redaction import Edit, Pseudonyms, json_inside, replacement, restoring_pattern
from guardrails.verdict import Decision, Failure, Verdict

Permits = Callable[[str], bool]


class Spotted(NamedTuple):
    """A match that counts: what is done about it, by which guard. Offsets in bytes."""

    start: int
    end: int
    label: str
    score: float
    action: Action
    guard: Guard
    pattern: int


class Inspector:
    """The guards of one side of a policy, ready to judge. Immutable: all that changes is in the verdicts.

    ``draws`` tells for an exchange's lot which guards judge it: dear ones may be sampled.
    """

    def __init__(self, side: Side, guards: Sequence[tuple[Guard, object]], permits: Permits | None,
                 restored: Sequence[str] = ()) -> None:
        """``restored`` are labels whose pseudonyms the texts of this side get back."""
        self.side = side
        self.guards = [guard for guard, _ in guards]
        self._permits = permits
        owned = [(guard, pattern) for guard, detector in guards for pattern in _patterns(detector)]
        self._owners = [guard for guard, _ in owned]
        self.patterns: list[Pattern] = [pattern for _, pattern in owned]
        self.scanner = Scanner(self.patterns) if owned else None
        self.restoring = Scanner([*self.patterns, restoring_pattern(restored)]) if restored else None
        self.readers: list[tuple[Guard, Reader]] = [
            (guard, detector) for guard, detector in guards if hasattr(detector, "read")]  # type: ignore[misc]
        self._watchers: list[tuple[Guard, Watcher]] = [
            (guard, detector) for guard, detector in guards if hasattr(detector, "watch")]  # type: ignore[misc]
        self.sampled = any(guard.sample < 1 for guard in self.guards)

    @property
    def judges(self) -> bool:
        return bool(self.guards)

    @property
    def has_watchers(self) -> bool:
        return bool(self._watchers)

    def watches(self, channel: str, asked: Asked, lot: float) -> list[tuple[Guard, Watch]]:
        found = [(guard, watcher.watch(channel, asked)) for guard, watcher in self._watchers if guard.judges(lot)]
        return [(guard, watch) for guard, watch in found if watch is not None]

    def spotted(self, cluster: Cluster, role: Role, lot: float, text: Callable[[int, int], bytes],
                verdict: Verdict) -> list[Spotted]:
        """What counts of a cluster: of matches of one guard that overlap, the surest; the longest of equals."""
        found: list[Spotted] = []
        matches = cluster.matches if len(cluster.matches) == 1 else sorted(cluster.matches, key=_sureness)
        for match in matches:
            if match.pattern == len(self._owners):
                continue  # a pseudonym
            guard = self._owners[match.pattern]
            if match.score == CHECK_FAILED:
                verdict.fail(Failure(guard.name, self.side, "error"))
                continue
            label = self.patterns[match.pattern].label
            action = guard.action(role, label, match.score) if match.score > 0 else None
            if action is None or (self.sampled and not guard.judges(lot)):
                continue
            if found and any(other.guard is guard and other.start < match.found_end and match.found_start < other.end
                             for other in found):
                continue
            if self._permits is not None and self._permits(text(match.found_start, match.found_end).decode()):
                continue
            found.append(Spotted(match.found_start, match.found_end, label, match.score, action, guard, match.pattern))
        return found if len(found) < 2 else sorted(found, key=lambda spot: (spot.start, spot.end))

    def restorations(self, cluster: Cluster, spotted: Sequence[Spotted], pseudonyms: Pseudonyms,
                     text: Callable[[int, int], bytes], as_json: bool) -> list[Edit]:
        """The edits that put back what pseudonyms stand for, but into nothing that is redacted."""
        found: list[Edit] = []
        for match in cluster.matches:
            if match.pattern != len(self._owners) or any(
                    spot.action == "redact" and spot.start < match.end and match.start < spot.end for spot in spotted):
                continue
            value = pseudonyms.restored(text(match.start, match.end))
            if value is not None:
                found.append(Edit(match.start, match.end, json_inside(value) if as_json else value))
        return found

    def inspect(self, passage: Passage, lot: float, verdict: Verdict, pseudonyms: Pseudonyms | None) -> list[Edit]:
        """Judges a whole passage; returns how it is to be edited."""
        edits: list[Edit] = []
        if self.scanner is not None:
            data = passage.text.encode()
            window = Window(self.scanner)
            for cluster in window.feed(data, last=True):
                spotted = self.spotted(cluster, passage.role, lot, lambda start, end: data[start:end], verdict)
                for spot in spotted:
                    verdict.add(Decision(Finding(spot.guard.name, spot.label, window.characters(spot.start),
                                                 window.characters(spot.end), spot.score),
                                         spot.action, self.side, passage.place))
                edits.extend(edits_of(spotted, data, 0, pseudonyms))
        for guard, reader in self.readers:
            if guard.judges(lot):
                self.read(guard, reader, passage, verdict, edits)
        return merged(edits)

    def read(self, guard: Guard, reader: Reader, passage: Passage, verdict: Verdict, edits: list[Edit]) -> None:
        """Lets one reader judge a passage, whatever it does."""
        try:
            found = reader.read(passage)
        except Exception:  # a detector's bug is the policy's business: it says what such a guard means
            verdict.fail(Failure(guard.name, self.side, "error"))
            return
        self.decide(guard, found, passage, verdict, edits)

    def decide(self, guard: Guard, found: Sequence[Finding], passage: Passage, verdict: Verdict,
               edits: list[Edit]) -> None:
        """Adds what counts of ``found`` to the verdict, and what is to be redacted to ``edits``."""
        for finding in found:
            action = guard.action(passage.role, finding.label, finding.score)
            text = passage.text[finding.start : finding.end]
            if action is None or (self._permits is not None and text and self._permits(text)):
                continue
            if any(known.finding[:4] == finding[:4] and known.place == passage.place for known in verdict.decisions):
                continue  # seen in the pattern pass already
            verdict.add(Decision(finding, action, self.side, passage.place))
            if action == "redact" and text:
                start = len(passage.text[: finding.start].encode())
                data = text.encode()
                edits.append(Edit(start, start + len(data), replacement(guard.style, finding.label, data, None)))


def _patterns(detector: object) -> Sequence[Pattern]:
    found: PatternDetector = detector  # type: ignore[assignment]
    return found.patterns if hasattr(detector, "patterns") else ()


def _sureness(match: Match) -> tuple[float, int, int, int]:
    return -match.score, match.found_start - match.found_end, match.found_start, match.pattern


def edits_of(spotted: Sequence[Spotted], text: bytes, base: int, pseudonyms: Pseudonyms | None) -> list[Edit]:
    """The edits for what is to be redacted. ``text`` stands at ``base`` of the whole text. What overlaps is taken out
    as one, under the name of the surest."""
    redacted = [spot for spot in spotted if spot.action == "redact"]
    if not redacted:
        return []
    edits: list[Edit] = []
    regions: list[list[Spotted]] = []
    for spot in redacted:
        if regions and spot.start < max(other.end for other in regions[-1]):
            regions[-1].append(spot)
        else:
            regions.append([spot])
    for region in regions:
        surest = max(region, key=lambda spot: (spot.score, spot.end - spot.start))
        start, end = region[0].start, max(spot.end for spot in region)
        edits.append(Edit(start, end, replacement(
            surest.guard.style, surest.label, text[start - base : end - base], pseudonyms)))
    return edits


def merged(edits: Sequence[Edit]) -> list[Edit]:
    """``edits`` in order, those that overlap as one."""
    found: list[Edit] = []
    for edit in sorted(edits):
        if found and edit.start < found[-1].end:
            found[-1] = found[-1]._replace(end=max(found[-1].end, edit.end))
        else:
            found.append(edit)
    return found


class Guards(NamedTuple):
    """A policy made ready: both sides, and what a guard that cannot decide means."""

    name: str
    prompt: Inspector
    reply: Inspector
    pseudonymous: bool  # whether a prompt's redactions may have to be taken back in the reply
    blocks_on_error: bool
    deadline_seconds: float

"""Inspection: a policy made ready, and the judging of texts by it.

A text that came whole and one that is streamed go through the same window, so that they come to the same verdict.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from guardrails.classifiers.word import PERSON
from guardrails.detectors.description import kinds_of
from guardrails.detectors.detector import Asked, PatternDetector, Reader, SlowReader, StretchJudge, Watch, Watcher
from guardrails.finding import Finding
from guardrails.guard import Guard, Side
from guardrails.passage import Passage, Role
from guardrails.patterns.pattern import Pattern
from guardrails.patterns.scanner import CHECK_FAILED, Cluster, Match, Scanner
from guardrails.patterns.whole import clusters_of, going_on
from guardrails.policy import PLACES, Action, When
from guardrails.redaction import Edit, NameFinder, Pseudonyms, json_inside, replacement, restoring_pattern
from guardrails.titles import parted
from guardrails.verdict import Decision, Failure, Verdict

Permits = Callable[[str], bool]
Judges = list[tuple[Guard, StretchJudge | SlowReader]]
READ_CHARACTERS = 4096  # of a long text, for readers that can do with pieces: they hold the interpreter while they read
EVERY = "every"  # all guards of a side, where a failure is theirs together
PATTERNS = "patterns"  # the pass that all pattern detectors share, where time and failures are told by guard


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

    An exchange's lot decides which guards judge it, where they are sampled.
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
        self.slow: list[tuple[Guard, SlowReader]] = [
            (guard, detector) for guard, detector in guards  # type: ignore[misc]
            if hasattr(detector, "read_all") and not (side == "reply" and hasattr(detector, "judge"))]
        self.slow_at: dict[When, list[tuple[Guard, SlowReader]]] = {
            place: [one for one in self.slow if one[0].when == place] for place in PLACES}
        self._watchers: list[tuple[Guard, Watcher]] = [
            (guard, detector) for guard, detector in guards if hasattr(detector, "watch")]  # type: ignore[misc]
        # Of a reply: who judges it stretch by stretch, at once or with time.
        at_once: Judges = [
            (guard, detector) for guard, detector in guards if hasattr(detector, "judge")]  # type: ignore[misc]
        self._stretch_judges: Judges = [*at_once, *self.slow_at["before"]] if side == "reply" else []
        self.sampled = any(guard.sample < 1 for guard in self.guards)
        # A guard that only counts, or that nobody waits for, changes nothing, also where it cannot.
        self._acting = {guard.name for guard, detector in guards
                        if any(action != "shadow" for action, _ in guard.actions.values())
                        and not (guard.when == "after" and kinds_of(detector) == ["slow"])}

    def matters(self, failure: Failure) -> bool:
        """Whether a guard that failed could have done more than tell."""
        return failure.guard in self._acting or (failure.guard in (PATTERNS, EVERY) and bool(self._acting))

    @property
    def judges(self) -> bool:
        return bool(self.guards)

    @property
    def has_watchers(self) -> bool:
        return bool(self._watchers)

    @property
    def judges_stretches(self) -> bool:
        return bool(self._stretch_judges)

    def judges_of_stretches(self, lot: float) -> tuple[Judges, Judges]:
        """Those that may take something out of a reply, so that its text waits for them, and those that only tell."""
        judging = [one for one in self._stretch_judges if one[0].judges(lot)]
        return [one for one in judging if _edits(one[0])], [one for one in judging if not _edits(one[0])]

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
        edits = self.scan(passage, lot, verdict, pseudonyms)
        for guard, reader in self.readers:
            if guard.judges(lot):
                self.read(guard, reader, passage, verdict, edits, pseudonyms)
        return merged(edits)

    def may_find(self, texts: Sequence[str]) -> bool:
        """Whether some pattern occurs in one of ``texts``; asked of all of them at once. Perhaps yes where none does,
        never no where one does."""
        return self.scanner is not None and self.scanner.finds(self.scanner.which("\n".join(texts).encode()))

    def scan(self, passage: Passage, lot: float, verdict: Verdict, pseudonyms: Pseudonyms | None,
             stopped: Callable[[], bool] = going_on) -> list[Edit]:
        """Lets the patterns judge a whole passage. Where ``stopped`` comes true, what is left is not looked at."""
        edits: list[Edit] = []
        if self.scanner is None:
            return edits
        data = passage.text.encode()
        at, characters = 0, 0
        ascii_only = len(data) == len(passage.text)
        for cluster in clusters_of(self.scanner, passage.text, stopped):
            spotted = self.spotted(cluster, passage.role, lot, lambda start, end: data[start:end], verdict)
            for spot in spotted:
                start, end = spot.start, spot.end
                if not ascii_only:
                    characters, at = characters + len(data[at:start].decode()), start
                    start, end = characters, characters + len(data[start:end].decode())
                finding = Finding(spot.guard.name, spot.label, start, end, spot.score)
                verdict.add(Decision(finding, spot.action, self.side, passage.place))
            edits.extend(edits_of(spotted, data, 0, pseudonyms))
        return edits

    def read(self, guard: Guard, reader: Reader, passage: Passage, verdict: Verdict, edits: list[Edit],
             pseudonyms: Pseudonyms | None = None, stopped: Callable[[], bool] = going_on) -> None:
        """Lets one reader judge a passage, whatever it does. Where ``stopped`` comes true, what is left is not read."""
        try:
            found = _read(reader, passage, stopped)
        except Exception:  # a detector's bug is the policy's business: it says what such a guard means
            verdict.fail(Failure(guard.name, self.side, "error"))
            return
        self.decide(guard, found, passage, verdict, edits, pseudonyms)

    def weighed(self, guard: Guard, finding: Finding, role: Role, text: str) -> Action | None:
        """What happens on a finding of ``text``; None where it does not count."""
        if self._is_allowed(finding.label, text):
            return None
        return guard.action(role, finding.label, finding.score)

    def decide(self, guard: Guard, found: Sequence[Finding], passage: Passage, verdict: Verdict, edits: list[Edit],
               pseudonyms: Pseudonyms | None = None) -> None:
        """Adds what counts of ``found`` to the verdict, and what is to be redacted to ``edits``."""
        known = {decision.finding[:4] for decision in verdict.decisions
                 if decision.place == passage.place} if found else ()
        for finding in found:
            text = passage.text[finding.start : finding.end]
            action = self.weighed(guard, finding, passage.role, text)
            if action is None:
                continue
            if finding[:4] not in known:  # else seen in the pattern pass already
                verdict.add(Decision(finding, action, self.side, passage.place))
            if action == "redact" and text:
                start = len(passage.text[: finding.start].encode())
                data = text.encode()
                edits.append(Edit(start, start + len(data), replacement(guard.style, finding.label, data, pseudonyms)))

    def _is_allowed(self, label: str, text: str) -> bool:
        """Whether the policy allows what was found; a person with titles as one without."""
        if self._permits is None or not text:
            return False
        return self._permits(text) or (label == PERSON and self._permits(parted(text)[1]))


def _edits(guard: Guard) -> bool:
    return guard.actions.get("assistant", ("", 0))[0] in ("block", "redact")


def _read(reader: Reader, passage: Passage, stopped: Callable[[], bool]) -> list[Finding]:
    text, reach = passage.text, getattr(reader, "reach", 0)
    if not reach or len(text) <= READ_CHARACTERS:
        return reader.read(passage)
    found: dict[Finding, None] = {}
    for start in range(0, len(text) - reach, READ_CHARACTERS - reach):
        if stopped():
            break
        for finding in reader.read(passage._replace(text=text[start : start + READ_CHARACTERS])):
            found[finding._replace(start=finding.start + start, end=finding.end + start)] = None
    return list(found)


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
    blocks_on_error: bool
    deadline_seconds: float
    names: NameFinder | None = None  # where it is pseudonymous
    digest: str = ""  # of all that it is made of

    @property
    def pseudonymous(self) -> bool:
        """Whether a prompt's redactions may have to be taken back in the reply."""
        return self.names is not None

    def pseudonyms_for(self, texts: Iterable[str]) -> Pseudonyms | None:
        """The pseudonyms of an exchange with these texts, none given yet; None where this policy gives none."""
        if self.names is None:
            return None
        return Pseudonyms(taken=(name for text in texts for name in self.names.names_in(text)))

    def refuses(self, failures: Sequence[Failure]) -> bool:
        """Whether guards that could not decide are a reason to decline."""
        return self.blocks_on_error and any(
            (self.prompt if failure.side == "prompt" else self.reply).matters(failure) for failure in failures)

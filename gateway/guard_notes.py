"""What is told of guards: to the client in a header, to the ledger in the record. Never the text that they judged."""

from collections.abc import Iterable, Iterator, Sequence

from gateway.exchange import Exchange, Late
from gateway.record import ExchangeRecord, GuardFinding, GuardNotes
from guardrails.guard import Side
from guardrails.verdict import Decision, Verdict

MAX_FINDINGS = 50
MAX_DIFFERENCES = 20
SIDES: tuple[Side, ...] = ("prompt", "reply")
_DONE = {"flag": "flagged", "redact": "redacted", "block": "blocked"}
NOTHING = "none"  # what a policy did about what it did not find


def guard_header(exchange: Exchange) -> str:
    """The strongest that was done on each side so far; ``unchecked`` where a guard failed and was let pass. Empty where
    nothing was."""
    verdict = exchange.verdict
    if verdict is None or not (verdict.counts or verdict.failures):
        return ""
    return "; ".join(f"{side}={told}" for side in SIDES if (told := _told(verdict, side)))


def _told(verdict: Verdict, side: Side) -> str:
    actions = {action for of, _, action in +verdict.counts if of == side}
    done = [word for action, word in _DONE.items() if action in actions][-1:]
    failed = any(failure.side == side for failure in verdict.failures)
    return "+".join([*done, *(["unchecked"] if failed else [])])


def take_in(exchange: Exchange, late: Late) -> None:
    """Adds what guards came to while the exchange went on to what is known of it."""
    if late.shadow:
        exchange.shadow_verdict().take(late.verdict)
    elif exchange.verdict is not None:
        exchange.verdict.take(late.verdict)
        exchange.record.guard_seconds |= _told_seconds(late)


def note_guards(exchange: Exchange) -> None:
    """Writes what the guards decided into the exchange's record."""
    if exchange.verdict is None and exchange.would_be is None:
        return  # none was asked, as for most
    record = exchange.record
    live, shadow = _with_late(exchange, exchange.verdict, False), _with_late(exchange, exchange.would_be, True)
    for verdict in (live, shadow):
        if verdict is not None and verdict.failures:
            record.guard_failures += _failures(exchange, verdict, verdict is shadow)
    if live is not None and live.decisions:
        _note_decisions(record, live)
    if shadow is not None:
        record.guard_differences = differences(live.decisions if live is not None else [], shadow.decisions)


def _with_late(exchange: Exchange, verdict: Verdict | None, shadow: bool) -> Verdict | None:
    """With what is found afterwards, which the client is told nothing of: its verdict stays as it is."""
    late = [one for one in exchange.late if one.shadow == shadow]
    if verdict is None or not late:
        return verdict
    whole = Verdict()
    whole.take(verdict)
    for one in late:
        whole.take(one.verdict)
        if not shadow:
            exchange.record.guard_seconds |= _told_seconds(one)
    return whole


def _failures(exchange: Exchange, verdict: Verdict, shadow: bool) -> Iterable[str]:
    guards = exchange.route.guards if exchange.route is not None else exchange.snapshot.moderator
    for failure in verdict.failures:
        mode = "shadow" if shadow or guards is None else "block" if guards.refuses([failure]) else "allow"
        yield f"{failure.side}:{failure.guard}:{failure.reason}:{mode}"


def notes_by_guard(exchange: Exchange, told: Sequence[Late]) -> Iterator[tuple[str, GuardNotes]]:
    """What guards came to once the record was written, for each by its name."""
    for name in dict.fromkeys(name for late in told for name in _judged(late)):
        notes = GuardNotes()
        for late in told:
            verdict = late.verdict.only(name)
            notes.guard_failures += _failures(exchange, verdict, late.shadow)
            if late.shadow:
                known = [one.verdict.only(name).decisions for one in told if not one.shadow]
                notes.guard_differences = differences(known[0] if known else (), verdict.decisions)
            else:
                _note_decisions(notes, verdict)
                notes.guard_seconds |= {key: took for key, took in _told_seconds(late).items()
                                        if key == f"{late.side}:{name}"}
        yield name, notes


def _judged(late: Late) -> Iterator[str]:
    yield from late.seconds
    yield from (failure.guard for failure in late.verdict.failures)


def _told_seconds(late: Late) -> dict[str, float]:
    return {f"{late.side}:{name}": took for name, took in late.seconds.items()}


def _note_decisions(record: ExchangeRecord | GuardNotes, verdict: Verdict) -> None:
    record.guards = [f"{side}:{guard}:{action}:{count}" for (side, guard, action), count in (+verdict.counts).items()]
    record.findings = [
        GuardFinding(one.side, one.finding.detector, one.finding.label, one.action, round(one.finding.score, 4),
                     one.finding.start, one.finding.end, one.place) for one in verdict.decisions[:MAX_FINDINGS]]
    record.findings_untold = verdict.counts.total() - len(record.findings)


def differences(live: Iterable[Decision], shadow: Iterable[Decision]) -> list[str]:
    """What another policy would have done otherwise, each kind of it once, as
    ``prompt personal_data:EMAIL redact->block``. What only one of the two has found is ``none`` to the other."""
    before, after = _by_finding(live), _by_finding(shadow)
    told = (f"{key[0]} {key[1]}:{key[2]} {before.get(key, NOTHING)}->{after.get(key, NOTHING)}"
            for key in before | after if before.get(key) != after.get(key))
    return list(dict.fromkeys(told))[:MAX_DIFFERENCES]


def _by_finding(decisions: Iterable[Decision]) -> dict[tuple[str, str, str, str, int, int], str]:
    return {(one.side, one.finding.detector, one.finding.label, one.place, one.finding.start, one.finding.end):
            one.action for one in decisions}

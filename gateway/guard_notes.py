"""What is told of guards: to the client in a header, to the ledger in the record. Never the text that they judged."""

from collections.abc import Iterable

from gateway.exchange import Exchange
from gateway.record import ExchangeRecord, GuardFinding
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


def note_guards(exchange: Exchange) -> None:
    """Writes what the guards decided into the exchange's record."""
    record = exchange.record
    for verdict, shadow in ((exchange.verdict, False), (exchange.would_be, True)):
        if verdict is not None and verdict.failures:
            record.guard_failures += _failures(exchange, verdict, shadow)
    if exchange.verdict is not None and exchange.verdict.decisions:
        _note_decisions(record, exchange.verdict)
    if exchange.would_be is not None:
        live = exchange.verdict.decisions if exchange.verdict is not None else []
        record.guard_differences = differences(live, exchange.would_be.decisions)


def _failures(exchange: Exchange, verdict: Verdict, shadow: bool) -> Iterable[str]:
    guards = exchange.route.guards if exchange.route is not None else exchange.snapshot.moderator
    for failure in verdict.failures:
        mode = "shadow" if shadow or guards is None else "block" if guards.refuses([failure]) else "allow"
        yield f"{failure.side}:{failure.guard}:{failure.reason}:{mode}"


def _note_decisions(record: ExchangeRecord, verdict: Verdict) -> None:
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

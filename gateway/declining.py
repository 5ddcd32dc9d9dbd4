"""Declining: whether an exchange may go on by what its guards have found in the request, and how it is told if not."""

from collections.abc import Sequence

from gateway.exchange import Exchange
from gateway.guard_notes import take_in
from gateway.judging import Judging
from gateway.refusal import ContentBlocked, ContentUnreadable, GuardUnavailable, PolicyRefusal
from guardrails.guard import Side
from guardrails.verdict import Verdict


def refusal_by(exchange: Exchange, verdict: Verdict, unreadable: Sequence[str] = ()) -> PolicyRefusal | None:
    """How the policy declines after such a verdict; None where it does not. ``unreadable`` are places of what could not
    be read."""
    if verdict.blocking is not None:
        return ContentBlocked(f"The request was blocked by a policy: it holds {told_blocking(verdict, 'prompt')}.",
                              param=verdict.blocking.place or None)
    guards = exchange.route.guards
    if guards is None or not guards.refuses(verdict.failures):
        return None
    if unreadable:
        return ContentUnreadable("The guards of this model cannot read token ids and embeddings.", param=unreadable[0])
    return GuardUnavailable("A guard of this model could not judge the request.")


def refusal_beside(exchange: Exchange, judging: Judging) -> PolicyRefusal | None:
    """The same for guards that judged beside the model. Takes what they found into the exchange's verdict."""
    for late in judging.told("prompt"):
        take_in(exchange, late)
    return refusal_by(exchange, judging.live.verdict) if judging.live is not None else None


def told_blocking(verdict: Verdict, side: Side) -> str:
    """What blocks, by detector and label: ``secrets (AWS_KEY), injection (OVERRIDE)``."""
    found = [one.finding for one in verdict.decisions if one.action == "block" and one.side == side]
    by_detector: dict[str, dict[str, None]] = {}
    for finding in found:
        by_detector.setdefault(finding.detector, {})[finding.label] = None
    return ", ".join(f"{detector} ({', '.join(labels)})" for detector, labels in by_detector.items())

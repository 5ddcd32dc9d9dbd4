"""Eligibility: which requests may be answered from what is remembered, and which replies may be remembered.

Never remembered: what failed or was declined, what the guards of the reply touched, what was cut short (by a failure, a
client that left, or a model's own limit that the request did not set), and what holds a person's data put back in the
place of pseudonyms. Only where the model's ``cache`` asks for it: what was drawn by lot, and calls of tools.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.config.routing_document import CacheDocument
from gateway.exchange import Exchange
from gateway.reply import Head

# Their answers involve no lot: the same question has the same answer.
CERTAIN = frozenset({"embeddings", "rerank", "score", "tokenize", "detokenize"})
WRITTEN = frozenset({"chat.completions", "completions", "messages", "responses"})
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
HEADER = b"x-gatewright-cache"


class Use(msgspec.Struct, frozen=True):
    """What a request may do with the cache."""

    look: bool
    store: bool


NOTHING = Use(False, False)


def use_of(exchange: Exchange, settings: CacheDocument) -> Use:
    """By what is asked and how: the operation, the parameters, the client's own wish."""
    if not _may_be_remembered(exchange, settings):
        return NOTHING
    wishes = _wishes(exchange)
    if "no-store" in wishes or "bypass" in wishes:
        return NOTHING
    return Use(look=wishes.isdisjoint(("no-cache", "max-age=0", "refresh")), store=True)


def _may_be_remembered(exchange: Exchange, settings: CacheDocument) -> bool:
    operation = exchange.request.operation.name
    if operation in CERTAIN:
        return True
    if operation not in WRITTEN or exchange.pseudonyms:
        return False
    document = exchange.document
    if operation == "responses" and (document.get("store") is not False or document.get("previous_response_id")
                                     or document.get("background") or document.get("conversation")):
        return False  # what the server keeps of it is part of the answer
    version = exchange.route.targets[exchange.record.arm_assigned].version
    return settings.sampled or is_certain(document, version.defaults)


def is_certain(document: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    """Whether nothing is drawn by lot: temperature 0, asked for or the version's default."""
    temperature = document.get("temperature", defaults.get("temperature"))
    return isinstance(temperature, int | float) and temperature == 0


def wants_exact(exchange: Exchange) -> bool:
    """Whether its client takes no answer to a question in other words."""
    return "exact" in _wishes(exchange)


def _wishes(exchange: Exchange) -> set[str]:
    told = exchange.request.header(b"cache-control") + "," + exchange.request.header(HEADER)
    return {wish.strip().lower() for wish in told.split(",")}


def may_store(exchange: Exchange, head: Head, settings: CacheDocument) -> bool:
    """By what came of it, once it is complete."""
    record = exchange.record
    if head.status != 200:
        return False
    if record.arm_served != record.arm_assigned:
        return False  # a fallback's answer is not this version's
    if _guards_spoke(exchange):
        return False
    if exchange.request.operation.name in CERTAIN:
        return True
    return _is_whole(exchange, settings)


def _guards_spoke(exchange: Exchange) -> bool:
    """Whether a guard found something in the reply, or could not judge it: next time it is to be judged again."""
    verdict = exchange.verdict
    return verdict is not None and (any(side == "reply" for side, _, _ in verdict.counts)
                                    or any(failure.side == "reply" for failure in verdict.failures))


def _is_whole(exchange: Exchange, settings: CacheDocument) -> bool:
    reason = exchange.record.finish_reason
    if reason in ("stop", "end_turn", "stop_sequence", "completed"):
        return True
    if reason in ("tool_calls", "tool_use", "function_call"):
        return settings.tool_calls
    if reason in ("length", "max_tokens", "incomplete"):
        # As much as was asked for is all of it; where nobody asked for an end, it was cut off.
        return any(exchange.document.get(name) is not None for name in _LIMITS)
    return False

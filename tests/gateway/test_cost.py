"""What an exchange cost is its tokens at the price of the version that answered it."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.cost import note_cost
from gateway.exchange import Exchange
from tests.gateway.exchanges import HandClock, endpoints_at, exchange_of, request_of, snapshot_of


@pytest.fixture
async def exchange() -> Exchange:
    """One that `v1` was to answer: `v1` has a price, `v2` one without cached tokens, `v3` none."""
    versions: dict[str, Any] = {
        name: {"served_model": "s", "endpoints": [f"http://{name}:1"]} for name in ("v1", "v2", "v3")}
    versions["v1"]["price"] = {"prompt": 0.15, "cached": 0.075, "completion": 0.60}
    versions["v2"]["price"] = {"prompt": 10, "completion": 20}
    document = {"versions": versions, "models": {"m": {"split": {"v1": 1}, "fallback": ["v2", "v3"]}}}
    snapshot = snapshot_of(document, endpoints_at(HandClock()))
    exchange = exchange_of(request_of({"model": "m"}), snapshot)
    exchange.route = snapshot.routes["m"]
    return exchange


@pytest.mark.parametrize(("version", "cost"), [("v1", 1005), ("v2", 50_000), ("v3", 0)])
def test_the_version_that_answered_is_paid_for(exchange: Exchange, version: str, cost: int) -> None:
    record = exchange.record
    record.arm_assigned, record.arm_served, record.usage_source = "v1", version, "reported"
    record.prompt_tokens, record.cached_tokens, record.completion_tokens = 3000, 600, 1000
    note_cost(exchange)
    assert record.cost_micros == cost


def test_what_nothing_is_known_of_costs_nothing(exchange: Exchange) -> None:
    note_cost(exchange)
    assert exchange.record.cost_micros == 0
    exchange.route = None  # type: ignore[assignment]  # as of one that named no model
    note_cost(exchange)
    assert exchange.record.cost_micros == 0

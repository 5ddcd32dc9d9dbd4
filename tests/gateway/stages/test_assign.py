"""A unit keeps its version; who asks for a version gets it; state is followed to where it is."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.endpoint_mark import marked_response_id
from gateway.exchange import Exchange
from gateway.refusal import NotFound
from gateway.snapshot import Snapshot
from gateway.stages.assign import Assign, user_of
from routing.assignment import fraction_of
from tests.gateway.exchanges import ID, HandClock, endpoints_at, exchange_of, request_of, snapshot_of


def routing(**model: Any) -> dict[str, Any]:
    return {"versions": {"v1": {"served_model": "s", "endpoints": ["http://a:1", "http://a:2"]},
                         "v2": {"served_model": "s", "endpoints": ["http://b:1"]},
                         "v3": {"served_model": "s", "endpoints": ["http://c:1"]}},
            "models": {"m": {"split": {"v1": 1, "v2": 1}, **model}, "other": {"split": {"v3": 1}}}}  # fmt: skip


async def assigned(document: dict[str, Any], *, operation: str = "chat.completions", model: str = "m",
                   key: str = "", exchange_id: str = ID, headers: dict[str, str] | None = None,
                   **routed: Any) -> Exchange:  # fmt: skip
    snapshot = snapshot_of(routing(**routed), endpoints_at(HandClock()))
    return enter(snapshot, document, operation, model, key, exchange_id, headers)


def enter(snapshot: Snapshot, document: dict[str, Any], operation: str = "chat.completions", model: str = "m",
          key: str = "", exchange_id: str = ID, headers: dict[str, str] | None = None) -> Exchange:  # fmt: skip
    exchange = exchange_of(request_of(document, operation, headers=headers), snapshot, exchange_id=exchange_id)
    exchange.document, exchange.route, exchange.record.key = document, snapshot.routes[model], key
    Assign().enter(exchange)
    return exchange


@pytest.mark.parametrize(("sticky", "given", "kind", "unit"), [
    ("user", {"document": {"user": "alice"}}, "user", "alice"),
    ("user", {"document": {"safety_identifier": "alice", "user": "bob"}}, "user", "alice"),
    ("user", {"document": {"metadata": {"user_id": "alice"}}}, "user", "alice"),
    ("user", {"document": {}, "key": "team-a"}, "request", ID),
    ("key", {"document": {"user": "alice"}, "key": "team-a"}, "key", "team-a"),
    ("key", {"document": {"user": "alice"}}, "request", ID),
    ("header:X-Session", {"document": {}, "headers": {"x-session": "s1"}}, "header", "s1"),
    ("header:X-Session", {"document": {"user": "alice"}, "headers": {"x-other": "s1"}}, "request", ID),
    ("request", {"document": {"user": "alice"}, "key": "team-a"}, "request", ID),
])  # fmt: skip
async def test_each_kind_of_unit_is_hashed_under_the_models_salt(
    sticky: str, given: dict[str, Any], kind: str, unit: str
) -> None:
    record = (await assigned(**given, sticky=sticky, salt="s")).record
    assert (record.unit_kind, record.unit_fraction) == (kind, fraction_of("s", unit))
    assert record.arm_assigned == record.arm_served == ("v1" if record.unit_fraction < 0.5 else "v2")
    assert record.propensity == 0.5


async def test_a_unit_keeps_its_version_and_requests_without_one_are_spread() -> None:
    snapshot = snapshot_of(routing(), endpoints_at(HandClock()))
    for user in map(str, range(20)):
        assert len({enter(snapshot, {"user": user}, exchange_id=f"{i}").record.arm_assigned for i in range(10)}) == 1
    assert {enter(snapshot, {}, exchange_id=f"{i}").record.arm_assigned for i in range(50)} == {"v1", "v2"}


async def test_a_models_name_is_its_salt_where_none_is_written() -> None:
    """Two models with the same users are two draws, not one."""
    record = (await assigned({"user": "alice"})).record
    assert record.unit_fraction == fraction_of("m", "alice")


async def test_a_pinned_version_is_no_draw() -> None:
    record = (await assigned({"user": "alice"}, model="m@v2")).record
    assert (record.unit_kind, record.arm_assigned, record.propensity, record.unit_fraction) == ("pinned", "v2", 1, 0)


async def test_the_record_says_what_would_have_answered() -> None:
    exchange = await assigned({"user": "alice"}, model="m@v2")
    assert exchange.record.version_digest == exchange.route.targets["v2"].digest != ""


@pytest.mark.parametrize(("document", "user"), [
    ({}, ""), ({"user": None}, ""), ({"user": 5}, ""), ({"user": ["a"]}, ""), ({"user": ""}, ""),
    ({"metadata": "a"}, ""), ({"metadata": {"user_id": 5}}, ""), ({"safety_identifier": 5, "user": "bob"}, "bob"),
    ({"safety_identifier": "", "user": "bob"}, "bob"), ({"user": "", "metadata": {"user_id": "carol"}}, "carol"),
])  # fmt: skip
def test_a_user_is_a_text_under_one_of_three_names(document: dict[str, Any], user: str) -> None:
    assert user_of(document) == user


# Where a server remembers an earlier response


async def test_a_request_that_goes_on_goes_where_its_response_is_remembered() -> None:
    snapshot = snapshot_of(routing(split={"v1": 1, "v2": 1}), endpoints_at(HandClock()))
    for version in ("v1", "v2"):
        for endpoint in snapshot.routes["m"].targets[version].endpoints:
            previous = marked_response_id(endpoint.mark, ID)
            exchange = enter(snapshot, {"user": "alice", "previous_response_id": previous}, "responses")
            assert exchange.held_endpoint is endpoint
            record = exchange.record
            assert (record.arm_assigned, record.unit_kind, record.propensity) == (version, "state", 1)
            assert record.arm_served == version


@pytest.mark.parametrize("previous", [None, "", "resp_0123", 5, ["resp"], "resp_gwzzzzzzzz" + "0" * 16, "x" * 1000])
async def test_an_id_that_the_gateway_did_not_give_holds_nothing(previous: Any) -> None:
    exchange = await assigned({"user": "alice", "previous_response_id": previous}, operation="responses")
    assert (exchange.held_endpoint, exchange.record.unit_kind) == (None, "user")


async def test_an_id_means_nothing_to_a_request_without_state() -> None:
    snapshot = snapshot_of(routing(), endpoints_at(HandClock()))
    endpoint = snapshot.routes["m"].targets["v2"].endpoints[0]
    document = {"user": "alice", "previous_response_id": marked_response_id(endpoint.mark, ID)}
    assert enter(snapshot, document).held_endpoint is None


async def test_state_on_a_server_of_another_model_or_of_none_is_gone() -> None:
    """An id is no key: what one model's server remembers is not reached through another model."""
    snapshot = snapshot_of(routing(), endpoints_at(HandClock()))
    for mark in (snapshot.routes["other"].targets["v3"].endpoints[0].mark, "00000000"):
        document = {"previous_response_id": marked_response_id(mark, ID)}
        with pytest.raises(NotFound) as caught:
            enter(snapshot, document, "responses")
        assert (caught.value.code, caught.value.param) == ("state_not_found", "previous_response_id")


async def test_a_refusal_does_not_repeat_a_long_id() -> None:
    with pytest.raises(NotFound) as caught:
        await assigned({"previous_response_id": marked_response_id("00000000", "0" * 100_000)}, operation="responses")
    assert len(caught.value.message) < 500


async def test_state_may_be_held_by_a_version_that_only_falls_back() -> None:
    snapshot = snapshot_of(routing(fallback=["v3"]), endpoints_at(HandClock()))
    endpoint = snapshot.routes["m"].targets["v3"].endpoints[0]
    exchange = enter(snapshot, {"previous_response_id": marked_response_id(endpoint.mark, ID)}, "responses")
    assert (exchange.held_endpoint, exchange.record.arm_assigned) == (endpoint, "v3")

"""Which requests may go together: those that differ in nothing but their inputs and in who asks."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.exchange import Exchange
from gateway.gathering.part import MOST_BYTES, joint_exchange, part_of
from gateway.reply import SPENT
from gateway.snapshot import Snapshot
from tests.gateway.exchanges import HandClock, endpoints_at, exchange_of, request_of, routing, snapshot_of


def snapshot(**gather: Any) -> Snapshot:
    return snapshot_of(routing(gather=gather or {"wait": "2ms"}), endpoints_at(HandClock()))


def asked(given: Any = "a", within: Snapshot | None = None, *, operation: str = "embeddings", tenant: str = "",
          headers: dict[str, str] | None = None, model: str = "m", number: int = 1,
          **more: Any) -> Exchange:  # fmt: skip
    document = {"model": model, "input": given, **more}
    exchange = exchange_of(request_of(document, operation, headers=headers), within or snapshot(),
                           exchange_id=f"{number:032x}")  # fmt: skip
    exchange.document, exchange.model_asked = document, model
    exchange.route = exchange.snapshot.routes[model]
    exchange.record.tenant, exchange.record.arm_assigned = tenant, "v1"
    exchange.streamed = bool(more.get("stream"))
    return exchange


async def test_inputs_become_a_list_of_their_own_and_are_weighed() -> None:
    found = [(part.inputs, part.weight) for given in ("abc", ["ab", "c"], [7, 8, 9, 10], [[7, 8], [9]], [""])
             if (part := part_of(asked(given)))]
    assert found == [(["abc"], 3), (["ab", "c"], 3), ([[7, 8, 9, 10]], 4), ([[7, 8], [9]], 3), ([""], 1)]


@pytest.mark.parametrize("given", [
    None, [], [[]], {}, 5, ["a", 5], [5, "a"], [[5], "a"], [["a"]], [True], [[True]], [[5], []], [None], ["a"] * 65,
    "x" * MOST_BYTES,
])
async def test_what_is_no_input_or_too_much_of_it_goes_by_itself(given: Any) -> None:
    assert part_of(asked(given)) is None


async def test_a_list_beside_the_inputs_may_have_something_for_each() -> None:
    assert part_of(asked(["a", "b"], images=["x", "y"])) is None
    assert part_of(asked(["a", "b"], options={"some": ["x"]})) is not None


@pytest.mark.parametrize("more", [{"operation": "score"}, {"operation": "chat.completions"}, {"stream": True}])
async def test_only_whole_embeddings_are_gathered(more: dict[str, Any]) -> None:
    assert part_of(asked(**more)) is None


async def test_a_model_may_say_no() -> None:
    within = snapshot_of(routing(gather="none"), endpoints_at(HandClock()))
    assert part_of(asked(within=within)) is None


@pytest.mark.parametrize("more", [
    {"user": "u"}, {"safety_identifier": "u"}, {"metadata": {"a": "b"}}, {"given": "other"}, {"given": ["b", "c"]},
    {"stream": False}, {"headers": {"traceparent": "00-1-2-01", "authorization": "Bearer x"}},
])
async def test_who_asks_and_what_for_parts_nobody(more: dict[str, Any]) -> None:
    within = snapshot()
    one, other = part_of(asked(within=within)), part_of(asked(**{"within": within, **more}))
    assert one is not None
    assert other is not None
    assert one.key == other.key


@pytest.mark.parametrize("more", [
    {"dimensions": 256}, {"encoding_format": "base64"}, {"truncate_prompt_tokens": 5}, {"priority": 1},
    {"cache_salt": "s"}, {"unknown_field": 1}, {"tenant": "bank"}, {"given": [7]}, {"given": [[7]]}, {"model": "m@v1"},
    {"headers": {"anthropic-beta": "x"}},
])
async def test_what_may_decide_the_answer_parts_them(more: dict[str, Any]) -> None:
    within = snapshot()
    one, other = part_of(asked(within=within)), part_of(asked(**{"within": within, **more}))
    assert one is not None
    assert other is not None
    assert one.key != other.key


async def test_revisions_are_parted_and_so_are_versions() -> None:
    within = snapshot()
    one, other, third = asked(within=within), asked(), asked(within=within)
    third.record.arm_assigned = "v2"
    keys = {part.key for exchange in (one, other, third) if (part := part_of(exchange))}
    assert len(keys) == 3


async def test_tenants_go_together_only_where_the_operator_says_so() -> None:
    within = snapshot(across_tenants=True)
    one, other = part_of(asked(within=within)), part_of(asked(within=within, tenant="bank"))
    assert one is not None
    assert other is not None
    assert one.key == other.key


async def test_a_call_for_all_of_them_names_nobody_and_stands_in_the_first_trace() -> None:
    within = snapshot()
    exchanges = [asked("a", within, user="u", dimensions=2, number=1),
                 asked(["b", "c"], within, metadata={"x": "y"}, dimensions=2, number=2,
                       headers={"traceparent": "00-2-2-01"}),
                 asked("d", within, dimensions=2, number=3, headers={"traceparent": "00-3-3-01"})]  # fmt: skip
    exchanges[2].began_at -= 5
    parts = [part for exchange in exchanges if (part := part_of(exchange))]
    joint = joint_exchange(exchanges, parts, SPENT)
    assert joint.document == {"model": "m", "input": ["a", "b", "c", "d"], "dimensions": 2}
    assert joint.id == exchanges[0].id
    assert joint.began_at == exchanges[2].began_at
    assert joint.request.header(b"traceparent") == "00-2-2-01"
    assert (joint.record.arm_assigned, joint.record.operation) == ("v1", "embeddings")

"""A shared reply taken apart: every row to its owner as it stood there, every token once."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.gathering.shares import Claim, Odd, apportioned, shares_of
from models.protocol.usage import Usage


def reply(rows: list[dict[str, Any]], **more: Any) -> bytes:
    return json.dumps({"id": "embd-ask", "object": "list", "model": "m", "data": rows, **more}).encode()


def row(index: Any, vector: Any = "V") -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": vector}


TWO = [Claim("one", 1, 3), Claim("two", 2, 1)]


def test_vectors_and_unknown_fields_stay_as_they_stood() -> None:
    body = (b'{"id":"embd-ask", "new": {"a": [1.0 ,2]},"data":[{"index": 0,"embedding":[0.10 , 1E-3],"score": 1.50},'
            b'{"embedding": "AAA\\u0041","index":1}, {"index":2,"embedding":[]}]}')
    one, two = shares_of(body, TWO, "ask")
    assert one.body == (
        b'{"id":"embd-one","new":{"a": [1.0 ,2]},"data":[{"index":0,"embedding":[0.10 , 1E-3],"score":1.50}]}')
    assert two.body == (b'{"id":"embd-two","new":{"a": [1.0 ,2]},"data":[{"embedding":"AAA\\u0041","index":0},'
                        b'{"index":1,"embedding":[]}]}')
    assert (one.usage, two.usage) == (None, None)


def test_an_id_that_the_server_made_itself_stays() -> None:
    body = json.dumps({"id": "own-7", "data": [row(0), row(1), row(2)]}).encode()
    assert [json.loads(share.body)["id"] for share in shares_of(body, TWO, "ask")] == ["own-7", "own-7"]


def test_usage_is_shared_out_field_by_field_and_what_is_no_count_stays() -> None:
    usage = {"prompt_tokens": 10, "total_tokens": 10, "completion_tokens": 0, "prompt_tokens_details": None,
             "more": {"cached_tokens": 5, "kind": "x"}, "odd": -1}  # fmt: skip
    one, two = shares_of(reply([row(0), row(1), row(2)], usage=usage), TWO, "ask")
    assert json.loads(one.body)["usage"] == {**usage, "prompt_tokens": 8, "total_tokens": 8,
                                             "more": {"cached_tokens": 4, "kind": "x"}}  # fmt: skip
    assert json.loads(two.body)["usage"] == {**usage, "prompt_tokens": 2, "total_tokens": 2,
                                             "more": {"cached_tokens": 1, "kind": "x"}}  # fmt: skip
    assert (one.usage, two.usage) == (Usage(8, 0, 0), Usage(2, 0, 0))


@pytest.mark.parametrize("told", [None, 5, "x", [1], {"prompt_tokens": "five"}])
def test_a_usage_that_is_none_counts_for_nobody(told: Any) -> None:
    shares = shares_of(reply([row(0), row(1), row(2)], usage=told), TWO, "ask")
    assert {share.usage for share in shares} <= {None, Usage(0, 0, 0)}


@pytest.mark.parametrize("rows", [
    [], [row(0)], [row(0), row(1)], [row(n) for n in range(4)], [row(0), row(0), row(1)], [row(1), row(2), row(3)],
    [row(0), row(1), row("2")], [row(0), row(1), row(None)], [row(0), row(1), row(2.0)], [row(0), row(1), {}],
])  # fmt: skip
def test_rows_that_are_not_one_for_each_input_are_odd(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(Odd):
        shares_of(reply(rows), TWO, "ask")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data":{}}', b'{"data":[1,2,3]}', b'{"data":null}', b"\xff",
                                  b'{"data":' + b"[" * 5000])  # fmt: skip
def test_what_has_no_rows_is_odd(body: bytes) -> None:
    with pytest.raises(Odd):
        shares_of(body, TWO, "ask")


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 1000)), min_size=1, max_size=20),
       st.integers(0, 100_000), st.randoms(use_true_random=False))  # fmt: skip
def test_every_row_has_one_owner_and_every_token_is_somebody_s(
    wanted: list[tuple[int, int]], tokens: int, chance: Any,
) -> None:
    claims = [Claim(str(number), rows, weight) for number, (rows, weight) in enumerate(wanted)]
    count = sum(claim.rows for claim in claims)
    rows = [row(number, [number]) for number in range(count)]
    chance.shuffle(rows)
    shares = [msgspec.json.decode(share.body)
              for share in shares_of(reply(rows, usage={"prompt_tokens": tokens}), claims, "ask")]
    assert [one["embedding"] for share in shares for one in share["data"]] == [[number] for number in range(count)]
    assert [len(share["data"]) for share in shares] == [claim.rows for claim in claims]
    assert all([one["index"] for one in share["data"]] == list(range(len(share["data"]))) for share in shares)
    assert sum(share["usage"]["prompt_tokens"] for share in shares) == tokens


@given(st.integers(0, 1 << 53), st.lists(st.integers(1, 1 << 20), min_size=1, max_size=64))
def test_parts_add_up_and_are_within_one_of_what_is_exact(total: int, weights: list[int]) -> None:
    parts = apportioned(total, weights)
    assert sum(parts) == total
    assert all(abs(part * sum(weights) - total * weight) < sum(weights)
               for part, weight in zip(parts, weights, strict=True))

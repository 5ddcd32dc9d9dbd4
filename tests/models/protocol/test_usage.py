"""Token counts are read under every API's names for them, and nothing else is taken for a count."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.protocol.usage import Usage, usage_of
from tests.models.protocol.recordings import recording


@pytest.mark.parametrize(("name", "usage"), [
    ("chat_whole", Usage(36, 6)), ("chat_whole_n2", Usage(36, 12)), ("comp_whole", Usage(3, 6)),
    ("resp_whole", Usage(36, 6)), ("mess_whole", Usage(36, 6)), ("tool_named_whole", Usage(37, 48)),
])  # fmt: skip
def test_the_usage_of_each_api_is_understood(name: str, usage: Usage) -> None:
    assert usage_of(msgspec.json.decode(recording(name))["usage"]) == usage


@pytest.mark.parametrize("fields", [
    {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 8}},
    {"input_tokens": 9, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 8}},
    {"input_tokens": 9, "output_tokens": 1, "cache_read_input_tokens": 8},
])  # fmt: skip
def test_what_came_from_the_prefix_cache_is_found_under_each_name(fields: dict[str, Any]) -> None:
    assert usage_of(fields) == Usage(9, 1, 8)


@pytest.mark.parametrize("fields", [None, [], "36", 36, True])
def test_what_is_no_object_is_no_usage(fields: Any) -> None:
    assert usage_of(fields) is None


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=3)


@given(st.dictionaries(st.sampled_from(["prompt_tokens", "input_tokens", "output_tokens", "prompt_tokens_details",
                                        "cached_tokens", "cache_read_input_tokens"]), JSON))  # fmt: skip
def test_a_count_is_a_whole_number_that_can_be_stored(fields: dict[str, Any]) -> None:
    """The ledger's columns hold 64 bits, and no exchange ever had fewer than no tokens: all else is no usage."""
    usage = usage_of(fields) or Usage()
    for count in (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens):
        assert type(count) is int
        assert 0 <= count < 1 << 63


def test_the_largest_count_is_one_that_json_holds_exactly() -> None:
    assert usage_of({"prompt_tokens": 1 << 53}) == Usage(1 << 53)
    assert usage_of({"prompt_tokens": (1 << 53) + 1}) is None

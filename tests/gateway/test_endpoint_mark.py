"""Any worker reads from a response's id which server remembers it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoint_mark import endpoint_marked, marked_response_id

HEX = "0123456789abcdef"


@given(st.text(HEX, min_size=8, max_size=8), st.text(HEX, min_size=16, max_size=40))
def test_a_mark_that_was_put_in_is_read_again(mark: str, unique: str) -> None:
    assert endpoint_marked(marked_response_id(mark, unique)) == mark


@pytest.mark.parametrize("response_id", [
    "", "resp_0123456789abcdef", "resp_gw", "resp_gw0123456789abcde", "resp_gw01234567" + "0" * 15,
    "xresp_gw" + "0" * 32, "resp_gw" + "0" * 32 + "\n",
    "resp_gw" + "G" * 32, "resp_gw0123456 " + "0" * 16, "RESP_GW" + "0" * 32,
])  # fmt: skip
def test_any_other_id_has_no_mark(response_id: str) -> None:
    assert endpoint_marked(response_id) == ""


@given(st.text())
def test_no_text_is_mistaken_for_one(text: str) -> None:
    assert endpoint_marked(text) == "" or text.startswith("resp_gw")

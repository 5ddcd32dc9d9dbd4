"""Fingerprints: the same for the same question, never for two tenants, versions or policies."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.fingerprint import SILENT, fingerprint
from gateway.exchange import Exchange
from tests.gateway.exchanges import exchange_of, request_of

KEY = b"k" * 32
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=3)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.text(max_size=2), inner, max_size=3), max_leaves=8)  # fmt: skip
DOCUMENTS = st.dictionaries(st.sampled_from(["messages", "temperature", "tools", "seed", "x", "stop"]), VALUES)
NAMES = st.text(st.characters(codec="utf-8"), max_size=4)
WHO = st.tuples(NAMES, NAMES, NAMES, NAMES, NAMES)


def asked(document: dict[str, Any], who: tuple[str, ...] = ("t", "m", "v", "d", "p")) -> Exchange:
    exchange = exchange_of(request_of({}))
    exchange.document = document
    record = exchange.record
    record.tenant, exchange.model_asked, record.arm_assigned, record.version_digest, record.policy_digest = who
    return exchange


def of(document: dict[str, Any], *who: str) -> bytes:
    return fingerprint(asked(document, who or ("t", "m", "v", "d", "p")), "tenant", KEY)


@given(WHO, WHO, DOCUMENTS)
def test_who_asks_whom_under_what_is_part_of_it(one: tuple[str, ...], other: tuple[str, ...], document: Any) -> None:
    assert (of(document, *one) == of(document, *other)) == (one == other)


@given(DOCUMENTS, DOCUMENTS)
def test_two_documents_share_one_only_where_they_say_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    # JSON's own idea of the same: 0 and 0.0 are one number, true is none.
    if of(one) == of(other):
        assert json.dumps(one, sort_keys=True).replace(".0", "") == json.dumps(other, sort_keys=True).replace(".0", "")


@given(DOCUMENTS)
def test_the_order_of_keys_is_not_part_of_it(document: dict[str, Any]) -> None:
    assert of(document) == of(dict(reversed(document.items())))


@given(DOCUMENTS, st.dictionaries(st.sampled_from(sorted(SILENT - {"stream", "stream_options"})), VALUES))
def test_what_no_model_reads_is_not_part_of_it(document: dict[str, Any], silent: dict[str, Any]) -> None:
    assert of(document) == of(document | silent)


@given(DOCUMENTS)
def test_another_installation_names_it_otherwise(document: dict[str, Any]) -> None:
    assert fingerprint(asked(document), "tenant", KEY) != fingerprint(asked(document), "tenant", b"l" * 32)


def test_a_scope_names_who_shares() -> None:
    ada, eve = asked({}), asked({})
    ada.record.subject, eve.record.subject = "a", "e"
    assert fingerprint(ada, "tenant", KEY) == fingerprint(eve, "tenant", KEY)
    assert fingerprint(ada, "user", KEY) != fingerprint(eve, "user", KEY)
    assert fingerprint(ada, "user", KEY) != fingerprint(ada, "key", KEY)

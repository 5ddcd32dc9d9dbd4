"""Partitions: whatever may change an answer, or who may have it, parts two questions before any vector is compared."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.semantic.neighbours import Neighbours
from gateway.cache.semantic.question import Question, is_readable, question_of
from gateway.config.routing_document import CacheDocument, SemanticDocument
from gateway.config.written import Duration
from gateway.exchange import Exchange
from tests.gateway.cache.semantic.test_neighbours import place
from tests.gateway.exchanges import KEYS, exchange_of, request_of

PROBES = 100_000
TEXT = "How do I reset my password?"
WAYS: dict[str, tuple[Any, ...]] = {
    "tenant": ("", "shop", "shop2", "bank"), "key": ("k1", "k2"), "model": ("m", "m@v1"), "version": ("d1", "d2"),
    "policy": ("", "p1"), "system": ("", "be brief", "be brief "), "turn": ("", "hello"), "seed": (None, 1),
}  # fmt: skip


def settings(scope: Any = "key", **semantic: Any) -> CacheDocument:
    return CacheDocument(Duration(60), scope, semantic=SemanticDocument(threshold=0.9, **semantic))


def exchange(text: str = TEXT, *, tenant: str = "", key: str = "", model: str = "m", version: str = "d",
             policy: str = "", system: str = "", turn: str = "", **document: Any) -> Exchange:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": turn},
                {"role": "user", "content": text}]
    made = exchange_of(request_of(b"{}"))
    made.document = {"model": model, "messages": messages, **document}
    made.model_asked = model
    record = made.record
    record.tenant, record.key, record.version_digest, record.policy_digest = tenant, key, version, policy
    return made


def asked(*words: Any, **more: Any) -> Question:
    question = question_of(exchange(*words, **more), settings(), KEYS.cache)
    assert question is not None
    return question


def test_every_combination_has_a_partition_of_its_own_and_a_hundred_thousand_probes_find_no_others() -> None:
    """In each lies nearly the same vector; each probe asks in one partition with the very vector of another."""
    partitions = [asked(**dict(zip(WAYS, values, strict=True))).partition(b"mark", KEYS.cache)
                  for values in product(*WAYS.values())]
    assert len(set(partitions)) == len(partitions) == 768
    drawn = np.random.default_rng(5)
    base = drawn.normal(size=24)
    vectors = [near(base + 1e-4 * drawn.normal(size=24)) for _ in partitions]
    held = Neighbours(1 << 30)
    for number, (partition, vector) in enumerate(zip(partitions, vectors, strict=True)):
        held.put(partition, vector, place(number))
    wrong = 0
    for one, other in drawn.integers(0, len(partitions), size=(PROBES, 2)).tolist():
        found = held.nearest(partitions[other], vectors[one], 0.9)
        wrong += found is None or found.place != place(other)
    assert wrong == 0


def near(vector: Any) -> bytes:
    made: bytes = (vector / np.linalg.norm(vector)).astype("<f4").tobytes()
    return made


def test_what_no_model_reads_and_the_wording_part_nothing() -> None:
    one = asked(user="ada", stream=True, metadata={"a": "b"})
    other = asked("What is the way to reset my password?", user="bob")
    assert one.common == other.common


@pytest.mark.parametrize("scope", ["tenant", "key", "user"])
def test_a_scope_says_who_shares(scope: str) -> None:
    def common(key: str, subject: str) -> bytes:
        made = exchange(key=key)
        made.record.subject = subject
        question = question_of(made, settings(scope), KEYS.cache)
        assert question is not None
        return question.common

    assert (common("k1", "ada") == common("k2", "ada")) is (scope != "key")
    assert (common("k1", "ada") == common("k1", "bob")) is (scope != "user")


def test_marks_keys_and_embedders_part_too() -> None:
    question = asked()
    assert question.partition(b"one", KEYS.cache) != question.partition(b"two", KEYS.cache)
    assert question.partition(b"one", KEYS.cache) != question.partition(b"one", b"another key".ljust(32))
    own = question_of(exchange(), settings(embedder="own"), KEYS.cache)
    assert own is not None
    assert own.common != question.common


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_texts_of_two_turns_never_run_into_each_other(system: str, turn: str, moved: str) -> None:
    one = question_of(exchange(system=system + moved, turn=turn), settings(), KEYS.cache)
    other = question_of(exchange(system=system, turn=moved + turn), settings(), KEYS.cache)
    assert one is not None
    assert other is not None
    assert (one.common == other.common) is (not moved)


@pytest.mark.parametrize(("text", "readable"), [
    ("How?", True), ("Wie heißt du?", True), ("¿Dónde está?", True), ("", False), ("12 + 5", False),
    ("パスワード", False), ("Как дела?", False), ("Translate Привет", False), ("the letter π is Greek to me", True),
])
def test_only_latin_letters_are_read(text: str, readable: bool) -> None:
    assert is_readable(text) is readable

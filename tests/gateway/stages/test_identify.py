"""A key is known by its hash, is sent in one way, and leaves no trace but its id."""

from __future__ import annotations

from hashlib import sha256

import msgspec
import pytest

from gateway.config.settings import Key
from gateway.config.written import KeyHash
from gateway.ids import IdMarks
from gateway.refusal import NotAuthenticated
from gateway.stages.identify import Identify, key_of
from tests.gateway.exchanges import ID, exchange_of, request_of

SECRET = "sk-correct-horse"
KEY = Key("team-a", KeyHash(sha256(SECRET.encode()).hexdigest()), "tenant-a")
KEYS = {str(KEY.sha256): KEY}
MARKS = IdMarks(b"m" * 32)


@pytest.mark.parametrize("headers", [
    [(b"authorization", b"Bearer sk-correct-horse")], [(b"authorization", b"bearer   sk-correct-horse ")],
    [(b"x-api-key", b"sk-correct-horse")],
    [(b"authorization", b"Bearer sk-correct-horse"), (b"x-api-key", b"sk-correct-horse")],
])  # fmt: skip
def test_a_key_may_come_as_openais_or_as_anthropics_client_sends_it(headers: list[tuple[bytes, bytes]]) -> None:
    assert key_of(headers, KEYS) is KEY


@pytest.mark.parametrize("headers", [
    [], [(b"authorization", b"")], [(b"authorization", b"Bearer")], [(b"authorization", b"Bearer ")],
    [(b"authorization", b"sk-correct-horse")], [(b"authorization", b"Basic sk-correct-horse")],
    [(b"authorization", b"Bearer sk-correct-horse2")], [(b"authorization", b"Bearer SK-CORRECT-HORSE")],
    [(b"authorization", b"Bearer sk-correct-horse sk-correct-horse")], [(b"x-api-key", b"Bearer sk-correct-horse")],
    [(b"cookie", b"sk-correct-horse")], [(b"api-key", b"sk-correct-horse")],
    [(b"authorization", b"Negotiate x"), (b"x-api-key", b"sk-correct-horse")],
    [(b"authorization", b"Bearer " + KEY.sha256.encode())],
])  # fmt: skip
def test_all_else_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(NotAuthenticated):
        key_of(headers, KEYS)


@pytest.mark.parametrize("other", [
    (b"authorization", b"Bearer other"), (b"x-api-key", b"other"), (b"authorization", b"Basic other"),
])  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_two_different_keys_are_refused_in_either_order(other: tuple[bytes, bytes], first: bool) -> None:
    """A proxy before the gateway might have looked at the other one."""
    headers = [(b"authorization", b"Bearer sk-correct-horse")]
    headers.insert(0 if first else 1, other)
    with pytest.raises(NotAuthenticated, match="More than one key"):
        key_of(headers, KEYS)


def test_where_no_key_is_asked_for_none_is_looked_at() -> None:
    assert key_of([(b"authorization", b"Bearer nonsense")], None) is None


def test_the_record_gets_the_keys_id_and_tenant_and_never_the_key() -> None:
    exchange = exchange_of(request_of({}, headers={"authorization": f"Bearer {SECRET}"}))
    Identify(KEYS, MARKS).enter(exchange)
    assert (exchange.record.key, exchange.record.tenant) == ("team-a", "tenant-a")
    assert SECRET not in repr(exchange.record)


def test_what_asks_with_a_key_for_probes_is_a_probe() -> None:
    exchange = exchange_of(request_of({}, headers={"authorization": f"Bearer {SECRET}"}))
    Identify({KEY.sha256: msgspec.structs.replace(KEY, purpose="probe")}, MARKS).enter(exchange)
    assert exchange.record.purpose == "probe"


def test_without_keys_everybody_is_the_default_tenant() -> None:
    exchange = exchange_of(request_of({}))
    Identify(None, MARKS).enter(exchange)
    assert (exchange.record.key, exchange.record.tenant) == ("", "default")


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(NotAuthenticated) as caught:
        key_of([(b"authorization", b"Bearer sk-wrong")], KEYS)
    assert b"sk-wrong" not in caught.value.body()
    assert (b"www-authenticate", b"Bearer") in caught.value.headers()


def test_from_then_on_the_id_tells_the_tenant_to_whoever_has_the_marks_key() -> None:
    exchange = exchange_of(request_of({}, headers={"x-api-key": SECRET}))
    Identify(KEYS, MARKS).enter(exchange)
    assert exchange.id.startswith(ID)
    assert MARKS.has_marked(exchange.id, "tenant-a")


def test_who_is_refused_has_an_id_of_no_tenant() -> None:
    exchange = exchange_of(request_of({}))
    with pytest.raises(NotAuthenticated):
        Identify(KEYS, MARKS).enter(exchange)
    assert exchange.id == ID

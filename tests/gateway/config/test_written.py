"""What people write as text is read exactly, or refused with what was expected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.checking import Written, decode_written
from gateway.config.routing_document import Sticky
from gateway.config.written import Address, Duration, EndpointURL, TokenPrice

NOT_TEXT: list[Any] = [None, 5, 2.5, True, [], {}, ["2s"], b"2s"]
LEAVES = [Duration, Address, EndpointURL, Sticky]


@pytest.mark.parametrize(("text", "seconds"), [
    ("500ms", 0.5), ("2s", 2), ("10m", 600), ("1h", 3600), ("7d", 604800), ("1.5s", 1.5), (" 2 s ", 2),
    ("0.25ms", 0.00025),
])  # fmt: skip
def test_a_duration_is_a_number_with_its_unit(text: str, seconds: float) -> None:
    assert Duration.parse(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize("text", [
    "", "5", "s", "-1s", "+1s", "0s", "0.0ms", "1e3s", "1 000s", "2 sec", "2S", ".5s", "1.s", "1s2s", "inf s", "nan",
    "\u0665s", "9" * 400 + "s", "0." + "0" * 400 + "1s",
])  # fmt: skip
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the caller says what was expected
        Duration.parse(text)


@pytest.mark.parametrize(("text", "host", "port", "loopback"), [
    ("127.0.0.1:8000", "127.0.0.1", 8000, True), ("0.0.0.0:80", "0.0.0.0", 80, False),
    ("[::1]:8000", "::1", 8000, True), ("[::]:1", "::", 1, False), ("localhost:8000", "localhost", 8000, True),
    ("10.1.2.3:0", "10.1.2.3", 0, False), ("my_gateway.internal:443", "my_gateway.internal", 443, False),
    ("localhost.evil.example:1", "localhost.evil.example", 1, False), ("127.9.9.9:65535", "127.9.9.9", 65535, True),
])  # fmt: skip
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int, loopback: bool) -> None:
    address = Address.parse(text)
    assert (address.host, address.port, address.is_loopback, str(address)) == (host, port, loopback, text)


@pytest.mark.parametrize("text", [
    "", "8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:65536", "a:b", "a:\u0665", "[::1]",
    "127.0.0.1:80 0", "[]:80", "::1:80", "a b:80", "http://a:80",
])  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  as above
        Address.parse(text)


@pytest.mark.parametrize(("text", "url"), [
    ("http://127.0.0.1:9101", "http://127.0.0.1:9101"), ("https://vllm.internal", "https://vllm.internal"),
    ("http://127.0.0.1:9101/", "http://127.0.0.1:9101"), ("http://[::1]:8000", "http://[::1]:8000"),
    ("HTTP://vllm", "http://vllm"),
])  # fmt: skip
def test_an_endpoint_is_a_scheme_and_a_host(text: str, url: str) -> None:
    assert EndpointURL.parse(text) == url


@pytest.mark.parametrize("text", [
    "", "vllm:8000", "//vllm", "ftp://vllm", "unix:///run/vllm", "http://", "http://:8000", "http://vllm/v1",
    "http://vllm?x=1", "http://vllm#x", "http://user@vllm", "http://user:pass@vllm", "http://:pass@vllm",
    "http://vllm:port", "http://vllm:70000", "http://vllm:0", "http://[::1", "http://v llm", "http://vllm\x00",
    "http://vllm\r\nx-evil: 1", "http://vllm:8000\n", " http://vllm", "http://v\u00e9",
])  # fmt: skip
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  as above
        EndpointURL.parse(text)


@pytest.mark.parametrize("text", ["user", "key", "request", "header:X-Session", "header:x"])
def test_a_unit_is_one_of_four_kinds(text: str) -> None:
    assert Sticky.parse(text) == text


@pytest.mark.parametrize("text", ["", "User", "header", "header:", "header: x", "header:a b", "header:\u00e9",
                                  "header:a:b", "header:x\n", "cookie:x", "user\n"])  # fmt: skip
def test_what_is_no_kind_of_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  as above
        Sticky.parse(text)


@pytest.mark.parametrize("kind", LEAVES)
@pytest.mark.parametrize("value", NOT_TEXT, ids=repr)
def test_what_is_no_text_is_refused(kind: type[Written], value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  as above
        decode_written(kind, value)


@given(st.sampled_from(LEAVES), st.text() | st.from_regex(r"[a-z:/0-9.\[\]@ ]{0,20}", fullmatch=True))
def test_no_text_does_worse_than_to_be_refused(kind: type[Written], text: str) -> None:
    try:
        value = decode_written(kind, text)
    except ValueError:
        return
    assert isinstance(value, kind)


def test_a_leaf_of_no_known_kind_is_a_fault_of_ours() -> None:
    with pytest.raises(NotImplementedError, match="no way to read a complex"):
        decode_written(complex, 1)


@pytest.mark.parametrize(("written", "micros"), [
    (0, 0), (0.0, 0), (0.15, 150_000), (0.075, 75_000), (2, 2_000_000), (0.000001, 1), (100_000, 100_000_000_000),
    (12.345678, 12_345_678)])  # fmt: skip
def test_a_price_is_a_number_that_is_kept_exactly(written: float, micros: int) -> None:
    assert TokenPrice.parse(written) == micros


@pytest.mark.parametrize("written", [
    -1, -0.01, 0.0000001, 0.1234567, 100_000.01, float("nan"), float("inf"), 10**30, True, "0.15", None, [], {}])
def test_what_is_no_price_is_refused(written: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  as above
        TokenPrice.parse(written)

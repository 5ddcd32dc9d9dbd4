"""Raw HTTP/1 requests that a proxy must survive, each with the fate that it deserves.

Sources: RFC 9112 (sections 2 to 7, 11.2), RFC 9110 (5.5, 7.2, 10.1.1), and the published families of request smuggling:
CL.TE, TE.CL, TE.TE, CL.0, obsolete folding, bare line feeds, chunk extensions, trailers, path confusion.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

PATH = b"/v1/chat/completions"


def chat(nonce: str) -> bytes:
    """A body that the model answers with ` <nonce>-0 <nonce>-1`."""
    message = {"role": "user", "content": f"nonce:{nonce}"}
    return json.dumps({"model": "m", "messages": [message], "max_tokens": 2}, separators=(",", ":")).encode()


BODY = chat("case")
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
TYPE = b"Content-Type: application/json\r\n"
HOST = b"Host: gateway.test\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def post(
    *headers: bytes, target: bytes = PATH, method: bytes = b"POST", version: bytes = b"HTTP/1.1", host: bytes = HOST,
    body: bytes = BODY, length: bytes = LENGTH,
) -> bytes:  # fmt: skip
    head = method + b" " + target + b" " + version + b"\r\n" + host + TYPE + length
    return head + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


def chunks(*parts: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + last


CANARY = post(body=chat("canary"), length=b"Content-Length: %d\r\n" % len(chat("canary")))
SMUGGLED = post(body=chat("smuggled"), length=b"Content-Length: %d\r\n" % len(chat("smuggled")))
SLEEP = b"POST /sleep HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 0\r\n\r\n"

OK = frozenset({200})
# No answer, only the end of the connection, is a sound answer to bytes that are no request.
BAD = frozenset({0, 400})
UNSUPPORTED = frozenset({0, 400, 501})
NOT_HERE = frozenset({400, 404, 405})
TOO_LARGE = frozenset({0, 400, 413, 414, 431})


@dataclass(frozen=True)
class Case:
    """`status`: the answers that are right, 0 for none; `kept`: whether the connection must live on, None: it may.

    A request that is answered 200 must reach upstream once; any other, never. `requests`: how many are in `sent`.
    """

    name: str
    sent: bytes
    status: frozenset[int]
    kept: bool | None = None
    requests: int = 1


def accepted() -> Iterator[Case]:
    """Requests that are sound: one in, one out, and the connection goes on."""
    yield Case("a plain request", post(), OK, True)
    yield Case("lower-case header names", post().replace(b"Content-Length", b"content-length"), OK, True)
    yield Case("no space after the colon", post().replace(b"Content-Length: ", b"Content-Length:"), OK, True)
    yield Case("tabs and spaces around a value", post(b"X-A:\t  a \t"), OK, True)
    yield Case("an empty value", post(b"X-A:"), OK, True)
    yield Case("the same header twice", post(b"X-A: 1", b"X-A: 2"), OK, True)
    yield Case("Host with a port", post(host=b"Host: gateway.test:8000\r\n"), OK, True)
    yield Case("Host that is an address", post(host=b"Host: [::1]:8000\r\n"), OK, True)
    yield Case("one chunk", post(CHUNKED[:-2], length=b"", body=chunks(BODY)), OK, True)
    yield Case("a chunk for each byte", post(CHUNKED[:-2], length=b"", body=chunks(*_bytes(BODY))), OK, True)
    sizes = (b"%X\r\n" % len(BODY)) + BODY + b"\r\n0\r\n\r\n"
    yield Case("chunk size in capitals", post(CHUNKED[:-2], length=b"", body=sizes), OK, True)
    yield Case("Connection: close", post(b"Connection: close"), OK, False)
    yield Case("HTTP/1.0", post(version=b"HTTP/1.0"), OK, False)
    yield Case("two at once, with different bodies", post() + post(), OK, True, requests=2)


def safe_either_way() -> Iterator[Case]:
    """Where the standard lets a server choose: either it refuses, or it reads the request in the one right way."""
    either = frozenset({200, 0, 400, 404, 405, 417, 501})
    yield Case("line ends before the request line", b"\r\n\r\n" + post(), either)
    yield Case("absolute-form target", post(target=b"http://gateway.test" + PATH), either)
    yield Case("a query", post(target=PATH + b"?a=b"), either)
    yield Case("length with leading zeros", post(length=b"Content-Length: 000%d\r\n" % len(BODY)), either)
    yield Case("the same length twice", post(LENGTH[:-2]), either)
    yield Case(
        "Transfer-Encoding: Chunked", post(b"Transfer-Encoding: Chunked ", length=b"", body=chunks(BODY)), either
    )
    yield Case("obs-text in a value", post(b"X-A: caf\xe9"), either)
    yield Case("chunk size with leading zeros", _chunked(b"000%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"), either)
    yield Case("chunk extension", _chunked(b"%x;a=b\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"), either)
    yield Case("quoted chunk extension", _chunked(b'%x;a="b;c"\r\n' % len(BODY) + BODY + b"\r\n0\r\n\r\n"), either)
    yield Case("trailer", _chunked(chunks(BODY, last=b"0\r\nX-Trailer: evil\r\n\r\n")), either)
    yield Case("trailer that frames", _chunked(chunks(BODY, last=b"0\r\nContent-Length: 5\r\n\r\n")), either)
    yield Case("trailer that names a host", _chunked(chunks(BODY, last=b"0\r\nHost: evil\r\n\r\n")), either)
    yield Case("trailer that authorises", _chunked(chunks(BODY, last=b"0\r\nAuthorization: Bearer e\r\n\r\n")), either)
    yield Case(
        "upgrade to h2c", post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAM"), either
    )
    yield Case("upgrade to websocket", post(b"Connection: Upgrade", b"Upgrade: websocket"), either)
    yield Case("Transfer_Encoding with an underscore", post(b"Transfer_Encoding: chunked"), either)
    yield Case("Connection names the length", post(b"Connection: Content-Length"), either)
    yield Case("an expectation that nobody knows", post(b"Expect: miracles"), either)
    yield Case("method override", post(b"X-HTTP-Method-Override: DELETE"), either)
    yield Case("path override", post(b"X-Original-URL: /sleep", b"X-Rewrite-URL: /sleep"), either)
    yield Case("empty Host", post(host=b"Host:\r\n"), either)


def hosts() -> Iterator[Case]:
    yield Case("no Host", post(host=b""), BAD, False)
    yield Case("two Hosts", post(b"Host: other.test"), BAD, False)
    yield Case("the same Host twice", post(b"Host: gateway.test"), BAD, False)
    yield Case("Host with a space", post(host=b"Host: gateway test\r\n"), BAD, False)
    yield Case("Host with user information", post(host=b"Host: a@gateway.test\r\n"), BAD, False)
    yield Case("Host with a path", post(host=b"Host: gateway.test/sleep\r\n"), BAD, False)
    yield Case("Host that is a list", post(host=b"Host: gateway.test, other.test\r\n"), BAD, False)


def header_lines() -> Iterator[Case]:
    yield Case("folded header", post(b"X-A: a\r\n b"), BAD, False)
    yield Case("folded Transfer-Encoding", post(b"X-A: a\r\n Transfer-Encoding: chunked"), BAD, False)
    yield Case("bare LF as line end", post().replace(b"\r\n", b"\n"), BAD, False)
    yield Case("bare LF after one header", post().replace(HOST, b"Host: gateway.test\n"), BAD, False)
    yield Case("bare LF hides a length", post(b"X-A: a\nContent-Length: 0"), BAD, False)
    yield Case("bare CR in a value", post(b"X-A: a\rb"), BAD, False)
    yield Case("bare LF ends the head", post(length=LENGTH + b"\n", body=BODY)[:-2], BAD, False)
    yield Case("NUL in a name", post(b"X\x00A: a"), BAD, False)
    yield Case("NUL in a value", post(b"X-A: a\x00b"), BAD, False)
    yield Case("control byte in a value", post(b"X-A: a\x01b"), BAD, False)
    yield Case("DEL in a value", post(b"X-A: a\x7fb"), BAD, False)
    yield Case("space before the colon", post(b"X-A : a"), BAD, False)
    yield Case("tab before the colon", post(b"X-A\t: a"), BAD, False)
    yield Case("header without a colon", post(b"X-A"), BAD, False)
    yield Case("header without a name", post(b": a"), BAD, False)
    yield Case("parenthesis in a name", post(b"X(A): a"), BAD, False)
    yield Case("non-ASCII name", post(b"X-\xc3\xa9: a"), BAD, False)
    yield Case("space before the first header", post(host=b" " + HOST), BAD, False)


def lengths() -> Iterator[Case]:
    values = {
        "negative length": b"-1", "length with a plus": b"+%d" % len(BODY), "hexadecimal length": b"0x10",
        "length that is a list": b"%d, %d" % (len(BODY), len(BODY)), "length with a space inside": b"1 0",
        "length that is a word": b"abc", "length in exponent form": b"1e2", "length with a fraction": b"1.0",
        "length of 2^64": b"18446744073709551616", "length of 40 digits": b"9" * 40, "empty length": b"",
        "length with an underscore": b"1_0", "length with a vertical tab": b"\x0b%d" % len(BODY),
    }  # fmt: skip
    for name, value in values.items():
        yield Case(name, post(length=b"Content-Length: " + value + b"\r\n"), BAD | {413}, False)
    yield Case("length of 2^63 - 1", post(length=b"Content-Length: 9223372036854775807\r\n"), TOO_LARGE, False)
    yield Case("length beyond the limit", post(length=b"Content-Length: 999999999\r\n"), frozenset({413}), False)
    yield Case("two lengths", post(b"Content-Length: 0"), BAD, False)
    yield Case("two lengths, the first short", post(LENGTH[:-2], length=b"Content-Length: 3\r\n"), BAD, False)
    body = b"0\r\n\r\n" + SMUGGLED
    length = b"Content-Length: %d\r\n" % len(body)
    yield Case("CL.TE: length and chunked", post(CHUNKED[:-2], length=length, body=body), BAD, False)
    yield Case(
        "TE.CL: chunked and length", post(b"Content-Length: 4", length=CHUNKED, body=chunks(SMUGGLED)), BAD, False
    )
    hidden = b"Content-Length: %d\r\n" % len(SMUGGLED)
    yield Case("CL.0: a request as the body of a GET", post(method=b"GET", length=hidden, body=SMUGGLED), NOT_HERE)
    yield Case("CL.0: a request as the body to nowhere", post(target=b"/x", length=hidden, body=SMUGGLED), NOT_HERE)


def codings() -> Iterator[Case]:
    values = {
        "chunked, identity": b"chunked, identity", "identity, chunked": b"identity, chunked", "identity": b"identity",
        "xchunked": b"xchunked", "chunked twice": b"chunked, chunked", "gzip, chunked": b"gzip, chunked",
        "quoted chunked": b'"chunked"', "chunked with a parameter": b"chunked;q=0.5", "empty coding": b"",
        "chunked behind a vertical tab": b"\x0bchunked", "chunked with a trailing comma": b"chunked,",
        "chunked with a NUL": b"chunked\x00", "chunke": b"chunke",
    }  # fmt: skip
    for name, value in values.items():
        sent = post(b"Transfer-Encoding: " + value, length=b"", body=chunks(BODY) + SMUGGLED)
        yield Case(f"Transfer-Encoding: {name}", sent, UNSUPPORTED, False)
    twice = post(CHUNKED[:-2], b"Transfer-Encoding: identity", length=b"", body=chunks(BODY))
    yield Case("TE.TE: two codings", twice, UNSUPPORTED, False)
    yield Case(
        "chunked in HTTP/1.0", post(CHUNKED[:-2], length=b"", version=b"HTTP/1.0", body=chunks(BODY)), BAD, False
    )
    space = post(b"Transfer-Encoding : chunked", body=chunks(BODY))
    yield Case("space before the colon of Transfer-Encoding", space, BAD, False)


def chunk_lines() -> Iterator[Case]:
    size, rest = b"%x" % len(BODY), BODY + b"\r\n0\r\n\r\n"
    bodies = {
        "chunk size that is none": b"zz\r\n" + rest, "negative chunk size": b"-1\r\n" + rest,
        "chunk size with a plus": b"+" + size + b"\r\n" + rest, "chunk size with 0x": b"0x" + size + b"\r\n" + rest,
        "chunk size behind a space": b" " + size + b"\r\n" + rest, "empty chunk size": b"\r\n" + rest,
        "chunk size of 68 bits": b"1" + b"0" * 16 + size + b"\r\n" + rest,
        "chunk size of 2^64 - 1": b"ffffffffffffffff\r\n" + rest,
        "chunk size ended by LF": size + b"\n" + rest, "chunk ended by LF": size + b"\r\n" + BODY + b"\n0\r\n\r\n",
        "chunk longer than its size": b"5\r\n" + rest,
        "chunk shorter than its size": b"%x\r\n" % (len(BODY) + 1) + rest,
        "NUL in a chunk extension": size + b";a=\x00\r\n" + rest, "LF in a chunk extension": size + b";\n\r\n" + rest,
        "CR in a chunk extension": size + b";a\rb\r\n" + rest, "chunk size with an underscore": b"1_0\r\n" + rest,
        "smuggling in a chunk extension": size + b";\nxx\r\n" + BODY + b"\r\n0\r\n\r\n" + SMUGGLED,
        "trailer with a bare LF": chunks(BODY, last=b"0\r\nX-A: a\nX-B: b\r\n\r\n"),
        "trailer with a NUL": chunks(BODY, last=b"0\r\nX-A: a\x00\r\n\r\n"),
        "trailer without a colon": chunks(BODY, last=b"0\r\nX-A\r\n\r\n"),
    }  # fmt: skip
    # A size without end may also be waited for, as long as the body's limits in bytes and in time hold.
    for name, body in bodies.items():
        yield Case(name, _chunked(body), BAD | {413} | ({408} if "2^64" in name else set()), False)
    long = size + b";" + b"a" * (1 << 20) + b"\r\n" + rest
    yield Case("chunk extension of 1 MB", _chunked(long), TOO_LARGE | {200})


def targets() -> Iterator[Case]:
    """Tricks with the path: the allow-list is of exact paths, so that what is not one of them is not found."""
    tricks = {
        "doubled slash": b"//v1/chat/completions", "dots": b"/v1/../v1/chat/completions",
        "dots to sleep": b"/v1/../sleep", "deep dots": b"/v1/chat/completions/../../../sleep",
        "encoded dots": b"/v1/%2e%2e/sleep",
        "half-encoded dots": b"/v1/.%2e/sleep", "doubly encoded dots": b"/v1/%252e%252e/sleep",
        "encoded slash": b"/v1/chat%2fcompletions", "encoded slashes and dots": b"/v1%2f..%2fsleep",
        "back slash": b"/v1/chat\\completions", "back slash dots": b"/v1\\..\\sleep", "single dot": b"/./sleep",
        "encoded letter": b"/v1/chat/completion%73", "encoded NUL": b"/v1/chat/completions%00",
        "capitals": b"/V1/CHAT/COMPLETIONS", "slash at the end": PATH + b"/", "parameter": PATH + b";/../sleep",
        "sleep": b"/sleep", "adapter loading": b"/v1/load_lora_adapter", "remote calls": b"/collective_rpc",
        "upstream's metrics": b"/metrics", "upstream's docs": b"/openapi.json", "sagemaker": b"/invocations",
        "tokens in": b"/inference/v1/generate", "encoded sleep": b"/%73leep", "sleep behind a query": b"/?/sleep",
        "absolute sleep": b"http://gateway.test/sleep", "absolute elsewhere": b"http://169.254.169.254/latest/meta-data",
    }  # fmt: skip
    for name, target in tricks.items():
        yield Case(f"target: {name}", post(target=target), NOT_HERE)
    broken = {
        "relative": b"v1/chat/completions", "authority": b"gateway.test:80", "empty": b"",
        "control byte": PATH + b"\x01", "NUL": PATH + b"\x00", "space": PATH + b" /sleep",
        "tab": PATH + b"\t", "line feed": PATH + b"\nX: a",
        "DEL": PATH + b"\x7f",
    }  # fmt: skip
    for name, target in broken.items():
        yield Case(f"target: {name}", post(target=target), BAD | {404, 405})
    loose = {"raw UTF-8": PATH + b"\xc3\xa9", "fragment": PATH + b"#/sleep", "asterisk": b"*"}
    for name, target in loose.items():
        yield Case(f"target: {name}", post(target=target), BAD | {404, 405, 200})
    yield Case("target: 64 KB", post(target=PATH + b"?" + b"a" * 65536), TOO_LARGE, False)


def request_lines() -> Iterator[Case]:
    refused = UNSUPPORTED | {404, 405}
    methods = {
        "lower-case": b"post", "unknown": b"BREW", "very long": b"P" * 1000, "TRACE": b"TRACE", "DELETE": b"DELETE",
        "PATCH": b"PATCH", "GET": b"GET", "PUT": b"PUT",
    }  # fmt: skip
    for name, method in methods.items():
        yield Case(f"method: {name}", post(method=method), refused)
    yield Case("method: CONNECT", post(method=b"CONNECT", target=b"gateway.test:443"), refused)
    yield Case("method: OPTIONS *", post(method=b"OPTIONS", target=b"*"), refused | {200, 204})
    for name, method in {
        "space in it": b"PO ST",
        "empty": b"",
        "control byte": b"PO\x01ST",
        "brackets": b"P[]",
    }.items():
        yield Case(f"method: {name}", post(method=method), UNSUPPORTED, False)
    versions = {
        "HTTP/2.0": b"HTTP/2.0", "HTTP/1.2": b"HTTP/1.2", "HTTP/11": b"HTTP/11", "lower-case": b"http/1.1",
        "HTTP/1.1x": b"HTTP/1.1x", "none": b"", "two": b"HTTP/1.1 HTTP/1.1", "hexadecimal": b"HTTP/1.a",
    }  # fmt: skip
    for name, version in versions.items():
        yield Case(f"version: {name}", post(version=version), frozenset({0, 400, 505}), False)
    yield Case("HTTP/0.9", b"GET /\r\n", BAD, False)
    yield Case(
        "HTTP/2 preface",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        BAD | {505},
        False,
    )
    yield Case("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)), BAD, False)
    yield Case("no HTTP at all", b"hello\r\n\r\n", BAD, False)


def bombs() -> Iterator[Case]:
    many = b"".join(b"X-%d: a\r\n" % i for i in range(20_000))
    yield Case("20,000 headers", post(host=HOST + many), TOO_LARGE, False)
    yield Case("a header of 10 MB", post(b"X-A: " + b"a" * (10 << 20)), TOO_LARGE, False)
    yield Case("a header name of 1 MB", post(b"a" * (1 << 20) + b": a"), TOO_LARGE, False)
    yield Case("10 MB that never end the request line", b"POST /" + b"a" * (10 << 20), TOO_LARGE, False)
    line = b"1\r\na\r\n" * 200_000
    yield Case("200,000 chunks that are no JSON", _chunked(line + b"0\r\n\r\n"), frozenset({400, 413, 0}))


def _chunked(body: bytes) -> bytes:
    return post(CHUNKED[:-2], length=b"", body=body)


def _bytes(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


CASES: tuple[Case, ...] = (
    *accepted(), *safe_either_way(), *hosts(), *header_lines(), *lengths(), *codings(), *chunk_lines(), *targets(),
    *request_lines(), *bombs(),
)  # fmt: skip

"""JSON bodies that two readers could read differently, or that cost more to read than to send.

A guard that reads one thing while the model reads another is no guard. So the gateway refuses what is ambiguous, and
upstream gets what the gateway understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

START = b'{"model":"m","max_tokens":2,"messages":[{"role":"user","content":"nonce:case"}]'
GOOD = START + b"}"


@dataclass(frozen=True)
class Body:
    """`accepted` None: the gateway may refuse it, or hand it on if upstream then reads the same as the gateway."""

    name: str
    sent: bytes
    accepted: bool | None = False


def extra(value: bytes, key: bytes = b'"x"') -> bytes:
    """A good request with one more field."""
    return START + b"," + key + b":" + value + b"}"


def sound() -> Iterator[Body]:
    yield Body("compact", GOOD, True)
    yield Body("white space of every kind", b" \t\r\n" + GOOD.replace(b",", b" ,\r\n\t"), True)
    yield Body("an escaped key", GOOD.replace(b'"model"', rb'"mod\u0065l"'), True)
    yield Body("an escaped value", GOOD.replace(b'"m"', rb'"\u006d"'), True)
    yield Body("a surrogate pair", extra(rb'"\ud83d\ude00"'), True)
    yield Body("every short escape", extra(rb'"\"\\\/\b\f\n\r\t"'), True)
    yield Body("raw UTF-8", extra('"naïve € 😀"'.encode()), True)
    yield Body("numbers in every form", extra(b"[0,-0,1.5,-1e3,1E+2,1e-2,12345678901234567]"), True)
    yield Body("unknown fields", extra(b'{"deep":[null,true,false,{}]}'), True)
    yield Body("an empty key", extra(b"1", b'""'), True)
    yield Body("keys that differ in case", extra(b'"other"', b'"Model"'), True)
    yield Body("the same key in two objects", extra(b'[{"a":1},{"a":2}]'), True)
    yield Body("depth of 60", extra(b"[" * 60 + b"]" * 60), True)
    yield Body("line separators", extra('"\u2028\u2029"'.encode()), True)
    yield Body("an integer of 20 digits", extra(b"1" * 20), None)
    yield Body("an escaped NUL", extra(rb'"\u0000"'), None)
    yield Body("minus zero", extra(b"-0.0"), None)


def twins() -> Iterator[Body]:
    """The same key twice: readers disagree about which counts."""
    other = b'[{"role":"user","content":"nonce:smuggled"}]'
    yield Body("model twice", extra(b'"other"', b'"model"'))
    yield Body("model twice, the same", extra(b'"m"', b'"model"'))
    yield Body("messages twice", extra(other, b'"messages"'))
    yield Body("messages twice, the second escaped", extra(other, rb'"m\u0065ssages"'))
    yield Body(
        "messages twice, both escaped", extra(other, rb'"m\u0065ssages"').replace(b'"messages"', rb'"mes\u0073ages"')
    )
    yield Body("content twice", GOOD.replace(b'"content":', b'"content":"nonce:smuggled","content":'))
    yield Body("content twice, escaped", GOOD.replace(b'"content":', rb'"c\u006fntent":"nonce:smuggled","content":'))
    yield Body("stream twice", extra(b'true,"stream":false', b'"stream"'))
    yield Body("twins deep inside", extra(b'[[[{"a":{"b":1,"c":2,"b":3}}]]]'))
    yield Body("twins that are empty keys", extra(b'{"":1,"":2}'))
    yield Body("twins by a solidus", extra(rb'{"a/b":1,"a\/b":2}'))
    yield Body("twins in an unknown field", extra(b'{"a":1,"a":1}'))
    yield Body("twins behind white space", START + b' ,\n "model" :\t"other" }')


def texts_that_are_none() -> Iterator[Body]:
    values = {
        "NaN": b"NaN", "Infinity": b"Infinity", "minus Infinity": b"-Infinity", "nan": b"nan", "hexadecimal": b"0x10",
        "leading zero": b"01", "leading plus": b"+1", "leading point": b".5", "trailing point": b"1.", "octal": b"0o7",
        "lone minus": b"-", "underscore": b"1_0", "exponent without digits": b"1e", "single quotes": b"'a'",
        "unquoted": b"abc", "True": b"True", "None": b"None", "undefined": b"undefined", "trailing comma": b"[1,]",
        "leading comma": b"[,1]", "two commas": b"[1,,2]", "missing comma": b"[1 2]", "unclosed array": b"[1",
        "lone high surrogate": rb'"\ud800"', "lone low surrogate": rb'"\udc00"',
        "surrogates reversed": rb'"\udc00\ud800"',
        "high surrogate and a letter": rb'"\ud800a"', "bad escape": rb'"\x41"', "short escape": rb'"\u12"',
        "escape of nothing": b'"\\"', "raw tab in a string": b'"a\tb"', "raw line feed in a string": b'"a\nb"',
        "raw NUL in a string": b'"a\x00b"', "raw control byte": b'"\x01"', "bad UTF-8": b'"\xff\xfe"',
        "overlong UTF-8": b'"\xc0\xaf"', "surrogate in UTF-8": b'"\xed\xa0\x80"', "truncated UTF-8": b'"\xe2\x82"',
        "UTF-8 beyond Unicode": b'"\xf4\x90\x80\x80"', "lone continuation byte": b'"\x80"', "Latin-1": b'"caf\xe9"',
    }  # fmt: skip
    for name, value in values.items():
        yield Body(name, extra(value))
    yield Body("a lone surrogate in a key", extra(b"1", rb'"\ud800"'))
    yield Body("bad UTF-8 in a key", extra(b"1", b'"\xff"'))
    yield Body("line comment", GOOD + b"// hello")
    yield Body("block comment", b"/* hello */" + GOOD)
    yield Body("comment inside", START + b',/* a */"x":1}')
    yield Body("hash comment", GOOD + b"\n# hello")
    yield Body("trailing garbage", GOOD + b"x")
    yield Body("trailing NUL", GOOD + b"\x00")
    yield Body("two documents", GOOD + GOOD)
    yield Body("two documents in lines", GOOD + b"\n" + GOOD)
    yield Body("trailing brace", GOOD + b"}")
    yield Body("form feed as white space", b"\x0c" + GOOD)
    yield Body("no-break space as white space", b"\xc2\xa0" + GOOD)
    yield Body("byte order mark", b"\xef\xbb\xbf" + GOOD)
    yield Body("UTF-16", GOOD.decode().encode("utf-16"))
    yield Body("UTF-16 without a mark", GOOD.decode().encode("utf-16-le"))
    yield Body("UTF-32", GOOD.decode().encode("utf-32"))
    yield Body("empty", b"")
    yield Body("white space only", b" \n")
    yield Body("cut short", GOOD[:-1])
    yield Body("cut inside a string", GOOD[:-5])
    yield Body("missing colon", START + b',"x" 1}')
    yield Body("missing value", START + b',"x":}')
    yield Body("number as a key", START + b",1:1}")
    yield Body("form fields", b"model=m&messages=hello")
    yield Body("gzip", b"\x1f\x8b\x08\x00" + b"\x00" * 20)


def not_objects() -> Iterator[Body]:
    for name, sent in {"an array": b"[" + GOOD + b"]", "a string": b'"model"', "a number": b"1", "null": b"null",
                       "true": b"true", "an empty array": b"[]"}.items():  # fmt: skip
        yield Body(f"top level: {name}", sent)


def bombs() -> Iterator[Body]:
    yield Body("arrays 10,000 deep", extra(b"[" * 10_000 + b"]" * 10_000))
    yield Body("arrays 10,000 deep, never closed", extra(b"[" * 10_000))
    yield Body("arrays a million deep", extra(b"[" * 1_000_000 + b"]" * 1_000_000))
    yield Body("objects 10,000 deep", extra(b'{"a":' * 10_000 + b"1" + b"}" * 10_000))
    yield Body("integer of 1 MB", extra(b"1" * (1 << 20)))
    yield Body("fraction of 1 MB", extra(b"0." + b"1" * (1 << 20)), None)
    yield Body("number beyond doubles", extra(b"1e999"))
    yield Body("exponent of 1 MB", extra(b"1e" + b"1" * (1 << 20)))
    yield Body("100,000 keys", extra(b"{" + b",".join(b'"%d":0' % i for i in range(100_000)) + b"}"), None)
    yield Body("a million empty objects", extra(b"[" + b",".join([b"{}"] * 1_000_000) + b"]"), None)
    yield Body("1 MB of escapes", extra(b'"' + rb"\u0041" * 174_000 + b'"'), None)


def wrong_types() -> Iterator[Body]:
    for value in (b"5", b"null", b"true", b"[]", b"{}", b'""'):
        yield Body(f"model: {value.decode()}", GOOD.replace(b'"m"', value, 1))
    for value in (b'"yes"', b"1", b"[]", b"{}"):
        yield Body(f"stream: {value.decode()}", extra(value, b'"stream"'))
    for value in (b'"hi"', b"5", b"null", b"true", b"{}"):
        body = b'{"model":"m","messages":' + value + b"}"
        yield Body(f"messages: {value.decode()}", body)
    yield Body("no model", b'{"messages":[]}')
    yield Body("no messages", b'{"model":"m"}')


SYNTAX: tuple[Body, ...] = (*sound(), *twins(), *texts_that_are_none(), *not_objects(), *bombs())
TYPES: tuple[Body, ...] = tuple(wrong_types())

"""A request's document is read in the one way in which every other reader reads it, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.protocol.document import MAX_CONTAINERS, InvalidDocument, encode_document, read_document

DEPTH = 32

# Whatever JSON can say and every reader can hold.
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
DOCUMENTS = st.dictionaries(st.text(), VALUES)
STYLES = st.fixed_dictionaries({
    "ensure_ascii": st.booleans(),
    "indent": st.sampled_from([None, 0, 2, "\t"]),
    "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:\r\n")]),
})  # fmt: skip


def refusal(body: bytes, max_depth: int = DEPTH) -> str:
    """The code under which a body is refused."""
    with pytest.raises(InvalidDocument) as caught:
        read_document(body, max_depth)
    return caught.value.code


@given(DOCUMENTS, STYLES)
def test_what_goes_on_means_what_came_in_however_it_was_written(document: Any, style: Any) -> None:
    body = json.dumps(document, **style).encode()
    assert json.loads(encode_document(read_document(body, max_depth=1000))) == json.loads(body)


@given(DOCUMENTS)
def test_a_compact_document_goes_on_byte_for_byte(document: Any) -> None:
    body = encode_document(document)
    assert encode_document(read_document(body, max_depth=1000)) == body


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ua01e-.tfn \n', max_size=60).map(str.encode))
def test_whatever_is_accepted_is_an_object_to_the_standard_library_too(body: bytes) -> None:
    """And whatever is refused is refused with InvalidDocument, nothing else."""
    try:
        document = read_document(body, DEPTH)
    except InvalidDocument:
        return
    assert json.loads(body) == document


@given(DOCUMENTS, st.text(), LEAVES, STYLES)
def test_a_key_that_stands_twice_is_refused_wherever_and_however_it_is_written(
    document: Any, key: str, value: Any, style: Any
) -> None:
    document.pop(key, None)
    pair = json.dumps(key, ensure_ascii=style["ensure_ascii"]) + ":" + json.dumps(value)
    rest = "," + json.dumps(document, **style).strip()[1:-1] if document else ""
    twins = "{" + pair + "," + pair + rest + "}"
    assert refusal(twins.encode()) == "duplicate_key"
    assert refusal(('{"a":[{"b":' + twins + "}]}").encode()) == "duplicate_key"


@pytest.mark.parametrize("body", [
    rb'{"model":"a","mod\u0065l":"b"}', rb'{"a/b":1,"a\/b":2}', b'{"":1,"":2}', b'{"a":[{"b":{"c":1,"c":1}}]}',
])  # fmt: skip
def test_an_escape_does_not_hide_a_twin(body: bytes) -> None:
    assert refusal(body) == "duplicate_key"


def test_the_refusal_names_the_key_and_no_more_of_it_than_fits_a_line() -> None:
    with pytest.raises(InvalidDocument, match="'model' stands twice"):
        read_document(b'{"model":1,"model":2}', DEPTH)
    with pytest.raises(InvalidDocument) as caught:
        read_document(b'{"%b":1,"%b":2}' % (b"k" * 9000, b"k" * 9000), DEPTH)
    assert len(str(caught.value)) < 200


def test_the_same_key_in_two_objects_is_no_twin() -> None:
    assert read_document(b'{ "a": [{"b": 1}, {"b": 2}], "b": 3 }', DEPTH) == {"a": [{"b": 1}, {"b": 2}], "b": 3}


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b'{"a":1', b'{"a":1}x', b'{"a":1}{"a":1}', b"{'a':1}", b'{"a":1,}', b'{"a" 1}', b"{a:1}",
    b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16"), b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":01}',
    b'{"a":+1}', b'{"a":.5}', b'{"a":1.}', b'{"a":0x1}', b'{"a":1e400}', b'{"a":"\x01"}', b'{"a":"\t"}',
    b'{"a":"\xff"}', b'{"\xff":1}',
    b'{"a":"\xed\xa0\x80"}', rb'{"a":"\ud800"}', rb'{"a":"\udc00\ud800"}', rb'{"a":"\ud800a"}', rb'{"\udfff":1}',
    rb'{"a":"\x41"}', b'{"a":1}//', b"/**/{}",
])  # fmt: skip
def test_what_readers_disagree_about_is_no_json(body: bytes) -> None:
    assert refusal(body) == "invalid_json"


@pytest.mark.parametrize("body", [b"[]", b"null", b'"{}"', b"1", b"true", b"[{}]"])
def test_only_an_object_is_a_document(body: bytes) -> None:
    assert refusal(body) == "invalid_json"


@pytest.mark.parametrize("number", ["0", "-1", "18446744073709551616", "1" * 60, "0.1", "1e2", "-0.0", "5e-324"])
def test_a_number_keeps_its_value_and_its_kind(number: str) -> None:
    read = read_document(b'{"a":%b}' % number.encode(), DEPTH)["a"]
    assert (read, type(read)) == (json.loads(number), type(json.loads(number)))


def nested(levels: int) -> bytes:
    """A document of that many levels, itself included."""
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@given(st.integers(2, 60), st.integers(1, 60))
def test_the_limit_on_depth_is_exact(levels: int, limit: int) -> None:
    if levels <= limit:
        assert read_document(nested(levels), limit)
    else:
        assert refusal(nested(levels), limit) == "json_too_deep"


def test_brackets_in_a_text_and_siblings_are_no_depth() -> None:
    assert read_document(b'{"a":"' + b"[" * 500 + b'"}', 2)
    assert read_document(b'{"a":[' + b"{}," * 500 + b"{}]}", 3)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_bomb_of_depth_is_refused_and_does_no_harm(opening: bytes) -> None:
    assert refusal(b'{"a":' + opening * 300_000) == "json_too_deep"


def test_more_objects_and_arrays_than_can_be_looked_through_at_once_are_refused() -> None:
    many = b"[" + b",".join([b"{}"] * (MAX_CONTAINERS - 2)) + b"]"
    assert read_document(b'{"a":%b}' % many, DEPTH)
    assert refusal(b'{"a":%b,"b":[]}' % many) == "json_too_complex"
    assert read_document(b'{"a":"%b"}' % (b"{" * 2 * MAX_CONTAINERS), DEPTH), "brackets in a text are not counted"

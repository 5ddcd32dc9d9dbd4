"""Sealed chunks: whatever is done to them is found."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.backups.damage import Damaged
from operations.backups.sealing import CHUNK_BYTES, SEALED_BYTES, sealed, unsealed

KEY = bytes(range(32))
LONG = bytes(i % 251 for i in range(3 * CHUNK_BYTES + 100))


def opened(chunks: list[bytes], key: bytes = KEY) -> bytes:
    return b"".join(unsealed(chunks, key))


@given(st.lists(st.binary(max_size=3000), max_size=20))
def test_what_was_sealed_is_what_is_opened(blocks: list[bytes]) -> None:
    assert opened(list(sealed(blocks, KEY))) == b"".join(blocks)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_chunks_are_full_but_the_last(size: int) -> None:
    chunks = list(sealed([LONG[:size]], KEY))
    assert [len(chunk) for chunk in chunks[:-1]] == [SEALED_BYTES] * (len(chunks) - 1)
    assert opened(chunks) == LONG[:size]


@given(st.data())
def test_one_flipped_bit_is_found_and_its_chunk_named(data: st.DataObject) -> None:
    chunks = list(sealed([LONG], KEY))
    which = data.draw(st.integers(0, len(chunks) - 1))
    at = data.draw(st.integers(0, len(chunks[which]) - 1))
    changed = bytearray(chunks[which])
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    chunks[which] = bytes(changed)
    with pytest.raises(Damaged, match=f"chunk {which} "):
        opened(chunks)


@pytest.mark.parametrize("change", [
    lambda chunks: chunks[:-1], lambda chunks: chunks[1:], lambda chunks: [chunks[1], chunks[0], *chunks[2:]],
    lambda chunks: [*chunks, chunks[-1]], lambda chunks: [*chunks, b""], lambda chunks: chunks[:1] * len(chunks),
    lambda chunks: [*chunks[:-1], chunks[-1][:-1]], lambda chunks: [*chunks[:-1], chunks[-1] + b"\0"]],
    ids=["cut", "beheaded", "reordered", "doubled", "prolonged", "repeated", "shortened", "lengthened"])
def test_chunks_that_are_not_the_ones_in_their_order_are_found(change) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Damaged):
        opened(change(list(sealed([LONG], KEY))))


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Damaged, match="chunk 0 "):
        opened(list(sealed([LONG], KEY)), bytes(32))


def test_a_stream_is_sealed_while_it_comes() -> None:
    """In constant memory: the first chunk is there before the stream has ended."""
    coming = chain([LONG], iter(lambda: pytest.fail("read too far"), None))
    assert len(next(sealed(coming, KEY))) == SEALED_BYTES

"""A backup's file: whatever is done to it is found, at every place."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operations.backups.archive import END, Archive, written
from operations.backups.damage import Damaged, WrongKey
from operations.backups.sealing import SEALED_BYTES
from tests.operations.backups.manifests import KEY, manifest

MEMBERS = [("database", [b"page" * 1000, b"", b"more"]), ("writers.json", [b"{}"]), ("empty", [])]
NOISE = bytes((i * i * 31 + i // 7) % 251 ^ (i >> 5) % 256 for i in range(300_000))  # too varied to be compressed away


def archived(folder: Path, members: list[tuple[str, list[bytes]]] = MEMBERS) -> Path:
    path = folder / "one.gwbackup"
    path.write_bytes(b"".join(written(manifest(), members, KEY)))
    return path


def read(path: Path, key: bytes = KEY) -> dict[str, bytes]:
    return {name: b"".join(blocks) for name, blocks in Archive(path).members(key)}


def test_what_was_put_in_comes_out_and_anybody_can_read_the_head(tmp_path: Path) -> None:
    path = archived(tmp_path)
    assert read(path) == {"database": b"page" * 1000 + b"more", "writers.json": b"{}", "empty": b""}
    assert Archive(path).manifest == manifest()
    Archive(path).check_sum()


def test_members_that_nobody_reads_are_checked_all_the_same(tmp_path: Path) -> None:
    assert [name for name, _ in Archive(archived(tmp_path)).members(KEY)] == ["database", "writers.json", "empty"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_flipped_bit_anywhere_is_found(tmp_path: Path, data: st.DataObject) -> None:
    """In the magic, the head, its mark, any chunk, the checksum and the end."""
    path = archived(tmp_path)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    with pytest.raises((Damaged, WrongKey)):
        read(path)
    with pytest.raises(Damaged):  # also without the key
        Archive(path).check_sum()


def test_every_single_byte_of_a_small_backup_counts(tmp_path: Path) -> None:
    path = archived(tmp_path, [("a", [b"b"])])
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1:])
        with pytest.raises((Damaged, WrongKey)):
            read(path)


@pytest.mark.parametrize("length", [0, 5, 11, 12, 40, 300, -1, -len(END), -len(END) - 20, -SEALED_BYTES])
def test_a_backup_that_was_cut_short_is_found(length: int, tmp_path: Path) -> None:
    path = archived(tmp_path, [("database", [NOISE])])
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(Damaged):
        read(path)


def test_a_cut_that_has_a_new_end_and_a_new_checksum_is_found(tmp_path: Path) -> None:
    """Whoever lacks the key can make both, and no last chunk."""
    path = archived(tmp_path, [("database", [NOISE])])
    whole = path.read_bytes()
    begin = Archive(path)._begin
    cut = whole[: begin + SEALED_BYTES]
    path.write_bytes(cut + hashlib.sha256(cut).digest() + END)
    Archive(path).check_sum()
    with pytest.raises(Damaged, match="chunk"):
        read(path)


def test_bytes_behind_the_end_are_found(tmp_path: Path) -> None:
    path = archived(tmp_path)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Damaged, match="end"):
        read(path)


def test_the_chunks_of_another_backup_do_not_fit(tmp_path: Path) -> None:
    """Not even under the same key, and with everything mended that can be mended without it."""
    first = archived(tmp_path)
    other = b"".join(written(manifest(salt="11" * 16), MEMBERS, KEY))
    begin = Archive(first)._begin
    mixed = first.read_bytes()[:begin] + other[begin:-32 - len(END)]
    first.write_bytes(mixed + hashlib.sha256(mixed).digest() + END)
    with pytest.raises(Damaged, match="chunk 0"):
        read(first)


def test_the_wrong_key_is_told_from_damage_and_the_right_one_is_named(tmp_path: Path) -> None:
    path = archived(tmp_path)
    with pytest.raises(WrongKey, match=f"{manifest().key}.*an operator's master key"):
        read(path, bytes(32))


def test_a_file_of_another_kind_is_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "other"
    for content in (b"", b"PK\3\4 something else" * 100):
        path.write_bytes(content)
        with pytest.raises(Damaged, match="no backup"):
            Archive(path)


def test_a_backup_of_a_later_format_says_so(tmp_path: Path) -> None:
    path = tmp_path / "later"
    path.write_bytes(b"".join(written(manifest(format=2), MEMBERS, KEY)))
    with pytest.raises(Damaged, match="format is 2"):
        Archive(path)

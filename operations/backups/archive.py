"""The file of a backup: a head that anybody can read, members that only the key opens, and a checksum.

    magic 8 | length u32 | manifest, JSON | HMAC-SHA-256 of all that, 32
    chunks of AES-256-GCM (see ``sealing``), of a zlib stream, of members:
        name length u16 | name | blocks: length u32 | bytes | ... | 0 u32 | SHA-256 of the member, 32
        ...
        0 u16
    SHA-256 of everything before, 32 | magic 8

Numbers are little-endian. The key of the chunks is derived from the backup key, a salt and the manifest: no two files
share one, and a manifest fits no other file's chunks. Whoever has no key can still find a flipped bit by the checksum;
whoever has it need not trust the checksum.
"""

import hmac
import struct
import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from operations.backups.damage import Damaged, WrongKey
from operations.backups.manifest import FORMAT, Manifest
from operations.backups.sealing import SEALED_BYTES, sealed, unsealed

MAGIC = b"GWBACKUP"
END = b"GWBKPEND"
_LENGTH = struct.Struct("<I")
_NAME = struct.Struct("<H")
_DIGEST_BYTES = 32
_TAIL_BYTES = _DIGEST_BYTES + len(END)
_MANIFEST_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20
_LEVEL = 2  # of zlib: pages and rows shrink to about a quarter, at several times the speed of the usual 6

Member = tuple[str, Iterable[bytes]]


def key_id(key: bytes) -> str:
    """The name of a backup key, which tells nothing of it."""
    return hmac.digest(key, b"gatewright backup key id", "sha256")[:8].hex()


def written(manifest: Manifest, members: Iterable[Member], key: bytes) -> Iterator[bytes]:
    """The bytes of a backup, from first to last."""
    checksum = sha256()
    for part in _before_checksum(manifest, members, key):
        checksum.update(part)
        yield part
    yield checksum.digest() + END


def _before_checksum(manifest: Manifest, members: Iterable[Member], key: bytes) -> Iterator[bytes]:
    told = msgspec.json.encode(manifest)
    head = MAGIC + _LENGTH.pack(len(told)) + told
    yield head + hmac.digest(_derived(key, b"head", manifest.salt), head, "sha256")
    yield from sealed(_compressed(_framed(members)), _chunk_key(key, manifest.salt, head))


def _derived(key: bytes, purpose: bytes, salt: str, bound: bytes = b"") -> bytes:
    # HKDF's second step (RFC 5869): the backup key is random already, and one block of 32 bytes is all that is needed.
    return hmac.digest(key, b"gatewright backup %b %b %b\x01" % (purpose, salt.encode(), bound), "sha256")


def _chunk_key(key: bytes, salt: str, head: bytes) -> bytes:
    return _derived(key, b"chunks", salt, sha256(head).digest())


def _framed(members: Iterable[Member]) -> Iterator[bytes]:
    for name, blocks in members:
        digest = sha256()
        yield _NAME.pack(len(name.encode())) + name.encode()
        for block in blocks:
            if block:
                digest.update(block)
                yield _LENGTH.pack(len(block)) + block
        yield _LENGTH.pack(0) + digest.digest()
    yield _NAME.pack(0)


def _compressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL)
    for block in blocks:
        yield packer.compress(block)
    yield packer.flush()


class Archive:
    """A backup's file, opened for reading. Its manifest is only what the file says until ``members`` has begun."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, and Damaged where it is no whole backup."""
        self.path = path
        with path.open("rb") as file:
            self._head, self._mark = _head_of(file)
            self.bytes = file.seek(0, 2)
            self._end = self.bytes - _TAIL_BYTES
            file.seek(max(0, self.bytes - len(END)))
            ending = file.read()
        self._begin = len(self._head) + len(self._mark)
        if ending != END or self._end < self._begin:
            raise Damaged("its end is missing: it was cut short, or has bytes behind it")
        self.manifest = _manifest_in(self._head)

    def check_sum(self) -> None:
        """Raises Damaged where the bytes are not those that were written. It takes no key."""
        checksum = sha256()
        with self.path.open("rb") as file:
            for block in _read(file, self._end):
                checksum.update(block)
            if file.read(_DIGEST_BYTES) != checksum.digest():
                raise Damaged("its checksum is wrong: a byte was changed somewhere")

    def check_key(self, key: bytes) -> None:
        """Raises WrongKey, and Damaged where the head was changed."""
        salt, named = self.manifest.salt, self.manifest.key
        if hmac.compare_digest(hmac.digest(_derived(key, b"head", salt), self._head, "sha256"), self._mark):
            return
        if named != key_id(key):
            whose = "an operator's master key" if self.manifest.key_is_given else f"{self.manifest.host}'s own host.key"
            raise WrongKey(f"it was made with key {named} ({whose}), and this is key {key_id(key)}")
        raise Damaged("its head was changed")

    def members(self, key: bytes) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Each member's name and blocks, which are read in order; raises Damaged, also at the very end.

        Nothing that is read may be relied on before all of it was.
        """
        self.check_key(key)
        with self.path.open("rb") as file:
            file.seek(self._begin)
            chunks = _read(file, self._end - self._begin, SEALED_BYTES)
            plain = _Plain(_decompressed(unsealed(chunks, _chunk_key(key, self.manifest.salt, self._head))))
            while name := plain.name():
                blocks = plain.blocks(name)
                yield name, blocks
                for _ in blocks:  # what nobody wanted
                    pass
            plain.finish()
        self.check_sum()


def _head_of(file: BinaryIO) -> tuple[bytes, bytes]:
    start = file.read(len(MAGIC) + _LENGTH.size)
    if not start.startswith(MAGIC):
        raise Damaged("it is no backup of gatewright, or its first bytes were changed")
    length = _LENGTH.unpack_from(start.ljust(len(MAGIC) + _LENGTH.size, b"\0"), len(MAGIC))[0]
    if not 0 < length <= _MANIFEST_BYTES:
        raise Damaged("its head was changed")
    return start + file.read(length), file.read(_DIGEST_BYTES)


def _manifest_in(head: bytes) -> Manifest:
    try:
        manifest = msgspec.json.decode(head[len(MAGIC) + _LENGTH.size:], type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Damaged("its head was changed") from None
    if manifest.format != FORMAT:
        raise Damaged(f"its format is {manifest.format}, and this release reads {FORMAT}")
    return manifest


def _read(file: BinaryIO, length: int, size: int = _BLOCK_BYTES) -> Iterator[bytes]:
    while length > 0:
        block = file.read(min(size, length))
        if not block:
            raise Damaged("it was cut short while it was read")
        length -= len(block)
        yield block


def _decompressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj()
    for block in blocks:
        held = block
        while held:
            yield unpacker.decompress(held, _BLOCK_BYTES)
            held = unpacker.unconsumed_tail
    if not unpacker.eof or unpacker.unused_data:
        raise Damaged("its members do not end where they should")


class _Plain:
    """Members out of a stream of plain bytes, which were authenticated: what does not fit is a bug, not an attack."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = b""

    def _exactly(self, size: int) -> bytes:
        parts = [self._held]
        have = len(self._held)
        while have < size:
            try:
                block = next(self._blocks)
            except StopIteration:
                raise Damaged("its members end too early") from None
            parts.append(block)
            have += len(block)
        joined = b"".join(parts)
        self._held = joined[size:]
        return joined[:size]

    def name(self) -> str:
        return self._exactly(_NAME.unpack(self._exactly(_NAME.size))[0]).decode()

    def blocks(self, name: str) -> Iterator[bytes]:
        digest = sha256()
        while length := _LENGTH.unpack(self._exactly(_LENGTH.size))[0]:
            block = self._exactly(length)
            digest.update(block)
            yield block
        if self._exactly(_DIGEST_BYTES) != digest.digest():
            raise Damaged(f"the member {name} is not what was put in")

    def finish(self) -> None:
        if self._held or any(self._blocks):
            raise Damaged("its members do not end where they should")

"""Idempotency: a request that is sent again under the same key is answered with the reply that it was given.

A key's reply lies in a file of its own in the host's state folder: all workers of the host see it, also those of the
next start. While the first request is answered its worker holds the file's lock, which the kernel lets go with the
process: a worker that dies leaves no key behind that is "in progress" for ever.

What is kept is encrypted, under a secret of the host's and the key that the client sent: who has the file alone, or the
host alone, reads nothing.
"""

import contextlib
import fcntl
import os
from hashlib import blake2b
from pathlib import Path

import msgspec

from gateway.cache.entry import Entry, decode, encode

FOLDER = "idempotency"
TTL_SECONDS = 24 * 3600.0
REPLY_BYTES = 8 << 20  # a larger reply is not kept: the request is then made anew
_DIGEST_BYTES = 32
_NONCE_BYTES = 12


class InProgress(Exception):
    """The first request under this key is still being answered."""


class Reused(Exception):
    """The key has been used for another request."""


class Claim:
    """The right to answer under a key. Ends in ``keep`` or ``let_go``, and either may be called once."""

    def __init__(self, fd: int, path: Path, question: bytes, seal: "Seal") -> None:
        self._fd = fd
        self._path = path
        self._question = question
        self._seal = seal

    def keep(self, entry: Entry) -> None:
        """Leaves the reply for whoever asks again."""
        data = self._question + self._seal.closed(encode(entry), self._question)
        try:
            aside = self._path.with_suffix(f".{os.getpid()}.{self._fd}")
            aside.write_bytes(data)
            aside.replace(self._path)
        except OSError:
            self._remove()  # a full disk: asked again, it is made anew
        self._close()

    def let_go(self) -> None:
        """Leaves nothing: the next request under the key is the first one."""
        self._remove()
        self._close()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1

    @property
    def open(self) -> bool:
        return self._fd >= 0


class Claims:
    """The keys of one host. ``secret`` hides them in names, and is half of what encrypts what is kept."""

    def __init__(self, state: Path, secret: bytes) -> None:
        self._folder = state / FOLDER
        self._secret = secret

    def claim(self, tenant: str, key: str, question: bytes, now: float) -> Claim | Entry:
        """What was answered under the key, or the right to answer. ``question`` are 32 bytes that tell the request from
        others; ``now`` is in Unix seconds. Raises InProgress, Reused, and OSError where the state folder fails."""
        path = self._folder / self._name(tenant, key)
        while True:
            fd = self._opened(path)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                raise InProgress from None
            if os.fstat(fd).st_nlink == 0 or not _is(path, fd):
                os.close(fd)  # its owner has put something else in its place meanwhile
                continue
            return self._claimed(fd, path, question, Seal(self._secret, key), now)

    def _claimed(self, fd: int, path: Path, question: bytes, seal: "Seal", now: float) -> Claim | Entry:
        kept = _read(fd)
        entry = _entry_in(kept, seal, now) if kept else None
        if entry is None:
            return Claim(fd, path, question, seal)
        os.close(fd)
        if kept[:_DIGEST_BYTES] != question:
            raise Reused
        return entry

    def _opened(self, path: Path) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(path, flags, 0o600)

    def _name(self, tenant: str, key: str) -> str:
        told = tenant.encode("utf-8", "surrogatepass")
        return blake2b(b"%d:%b%b" % (len(told), told, key.encode()), key=self._secret, digest_size=20).hexdigest()

    def sweep(self, now: float) -> int:
        """Removes what is too old; returns how many. What is locked is somebody's."""
        removed = 0
        with contextlib.suppress(FileNotFoundError):
            for path in list(self._folder.iterdir()):
                with contextlib.suppress(OSError):
                    if now - path.stat().st_mtime >= TTL_SECONDS:
                        path.unlink()
                        removed += 1
        return removed


class Seal:
    """AES-256-GCM under one client's key."""

    def __init__(self, secret: bytes, key: str) -> None:
        # Some milliseconds, which only those pay who are sent such keys.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        self._cipher = AESGCM(blake2b(key.encode(), key=secret, digest_size=32, person=b"idempotency").digest())

    def closed(self, payload: bytes, about: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, payload, about)

    def opened(self, data: bytes, about: bytes) -> bytes | None:
        """None for what was damaged, or is another's."""
        from cryptography.exceptions import InvalidTag
        try:
            return self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], about)
        except (InvalidTag, ValueError):
            return None


def _entry_in(kept: bytes, seal: Seal, now: float) -> Entry | None:
    """None for what is too old, damaged or of another release: it is as good as none."""
    payload = seal.opened(kept[_DIGEST_BYTES:], kept[:_DIGEST_BYTES])
    if payload is None:
        return None
    try:
        entry = decode(payload)
    except msgspec.DecodeError:
        return None
    return entry if now - entry.stored_at < TTL_SECONDS else None


def _is(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(fd))
    except FileNotFoundError:
        return False


def _read(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    return os.pread(fd, size, 0) if size else b""

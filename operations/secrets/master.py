"""The master key: every other key of the host is derived from it, or wrapped by one that is."""

import base64
import binascii
import os
from collections.abc import Mapping
from hashlib import sha256
from hmac import digest
from pathlib import Path

from gateway.host_keys import HostKeys

MASTER_VARIABLE = "GATEWRIGHT_MASTER_KEY"
FILE_VARIABLE = "GATEWRIGHT_MASTER_KEY_FILE"
KEY_BYTES = 32
HOST_FILE = "host.key"


class BadMasterKey(Exception):
    """What should be a master key is none; the message says what is wrong with it and never repeats it."""


class MasterKey:
    """32 bytes. ``is_given`` says that an operator gave them, in the environment or in a file that it names; otherwise
    they are the host's own, made at its first start and kept in its state folder, and are no protection against whoever
    reads that.
    """

    def __init__(self, key: bytes, is_given: bool) -> None:
        if len(key) != KEY_BYTES:
            raise BadMasterKey(f"a master key has {KEY_BYTES} bytes, this one {len(key)}")
        self._key = key
        self.is_given = is_given

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF with SHA-256, RFC 5869, one block without salt): none tells another."""
        extracted = digest(bytes(sha256().digest_size), self._key, sha256)
        return digest(extracted, b"gatewright " + purpose.encode() + b"\x01", sha256)

    def host_keys(self) -> HostKeys:
        """What the data workers are given. Sealing is possible only under a key that an operator gave."""
        return HostKeys(self.derived("pseudonym"), self.derived("mark"), self._sealing() if self.is_given else b"",
                        self.derived("cache"), self.derived("files"))

    def _sealing(self) -> bytes:
        # Costs an import of some milliseconds, which hosts that keep no content do without.
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
        return X25519PrivateKey.from_private_bytes(self.derived("sealing")).public_key().public_bytes_raw()


def master_key(environment: Mapping[str, str], state: Path) -> MasterKey:
    """The operator's key, or the host's own, made where there is none. Raises BadMasterKey, OSError."""
    if environment.get(MASTER_VARIABLE):
        return MasterKey(_decoded(environment[MASTER_VARIABLE], MASTER_VARIABLE), is_given=True)
    if environment.get(FILE_VARIABLE):
        path = Path(environment[FILE_VARIABLE])
        return MasterKey(_decoded(path.read_text().strip(), f"{FILE_VARIABLE} ({path})"), is_given=True)
    return MasterKey(_of_host(state / HOST_FILE), is_given=False)


def given_in(environment: Mapping[str, str]) -> bool:
    """Whether an operator gives a master key there."""
    return bool(environment.get(MASTER_VARIABLE) or environment.get(FILE_VARIABLE))


def _decoded(written: str, where: str) -> bytes:
    try:
        key = base64.b64decode(written.encode(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise BadMasterKey(f"{where}: expected {KEY_BYTES} random bytes in base64, as 'openssl rand -base64 32' gives")
    return key


def _of_host(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    key = os.urandom(KEY_BYTES)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:  # another process was first
        return path.read_bytes()
    with os.fdopen(fd, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key

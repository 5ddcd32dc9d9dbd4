"""The keys that a data worker holds: enough to name a subject, to mark its ids and to seal content, not to open it."""

from hashlib import blake2b

import msgspec

SUBJECT_BYTES = 16


class HostKeys(msgspec.Struct, frozen=True):
    """``pseudonym``, ``mark``, ``cache`` and ``files`` are 32 secret bytes each; ``sealing`` is the public X25519 key
    of whoever may open what is sealed, empty where nothing may be kept. Hosts that share a master key have the same
    ones.
    """

    pseudonym: bytes
    mark: bytes
    sealing: bytes = b""
    cache: bytes = bytes(32)  # names places in the cache and signs what lies there
    files: bytes = bytes(32)  # encrypts files and batches

    def subject_of(self, tenant: str, user: str) -> str:
        """The pseudonym of a tenant's user: the same one always, and nobody's name."""
        # The length first: no two pairs of tenant and user are the same bytes.
        named = tenant.encode("utf-8", "surrogatepass")
        told = b"%d:%b%b" % (len(named), named, user.encode("utf-8", "surrogatepass"))
        return blake2b(told, key=self.pseudonym, digest_size=SUBJECT_BYTES).hexdigest()

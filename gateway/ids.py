"""Ids of exchanges: unique over workers, hosts and restarts, in order of time within a worker, and not to be forged."""

import os
import re
from collections.abc import Callable
from hashlib import blake2b
from hmac import compare_digest

MARK_BYTES = 6
_MARKED = re.compile(r"([0-9a-f]{32})([0-9a-f]{12})")


class ExchangeIds:
    """Makes ids of 32 hexadecimal digits: 22 drawn for this worker's life (12 of them its start in Unix milliseconds),
    10 counted. The life is also the writer's name in the journal."""

    def __init__(self, wall: Callable[[], float], entropy: Callable[[int], bytes] = os.urandom) -> None:
        self.life = f"{int(wall() * 1000):012x}{entropy(5).hex()}"
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return f"{self.life}{self._count:010x}"


class IdMarks:
    """Marks ids with whose they are: 12 digits more, a keyed hash of the id and the tenant.

    A worker can so tell without asking anybody whether an id was given out to a tenant by this installation (by hosts
    that share a key, now or long ago). To guess a mark takes 2^48 requests.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._of_tenant: dict[str, blake2b] = {}  # as many as the keys of the settings name

    def marked(self, exchange_id: str, tenant: str) -> str:
        """The id with its mark."""
        # The tenant went in before: what is left is one block, in about a microsecond.
        mark = (self._of_tenant.get(tenant) or self._begun(tenant)).copy()
        mark.update(exchange_id.encode())
        return exchange_id + mark.hexdigest()

    def has_marked(self, written: str, tenant: str) -> bool:
        """Whether ``written``, by whoever, is the marked id of an exchange of this tenant."""
        found = _MARKED.fullmatch(written)
        return found is not None and compare_digest(self.marked(found[1], tenant), written)

    def hashed(self, said: bytes) -> str:
        """32 digits that stand for ``said`` and tell nobody else anything of it."""
        return blake2b(said, key=self._key, digest_size=16, person=b"said").hexdigest()

    def _begun(self, tenant: str) -> blake2b:
        begun = blake2b(tenant.encode("utf-8", "surrogatepass") + b"\0", key=self._key, digest_size=MARK_BYTES,
                        person=b"exchange id")
        return self._of_tenant.setdefault(tenant, begun)

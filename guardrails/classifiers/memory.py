"""What was found in texts that were read before: a conversation sends its earlier messages again with every turn."""

from collections import OrderedDict
from hashlib import blake2b
from typing import Any

from guardrails.classifiers.classifier import Vector

Key = tuple[str, bytes]
LIMIT = 100_000
_BYTES = 64  # of what is no list of findings weigh as much as one


def key_of(classifier: str, text: str) -> Key:
    """Of a text only its digest is kept."""
    return classifier, digest_of(text)


def digest_of(text: str) -> bytes:
    """What stands for a text where only its sameness matters."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Memory:
    """What classifiers concluded of the texts that were asked for last. Bounded: a text weighs one, and one for each
    finding."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._known: OrderedDict[Key, Any] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key) -> Any:
        """None where it is not known."""
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        return found

    def put(self, key: Key, found: Any) -> None:
        self._weight -= _weight(self._known.pop(key)) if key in self._known else 0
        self._known[key] = found
        self._weight += _weight(found)
        while self._weight > self._limit:
            self._weight -= _weight(self._known.popitem(last=False)[1])


def _weight(found: Any) -> int:
    if isinstance(found, Vector):
        return 1 + len(found.values) // _BYTES
    return 1 + (len(found) if isinstance(found, list) else int(getattr(found, "nbytes", 0)) // _BYTES)

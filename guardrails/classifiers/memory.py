"""What was found in texts that were read before: a conversation sends its earlier messages again with every turn."""

from collections import OrderedDict
from hashlib import blake2b

from guardrails.classifiers.classifier import Span

Key = tuple[str, bytes]
LIMIT = 100_000


def key_of(classifier: str, text: str) -> Key:
    """Of a text only its digest is kept."""
    return classifier, blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Memory:
    """The findings of the texts that were asked for last. Bounded: a text weighs one, and one for each finding."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._known: OrderedDict[Key, list[Span]] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key) -> list[Span] | None:
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        return found

    def put(self, key: Key, found: list[Span]) -> None:
        self._weight -= 1 + len(self._known.pop(key)) if key in self._known else 0
        self._known[key] = found
        self._weight += 1 + len(found)
        while self._weight > self._limit:
            self._weight -= 1 + len(self._known.popitem(last=False)[1])

"""Merkle trees as RFC 6962 has them (section 2.1): roots, proofs of inclusion and of consistency. No I/O.

Leaves are given as their hashes. A tree of n leaves splits at the largest power of two below n, so that a tree that
grows keeps its full subtrees: that is what makes a proof of consistency short.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()  # the root of a tree without leaves
HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that only grows. It keeps the roots of its full subtrees, one a set bit of ``size``, and no leaf."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._roots: list[bytes] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        rest = self.size
        while rest & 1:
            leaf = node_hash(self._roots.pop(), leaf)
            rest >>= 1
        self._roots.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self._roots:
            return EMPTY
        *others, root = self._roots
        for left in reversed(others):
            root = node_hash(left, root)
        return root

    def copy(self) -> "Tree":
        copied = Tree()
        copied.size, copied._roots = self.size, list(self._roots)
        return copied


def root_of(leaves: Iterable[bytes]) -> bytes:
    return Tree(leaves).root()


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings on the way from leaf ``index`` to the root, the lowest first; raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no leaf {index} of {len(leaves)}")
    if len(leaves) == 1:
        return []
    half = _split(len(leaves))
    if index < half:
        return [*inclusion_proof(leaves[:half], index), root_of(leaves[half:])]
    return [*inclusion_proof(leaves[half:], index - half), root_of(leaves[:half])]


def consistency_proof(leaves: Sequence[bytes], before: int) -> list[bytes]:
    """What shows that the tree of the first ``before`` leaves became the tree of all; raises IndexError."""
    if not 0 <= before <= len(leaves):
        raise IndexError(f"there are no {before} of {len(leaves)} leaves")
    return _consistency(leaves, before, True) if 0 < before < len(leaves) else []


def _consistency(leaves: Sequence[bytes], before: int, whole: bool) -> list[bytes]:
    # ``whole``: the subtree is the old tree itself, whose root the verifier has.
    if before == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = _split(len(leaves))
    if before <= half:
        return [*_consistency(leaves[:half], before, whole), root_of(leaves[half:])]
    return [*_consistency(leaves[half:], before - half, False), root_of(leaves[:half])]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from a leaf to the root of a tree of ``size`` leaves (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, reached = index, size - 1, leaf
    for sibling in proof:
        if not last:
            return False
        if place & 1 or place == last:
            reached = node_hash(sibling, reached)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        place, last = place >> 1, last >> 1
    return not last and reached == root


def is_consistent(before: int, old: bytes, after: int, new: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that a tree grew from root ``old`` to root ``new`` (RFC 9162, section 2.1.4.2)."""
    if not 0 <= before <= after:
        return False
    if before == after or not before:
        return not proof and (old == new if before == after else old == EMPTY)
    path = [old, *proof] if not before & (before - 1) else list(proof)  # a full tree is a subtree of the new one
    if not path:
        return False
    place, last = before - 1, after - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first, *rest = path
    old_reached = new_reached = first
    for sibling in rest:
        if not last:
            return False
        if place & 1 or place == last:
            old_reached, new_reached = node_hash(sibling, old_reached), node_hash(sibling, new_reached)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_reached = node_hash(new_reached, sibling)
        place, last = place >> 1, last >> 1
    return not last and old_reached == old and new_reached == new

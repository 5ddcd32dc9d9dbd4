"""RFC 6962's trees: the published vectors, and that every short way agrees with the definition."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.audit.merkle import (
    EMPTY,
    Tree,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
)

# The eight leaves and their roots with which implementations of Certificate Transparency are tested.
INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"]
LEAVES = [leaf_hash(data) for data in INPUTS]

# By index and size, the index from 1 on.
INCLUSIONS = [
    (1, 1, []),
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (2, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"])]
CONSISTENCIES = [
    (1, 1, []),
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 5, ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"])]


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(defined_root(leaves[:half]), defined_root(leaves[half:]))


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_the_published_ones(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_a_tree_without_leaves_has_the_root_of_nothing() -> None:
    assert root_of([]) == EMPTY == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


@pytest.mark.parametrize(("place", "size", "proof"), INCLUSIONS)
def test_the_proofs_of_inclusion_are_the_published_ones(place: int, size: int, proof: list[str]) -> None:
    made = inclusion_proof(LEAVES[:size], place - 1)
    assert [one.hex() for one in made] == proof
    assert is_included(LEAVES[place - 1], place - 1, size, made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("before", "after", "proof"), CONSISTENCIES)
def test_the_proofs_of_consistency_are_the_published_ones(before: int, after: int, proof: list[str]) -> None:
    made = consistency_proof(LEAVES[:after], before)
    assert [one.hex() for one in made] == proof
    assert is_consistent(before, bytes.fromhex(ROOTS[before - 1]), after, bytes.fromhex(ROOTS[after - 1]), made)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_a_growing_tree_has_the_defined_root_at_every_size(leaves: list[bytes]) -> None:
    tree = Tree()
    for size, leaf in enumerate(leaves, 1):
        tree.add(leaf)
        assert tree.root() == defined_root(leaves[:size])
    copied = tree.copy()
    copied.add(EMPTY)
    assert (tree.size, tree.root()) == (len(leaves), defined_root(leaves))


def test_every_leaf_of_every_small_tree_is_proven_and_at_no_other_place() -> None:
    for size in range(1, 20):
        leaves = leaves_of(size)
        root = root_of(leaves)
        for index, leaf in enumerate(leaves):
            proof = inclusion_proof(leaves, index)
            places = [place for place in range(-1, size + 2) if is_included(leaf, place, size, proof, root)]
            assert places == [index]


def test_every_growth_of_every_small_tree_is_proven() -> None:
    for after in range(20):
        leaves = leaves_of(after)
        for before in range(after + 1):
            proof = consistency_proof(leaves, before)
            assert is_consistent(before, root_of(leaves[:before]), after, root_of(leaves), proof)


@given(st.integers(1, 60), st.data())
def test_a_proof_with_anything_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root, other = inclusion_proof(leaves, index), root_of(leaves), sha256(b"other").digest()
    assert not is_included(other, index, size, proof, root)
    assert not is_included(leaves[index], index, size, proof, other)
    assert not is_included(leaves[index], index, size, [*proof, other], root)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        assert not is_included(leaves[index], index, size, proof[:place] + proof[place + 1:], root)
        assert not is_included(leaves[index], index, size, [*proof[:place], other, *proof[place + 1:]], root)


@given(st.integers(1, 60), st.data())
def test_no_proof_makes_a_rewritten_tree_consistent(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    before = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, before - 1))
    rewritten = [*leaves[:changed], sha256(b"other").digest(), *leaves[changed + 1:]]
    for proof in (consistency_proof(leaves, before), consistency_proof(rewritten, before)):
        assert not is_consistent(before, root_of(leaves[:before]), size, root_of(rewritten), proof)


def test_what_is_not_there_has_no_proof() -> None:
    with pytest.raises(IndexError):
        inclusion_proof(leaves_of(3), 3)
    with pytest.raises(IndexError):
        consistency_proof(leaves_of(3), 4)
    assert not is_consistent(3, root_of(leaves_of(3)), 2, root_of(leaves_of(2)), [])
    assert not is_consistent(2, root_of(leaves_of(2)), 3, root_of(leaves_of(3)), [])

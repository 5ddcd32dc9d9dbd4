"""Assignment: which version a unit gets. A hash and nothing else, so every worker on every host says the same."""

from hashlib import blake2b

import msgspec

from routing.split import Split

_FRACTION_BITS = 52  # what a double holds exactly, and finer than any weight


class Assignment(msgspec.Struct, frozen=True):
    """A version, the probability with which this unit's kind gets it, and where the unit fell."""

    version: str
    propensity: float
    fraction: float


class Assigner:
    """Assigns the units of one split under one salt."""

    def __init__(self, split: Split, salt: str) -> None:
        self._split = split
        # The salt's length goes first, so that no two pairs of salt and unit run together to the same bytes.
        salted = salt.encode()
        self._salted = blake2b(len(salted).to_bytes(4, "big") + salted, digest_size=8)

    def fraction_of(self, unit: str) -> float:
        """Maps a unit to [0, 1), uniformly: the first 52 bits of BLAKE2b(salt ‖ unit)."""
        digest = self._salted.copy()
        digest.update(unit.encode("utf-8", "surrogatepass"))
        return (int.from_bytes(digest.digest(), "big") >> (64 - _FRACTION_BITS)) / (1 << _FRACTION_BITS)

    def assign(self, unit: str) -> Assignment:
        fraction = self.fraction_of(unit)
        arm = self._split.arm_at(fraction)
        return Assignment(arm.version, arm.propensity, fraction)


def fraction_of(salt: str, unit: str) -> float:
    """The fraction of one unit under one salt; see Assigner."""
    return Assigner(Split({"": 1}), salt).fraction_of(unit)


def assign(split: Split, salt: str, unit: str) -> Assignment:
    """The assignment of one unit; see Assigner."""
    return Assigner(split, salt).assign(unit)

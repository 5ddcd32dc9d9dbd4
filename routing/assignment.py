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


def fraction_of(salt: str, unit: str) -> float:
    """Maps a unit to [0, 1), uniformly: the first 52 bits of BLAKE2b(salt ‖ unit).

    The salt's length goes first, so that no two pairs of salt and unit run together to the same bytes.
    """
    salted = salt.encode()
    digest = blake2b(len(salted).to_bytes(4, "big") + salted + unit.encode("utf-8", "surrogatepass"), digest_size=8)
    return (int.from_bytes(digest.digest(), "big") >> (64 - _FRACTION_BITS)) / (1 << _FRACTION_BITS)


def assign(split: Split, salt: str, unit: str) -> Assignment:
    fraction = fraction_of(salt, unit)
    arm = split.arm_at(fraction)
    return Assignment(arm.version, arm.propensity, fraction)

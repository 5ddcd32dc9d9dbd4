"""Check digits. Pure functions over ASCII digits as bytes; each says whether the number's own arithmetic holds."""

from collections.abc import Callable, Sequence
from operator import mul

# Verhoeff's dihedral group D5 and his permutation (J. Verhoeff, Error Detecting Decimal Codes, 1969).
_DIHEDRAL = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432",
             "7659821043", "8765932104", "9876543210")
_PERMUTED = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415",
             "7046913258")
_VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
# Digits and letters as ISO 13616 counts them: A is 10.
_BASE_36 = tuple(str(int(chr(code), 36)) if chr(code).isalnum() else "" for code in range(128))


def luhn(digits: bytes) -> bool:
    """ISO/IEC 7812-1, annex B: cards, SIN, personnummer."""
    return (sum(digits[-1::-2].translate(_VALUES)) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def verhoeff(digits: bytes) -> bool:
    """Aadhaar."""
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = int(_DIHEDRAL[state][int(_PERMUTED[place % 8][digit - 48])])
    return state == 0


def mod_11_10(digits: bytes) -> bool:
    """ISO 7064 MOD 11,10: German tax number, Croatian OIB."""
    product = 10
    for digit in digits[:-1]:
        product = ((digit - 48 + product) % 10 or 10) * 2 % 11
    return (product + digits[-1] - 48) % 10 == 1


def mod_97(account: bytes) -> bool:
    """ISO 13616: an IBAN without blanks, upper case."""
    rearranged = account[4:] + account[:4]
    return int("".join([_BASE_36[character] for character in rearranged])) % 97 == 1


def total(digits: bytes, weights: Sequence[int]) -> int:
    """The sum of digits times weights, over the shorter of both."""
    return sum(map(mul, digits.translate(_VALUES), weights))


def weighted(weights: Sequence[int], modulus: int, remainder: int = 0) -> Callable[[bytes], bool]:
    """A check that the weighted sum over all digits leaves ``remainder``."""
    def check(digits: bytes) -> bool:
        return total(digits, weights) % modulus == remainder
    return check


def completed(weights: Sequence[int], modulus: int = 11, ten: int = 0) -> Callable[[bytes], bool]:
    """A check that the last digit makes the weighted sum of the others a multiple; a remainder of 10 is written ``ten``
    (-1: such numbers are not issued)."""
    def check(digits: bytes) -> bool:
        digit = -total(digits[:-1], weights) % modulus
        return digits[-1] - 48 == (ten if digit == 10 else digit)
    return check

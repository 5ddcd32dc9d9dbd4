"""Randomness: how much a value looks drawn by a machine, and how much like words that a person wrote."""

import math
import re
from typing import NamedTuple

# The commonest pairs of letters in English, German, French, Spanish and Italian text. Of the pairs of a word nearly all
# are among them, of the pairs of random letters about a quarter (182 of 676).
_COMMON_PAIRS = frozenset(
    b"th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro "
    b"ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so "
    b"rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl "
    b"ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke ui fr oo sp ag if ap gr od bo rd do uc bu ei ov by rm ep tt "
    b"oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um up go ck sw pt au eu".split())
_DIGITS = b"0123456789"
_LOWER = b"abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_HEX = b"0123456789abcdefABCDEF"
_PAIR = re.compile(rb"(?=([a-z]{2}))")
# Each character as what it is: a digit, a letter, or neither.
_KINDS = bytes(b"d"[0] if code in _DIGITS else b"l"[0] if code in _LOWER + _UPPER else b"."[0] for code in range(256))


class Classes(NamedTuple):
    """How many characters of each class a value has."""

    digits: int
    lower: int
    upper: int
    other: int

    @property
    def kinds(self) -> int:
        return sum(count > 0 for count in self)

    @property
    def letters(self) -> int:
        return self.lower + self.upper


def classes(value: bytes) -> Classes:
    length = len(value)
    digits, lower, upper = (length - len(value.translate(None, kind)) for kind in (_DIGITS, _LOWER, _UPPER))
    return Classes(digits, lower, upper, length - digits - lower - upper)


def entropy(value: bytes) -> float:
    """Shannon's entropy of the characters, in bits each: at most log2 of the length."""
    total = len(value)
    return math.log2(total) - sum(count * math.log2(count) for count in map(value.count, set(value))) / total


def wordiness(value: bytes) -> float:
    """The share of pairs of neighbouring letters that are common in words; 0 where there are no such pairs."""
    pairs = _PAIR.findall(value.lower())
    return sum(map(_COMMON_PAIRS.__contains__, pairs)) / len(pairs) if pairs else 0.0


def is_hexadecimal(value: bytes) -> bool:
    return not value.translate(None, _HEX)


def is_uuid(value: bytes) -> bool:
    """8-4-4-4-12 hexadecimal digits."""
    parts = value.split(b"-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(map(is_hexadecimal, parts))


def looks_random(value: bytes) -> bool:
    """Whether a value of at least ten characters has the mixture and the spread that generated keys have."""
    count = classes(value)
    if len(value) < 10 or not count.letters:
        return False
    spread = entropy(value)
    if is_hexadecimal(value):
        return len(value) >= 16 and count.digits > 0 and spread >= 2.8
    mixed = count.digits > 0 or (count.lower > 2 and count.upper > 2 and count.kinds > 1)
    if not mixed or spread < min(3.3, 0.8 * math.log2(len(value))):
        return False
    return alternations(value) >= max(4, len(value) // 8) or wordiness(value) < _most_wordy(count)


def alternations(value: bytes) -> int:
    """How often a digit and a letter are neighbours: words and numbers stand each by themselves."""
    kinds = value.translate(_KINDS)
    return kinds.count(b"dl") + kinds.count(b"ld")


def _most_wordy(count: Classes) -> float:
    """Few letters make few pairs, whose share says little; letters without digits must be the further from words."""
    if not count.digits:
        return 0.4
    return 0.75 if count.letters < 8 else 0.55

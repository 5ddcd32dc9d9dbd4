"""The social security number of the United States."""

from guardrails.detectors.personal_data.context import Nearest, continues
from guardrails.patterns.pattern import Candidate, Pattern

_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
_ssn_nearest = Nearest(
    ("ssn", "[a-z]{0,12}_ssn\\b", "social", "soc\\.? sec", "itin", "tax", "tin\\b"),
    ("order", "part", "sku", "serial", "model", "item", "invoice", "room", "phone", "tel\\b", "catalog", "ticket",
     "case", "isbn", "product", "version", "ref", "track", "lot\\b", "score", "error", "zip", "range"))
_ADVERTISED = (b"078051120", b"219099999", b"123456789", b"111111111", b"987654321")


def _ssn_issued(digits: bytes) -> bool:
    return (digits[:3] not in (b"000", b"666") and digits[0] != 57 and digits[3:5] != b"00" and digits[5:] != b"0000"
            and digits not in _ADVERTISED)


def _ssn(candidate: Candidate) -> float:
    digits = candidate.found.translate(None, _NOT_DIGITS)
    if continues(candidate.before) or candidate.groups[1] or not _ssn_issued(digits):
        return 0.0
    known = _ssn_nearest(candidate.before)
    if known:
        return 1.0
    dashed = b"-" in candidate.found or b"\xe2" in candidate.found
    return (0.9 if dashed else 0.45) if known is None else 0.3


def _ssn_plain(candidate: Candidate) -> float:
    if not _ssn_nearest(candidate.before) or continues(candidate.before):
        return 0.0
    return 0.8 if _ssn_issued(candidate.found) else 0.0


PATTERNS = (
    Pattern("SSN", "\\b(?P<found>\\d{3}[-\u2011]\\d\\d[-\u2011]\\d{4}|\\d{3} \\d\\d \\d{4})\\b([-./]\\w)?", check=_ssn),
    Pattern("SSN", r"\b\d{9}\b", check=_ssn_plain),
)

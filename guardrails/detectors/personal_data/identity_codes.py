"""National and tax numbers with letters in them, whose form is their own: DNI, codice fiscale, HETU, NINO, PAN."""

from guardrails.detectors.personal_data.checksums import total
from guardrails.detectors.personal_data.context import GENERAL_ID_WORDS, Words
from guardrails.detectors.personal_data.national_numbers import is_date
from guardrails.patterns.pattern import Candidate, Pattern

_DNI_LETTERS = b"TRWAGMYFPDXBNJZSQVHLCKE"
_HETU_CHECK = b"0123456789ABCDEFHJKLMNPRSTUVWXY"
_FISCAL_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_FISCAL_MONTHS = b"ABCDEHLMPRST"
_id_words = Words(
    *GENERAL_ID_WORDS, "dni\\b", "nie\\b", "nif\\b", "nino\\b", "ni n", "n\\.?i\\.? no", "national", "pps", "nric",
    "fin\\b", "hkid", "curp", "rfc\\b", "pan\\b", "permanent account", "personalausweis", "id\\b", "run\\b", "rut\\b",
    "hetu", "henkil", "codice", "card", "pancard")


def _dni(candidate: Candidate) -> float:
    found = candidate.found.upper().translate(None, b"-. ")
    number = found.replace(b"X", b"0", 1).replace(b"Y", b"1", 1).replace(b"Z", b"2", 1) if found[0] > 57 else found
    if not number[:-1].isdigit() or _DNI_LETTERS[int(number[:-1]) % 23] != found[-1]:
        return 0.0
    return 0.95 if _id_words(candidate.before) else 0.7 if found[0] > 57 else 0.45


def _hetu(candidate: Candidate) -> float:
    found = candidate.found
    number = int(found[:6] + found[7:10])
    return 1.0 if is_date(found[4:6], found[2:4], found[:2]) and _HETU_CHECK[number % 31] == found[10] else 0.0


def _fiscal(candidate: Candidate) -> float:
    """Codice fiscale: month and day must exist, and the last letter is the sum of tables by place."""
    found = candidate.found.upper()
    # Digits may be replaced by letters where two people would have the same code (omocodia).
    plain = found.translate(bytes.maketrans(b"LMNPQRSTUV", b"0123456789"))
    if found[8] not in _FISCAL_MONTHS or not 0 < int(plain[9:11]) % 40 < 32:
        return 0.0
    values = [character - (48 if character < 58 else 65) for character in found]
    check = (sum(_FISCAL_ODD[value] for value in values[0:15:2]) + sum(values[1:15:2])) % 26
    return 1.0 if check == values[15] else 0.0


def _nino(candidate: Candidate) -> float:
    prefix = candidate.found[:2].upper()
    if prefix in (b"BG", b"GB", b"NK", b"KN", b"TN", b"NT", b"ZZ"):
        return 0.0
    if _id_words(candidate.before):
        return 0.95
    return 0.85 if candidate.found[:1].isupper() and candidate.found[-1:].isupper() else 0.4


def _pan(candidate: Candidate) -> float:
    return 0.95 if _id_words(candidate.before) else 0.7


def _pps(candidate: Candidate) -> float:
    found = candidate.found.upper()
    number = total(found[:7], range(8, 1, -1)) + (9 * (found[8] - 64) if len(found) > 8 and found[8] != 87 else 0)
    if b"WABCDEFGHIJKLMNOPQRSTUV"[number % 23] != found[7]:
        return 0.0
    return 0.95 if _id_words(candidate.before) else 0.4


def _nric(candidate: Candidate) -> float:
    found = candidate.found
    number = total(found[1:8], (2, 7, 6, 5, 4, 3, 2)) + (4 if found[0] in b"TG" else 0)
    letters = b"JZIHGFEDCBA" if found[0] in b"ST" else b"XWUTRQPNMLK"
    if letters[number % 11] != found[8]:
        return 0.0
    return 0.95 if _id_words(candidate.before) else 0.6


def _chilean(candidate: Candidate) -> float:
    found = candidate.found.upper().translate(None, b".-")
    check = (11 - sum((digit - 48) * (2 + place % 6) for place, digit in enumerate(reversed(found[:-1]))) % 11) % 11
    if b"0123456789K"[check] != found[-1]:
        return 0.0
    return 0.95 if _id_words(candidate.before) else 0.6 if b"." in candidate.found else 0.3


def _german_card(candidate: Candidate) -> float:
    """Personalausweis: ten places with ICAO's check digit (weights 7, 3, 1)."""
    found = candidate.found
    weights = (7, 3, 1) * 3
    check = sum((byte - 48 if byte < 58 else byte - 55) * weight for byte, weight in zip(found, weights, strict=False))
    return 0.95 if len(found) < 10 or check % 10 == found[9] - 48 else 0.6


PATTERNS = (
    Pattern("NATIONAL_ID", r"(?i)\b(?:[XYZ][- ]?\d{7}|\d{8}|\d\d\.\d{3}\.\d{3})[- ]?[A-Z]\b", check=_dni),
    Pattern("NATIONAL_ID", r"\b[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-Y]\b", check=_hetu),
    Pattern("NATIONAL_ID", r"(?i)\b[A-Z]{6}[0-9L-NP-V]{2}[A-EHLMPR-T][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z]\b",
            check=_fiscal),
    Pattern("NATIONAL_ID", r"(?i)\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d\d){3} ?[A-D]\b", check=_nino),
    Pattern("NATIONAL_ID", r"\b[A-Z]{3}[PCHFATBLJGE][A-Z]\d{4}[A-Z]\b", check=_pan),
    Pattern("NATIONAL_ID", r"\b\d{7}[A-W][A-IW]?\b", check=_pps),
    Pattern("NATIONAL_ID", r"\b[STFG]\d{7}[A-Z]\b", check=_nric),
    Pattern("NATIONAL_ID", r"\b(?:\d{1,2}\.\d{3}\.\d{3}|\d{7,8})-[\dKk]\b", check=_chilean),
    Pattern("NATIONAL_ID", r"\b[A-Z]{4}\d\d[01]\d[0-3]\d[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z]\d\b", score=0.95),
    Pattern("NATIONAL_ID",
            r"(?i:\b(?:personalausweis|ausweisnummer|ausweis)[a-zäöü-]{0,12}(?:[\s:.#]|nr|lautet|ist){0,6})"
            r"(?P<found>[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d?)\b", check=_german_card),
)

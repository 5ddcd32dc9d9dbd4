"""Numbers that states give to people: the US social security number, and national and tax numbers of many countries.

Where a number is digits only, arithmetic alone is no proof: one random number in ten or so has a right check digit. So
each scheme names the words that announce it, and a general word ("national id", "tax number") admits all of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import re2

from guardrails.detectors.personal_data.checksums import completed, luhn, mod_11_10, total, verhoeff, weighted
from guardrails.detectors.personal_data.context import Nearest, Words, continues
from guardrails.patterns.pattern import Candidate, Pattern

_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
_SEPARATOR = "[-/ \u00a0\u2011]"


def _is_date(year: bytes, month: bytes, day: bytes, month_offset: int = 0) -> bool:
    return 0 < int(month) - month_offset < 13 and 0 < int(day) < 32 and year.isdigit()


# --- the United States ------------------------------------------------------------------------------------------------

_ssn_nearest = Nearest(
    ("ssn", "[a-z]{0,12}_ssn\\b", "social", "soc\\.? sec", "itin", "tax", "tin\\b"),
    ("order", "part", "sku", "serial", "model", "item", "invoice", "room", "phone", "tel\\b", "catalog", "ticket", "case",
     "isbn", "product", "version", "ref", "track", "lot\\b", "score", "error", "zip", "range"))
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


# --- schemes of digits alone ------------------------------------------------------------------------------------------

class Scheme(NamedTuple):
    """One country's numbers. ``score`` is what a valid number has without any word: high where its form is its own."""

    words: tuple[str, ...]
    lengths: tuple[int, ...]
    valid: Callable[[bytes], bool]
    score: float = 0.0


def _cpf(digits: bytes) -> bool:
    return (len(set(digits)) > 1 and completed(range(10, 1, -1), ten=0)(_as_check(digits[:10]))
            and completed(range(11, 1, -1), ten=0)(_as_check(digits)))


def _as_check(digits: bytes) -> bytes:
    return digits


def _cnpj(digits: bytes) -> bool:
    weights = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return len(set(digits)) > 1 and completed(weights)(digits[:13]) and completed((6, *weights))(digits)


def _nir(digits: bytes) -> bool:
    return digits[:1] in b"12" and 97 - int(digits[:13]) % 97 == int(digits[13:])


def _belgian(digits: bytes) -> bool:
    number, check = int(digits[:9]), int(digits[9:])
    return check in (97 - number % 97, 97 - (2_000_000_000 + number) % 97)


def _norwegian(digits: bytes) -> bool:
    return (completed((3, 7, 6, 1, 8, 9, 4, 5, 2), ten=-1)(digits[:10])
            and completed((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), ten=-1)(digits))


def _danish(digits: bytes) -> bool:
    # Since 2007 numbers are given out that fail the old test modulo 11; the date must hold.
    return _is_date(digits[4:6], digits[2:4], digits[:2])


def _swedish(digits: bytes) -> bool:
    digits = digits[-10:]
    day = int(digits[4:6])
    return luhn(digits) and _is_date(digits[:2], digits[2:4], b"%d" % (day - 60 if day > 60 else day))


def _german_tax(digits: bytes) -> bool:
    most = max(digits[:10].count(digit) for digit in digits[:10])
    return digits[0] != 48 and most in (2, 3) and mod_11_10(digits)


def _pesel(digits: bytes) -> bool:
    month = int(digits[2:4]) % 20
    return 0 < month < 13 and 0 < int(digits[4:6]) < 32 and completed((1, 3, 7, 9) * 3, 10)(digits)


def _estonian(digits: bytes) -> bool:
    check = total(digits[:10], (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = total(digits[:10], (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return _is_date(digits[1:3], digits[3:5], digits[5:7]) and check == digits[10] - 48


def _romanian(digits: bytes) -> bool:
    check = total(digits[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return digits[0] != 48 and _is_date(digits[1:3], digits[3:5], digits[5:7]) and digits[12] - 48 == (check % 10 or (
        1 if check == 10 else 0))


def _bulgarian(digits: bytes) -> bool:
    check = total(digits[:9], (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10
    return 0 < int(digits[2:4]) % 20 < 13 and 0 < int(digits[4:6]) < 32 and digits[9] - 48 == check


def _czech(digits: bytes) -> bool:
    month = int(digits[2:4]) % 50 % 20
    return 0 < month < 13 and 0 < int(digits[4:6]) < 32 and (len(digits) == 9 or int(digits) % 11 == 0)


def _turkish(digits: bytes) -> bool:
    odd, even = sum(digits[0:9:2]) - 5 * 48, sum(digits[1:8:2]) - 4 * 48
    return (digits[0] != 48 and (odd * 7 - even) % 10 == digits[9] - 48
            and (sum(digits[:10]) - 480) % 10 == digits[10] - 48)


def _chinese(digits: bytes) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return (_is_date(digits[6:10], digits[10:12], digits[12:14])
            and b"10X98765432"[total(digits[:17], weights) % 11] == digits[17])


def _korean(digits: bytes) -> bool:
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    return (_is_date(digits[:2], digits[2:4], digits[4:6])
            and (11 - total(digits[:12], weights) % 11) % 10 == digits[12] - 48)


def _japanese(digits: bytes) -> bool:
    check = total(digits[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return digits[11] - 48 == (0 if check < 2 else 11 - check)


def _south_african(digits: bytes) -> bool:
    return _is_date(digits[:2], digits[2:4], digits[4:6]) and luhn(digits)


def _thai(digits: bytes) -> bool:
    return (11 - total(digits[:12], range(13, 1, -1)) % 11) % 10 == digits[12] - 48


def _amka(digits: bytes) -> bool:
    return _is_date(digits[4:6], digits[2:4], digits[:2]) and luhn(digits)


def _latvian(digits: bytes) -> bool:
    return _is_date(digits[4:6], digits[2:4], digits[:2])


def _australian_medicare(digits: bytes) -> bool:
    return digits[0] in b"23456" and total(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == digits[8] - 48


def _austrian(digits: bytes) -> bool:
    return total(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == digits[3] - 48 and _is_date(
        digits[8:], b"1" if int(digits[6:8]) > 12 else digits[6:8], digits[4:6])


def _swiss(digits: bytes) -> bool:
    return digits.startswith(b"756") and completed((1, 3) * 6, 10)(digits)


def _tckn_like(length: int) -> Callable[[bytes], bool]:
    return lambda digits: len(digits) == length and len(set(digits)) > 3


def _not_zero(valid: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    return lambda digits: len(set(digits)) > 2 and valid(digits)


_SCHEMES = (
    Scheme(("nhs", "national health"), (10,), completed(range(10, 1, -1), ten=-1)),
    Scheme(("sin\\b", "social insurance", "nas\\b", "assurance sociale"), (9,), luhn),
    Scheme(("tfn", "tax file"), (8, 9), weighted((1, 4, 3, 7, 5, 8, 6, 9, 10), 11)),
    Scheme(("medicare",), (10, 11), _australian_medicare),
    Scheme(("a(?:a)?dha?a?r", "uidai?\\b", "आधार"), (12,), verhoeff),
    Scheme(("cpf",), (11,), _cpf, 0.35),
    Scheme(("cnpj",), (14,), _cnpj, 0.35),
    Scheme(("insee", "nir\\b", "s[ée]curit[ée] sociale", "carte vitale", "n° ?ss\\b"), (15,), _nir, 0.5),
    Scheme(("steuer-?id", "steuerident", "idnr", "steuernummer", "tin\\b"), (11,), _german_tax),
    Scheme(("pesel",), (11,), _pesel, 0.3),
    Scheme(("nip\\b",), (10,), completed((-6, -5, -7, -2, -3, -4, -5, -6, -7), ten=-1)),
    Scheme(("bsn", "burgerservice", "sofi"), (9,), weighted((9, 8, 7, 6, 5, 4, 3, 2, -1), 11)),
    Scheme(("rijksregister", "registre national", "num[ée]ro national", "nrn\\b", "insz", "niss\\b"), (11,), _belgian, 0.3),
    Scheme(("nif\\b", "contribuinte", "nipc"), (9,), completed(range(9, 1, -1))),
    Scheme(("personnummer", "samordnings", "personal identity"), (10, 12), _swedish),
    Scheme(("cpr", "personnummer"), (10,), _danish),
    Scheme(("f[øo]dselsnummer", "personnummer", "fnr\\b"), (11,), _norwegian, 0.3),
    Scheme(("ahv", "avs\\b", "versichertennummer", "sozialversicherung"), (13,), _swiss, 0.6),
    Scheme(("svnr", "sv-nr", "sozialversicherung", "versicherungsnummer"), (10,), _austrian),
    Scheme(("rodn", "birth number"), (9, 10), _czech),
    Scheme(("cnp\\b", "cod numeric"), (13,), _romanian, 0.3),
    Scheme(("egn\\b", "егн"), (10,), _bulgarian),
    Scheme(("t\\.?c\\.? ?kimlik", "tckn", "kimlik"), (11,), _turkish),
    Scheme(("oib\\b",), (11,), mod_11_10),
    Scheme(("isikukood", "asmens kod", "personal code"), (11,), _estonian, 0.3),
    Scheme(("personas kod",), (11,), _latvian),
    Scheme(("amka", "αμκα"), (11,), _amka),
    Scheme(("身份证", "id card", "resident identity"), (18,), _chinese, 0.7),
    Scheme(("주민", "rrn\\b", "resident registration"), (13,), _korean),
    Scheme(("my number", "マイナンバー", "個人番号"), (12,), _japanese),
    Scheme(("sa id", "south african id", "rsa id"), (13,), _south_african),
    Scheme(("thai (?:national )?id", "บัตรประชาชน"), (13,), _thai),
    Scheme(("cui[tl]\\b",), (11,), completed((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), ten=9)),
    Scheme(("nik\\b", "ktp\\b"), (16,), _tckn_like(16)),
    Scheme(("codice fiscale", "partita iva", "p\\.? ?iva"), (11,), luhn),
    Scheme(("siren\\b",), (9,), luhn),
    Scheme(("siret\\b",), (14,), luhn),
)
_GENERAL = ("national id", "national insurance", "identity (?:card|number|no)", "id(?:entification)? (?:card|number|no)",
            "personal id", "tax (?:id|no|number|payer)", "tax_id", "national_id", "id_number", "ausweis", "cedula",
            "c[ée]dula", "documento", "identit", "identid", "dowód", "henkilö", "citizen", "social security")


# How long numbers are that need no word even where their digits are not grouped.
_OWN_FORM = frozenset(length for scheme in _SCHEMES if scheme.score >= 0.5 for length in scheme.lengths)


class _Announced:
    """Which schemes the words before a number announce: one pass for all of them."""

    def __init__(self) -> None:
        options = re2.Options()
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for words in (*(scheme.words for scheme in _SCHEMES), _GENERAL):
            self._set.Add(f"(?i)(?:^|[^\\pL])(?:{'|'.join(words)})")
        self._set.Compile()

    def __call__(self, before: bytes) -> frozenset[int]:
        return frozenset(self._set.Match(before) or ())


_announced = _Announced()


def _national(candidate: Candidate) -> float:
    """The best of the schemes that the words announce; without a word, of those whose form is their own."""
    found, before = candidate.found, candidate.before
    announced = _announced(before)
    if (not announced and found.isdigit() and len(found) not in _OWN_FORM) or before[-1:] in (b"-", b".", b"/", b"_") or (
            continues(before)):
        return 0.0
    digits = found.upper().translate(None, b"-./ +\xc2\xa0\xe2\x80\x91")
    general, grouped = len(_SCHEMES) in announced, not found.isalnum()
    best = 0.0
    for index, scheme in enumerate(_SCHEMES):
        named = index in announced
        if (named or general or scheme.score) and len(digits) in scheme.lengths and _holds(scheme, digits):
            alone = scheme.score * (2 if grouped and scheme.score < 0.5 else 1)
            best = max(best, 0.95 if named else 0.7 if general else alone)
    return best


def _holds(scheme: Scheme, digits: bytes) -> bool:
    return digits[:-1].isdigit() and (digits.isdigit() or scheme.valid is _chinese) and len(set(digits)) > 2 and (
        scheme.valid(digits))


# Each in the groups in which its country writes it, and digits alone.
_GROUPS = "|".join((
    rf"\d{{3}}{_SEPARATOR}\d{{3}}{_SEPARATOR}\d{{3}}{_SEPARATOR}\d\d", rf"\d{{3}}{_SEPARATOR}\d{{3}}{_SEPARATOR}\d{{3,4}}",
    r"\d{3}\.\d{3}\.\d{3}[-/]\d\d", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d\d", rf"\d{{4}}{_SEPARATOR}\d{{4}}{_SEPARATOR}\d{{4}}(?:{_SEPARATOR}\d{{4}})?",
    rf"\d{{4}}{_SEPARATOR}\d{{5}}{_SEPARATOR}\d(?:[ /-]\d)?", r"756\.\d{4}\.\d{4}\.\d\d",
    rf"[12]{_SEPARATOR}?\d\d{_SEPARATOR}\d\d{_SEPARATOR}\d\d{_SEPARATOR}\d{{3}}{_SEPARATOR}\d{{3}}{_SEPARATOR}\d\d",
    rf"\d\d{_SEPARATOR}\d{{3}}{_SEPARATOR}\d{{3}}{_SEPARATOR}\d{{3}}", r"\d\d\.\d\d\.\d\d[- ]\d{3}[.]\d\d",
    r"\d{6}[-+/ ]\d{3,5}", r"(?:19|20)\d{6}[-+ ]?\d{4}", r"\d{6}-\d{7}", r"\d{4} \d{6}", r"\d\d-\d{8}-\d",
    r"\d-\d{4}-\d{5}-\d\d-\d", r"\d{6} \d{4} \d{2} \d", r"\d{17}[\dXx]", r"\d{8,16}",
))

# --- forms with letters -----------------------------------------------------------------------------------------------

_DNI_LETTERS = b"TRWAGMYFPDXBNJZSQVHLCKE"
_HETU_CHECK = b"0123456789ABCDEFHJKLMNPRSTUVWXY"
_FISCAL_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_FISCAL_MONTHS = b"ABCDEHLMPRST"
_id_words = Words(*_GENERAL, "dni\\b", "nie\\b", "nif\\b", "nino\\b", "ni n", "n\\.?i\\.? no", "national", "pps", "nric",
                  "fin\\b", "hkid", "curp", "rfc\\b", "pan\\b", "permanent account", "personalausweis", "id\\b",
                  "run\\b", "rut\\b", "hetu", "henkil", "codice", "card", "pancard")


def _dni(candidate: Candidate) -> float:
    found = candidate.found.upper().translate(None, b"-. ")
    number = found.replace(b"X", b"0", 1).replace(b"Y", b"1", 1).replace(b"Z", b"2", 1) if found[0] > 57 else found
    if not number[:-1].isdigit() or _DNI_LETTERS[int(number[:-1]) % 23] != found[-1]:
        return 0.0
    return 0.95 if _id_words(candidate.before) else 0.7 if found[0] > 57 or candidate.found[-1:].isupper() else 0.4


def _hetu(candidate: Candidate) -> float:
    found = candidate.found
    number = int(found[:6] + found[7:10])
    return 1.0 if _is_date(found[4:6], found[2:4], found[:2]) and _HETU_CHECK[number % 31] == found[10] else 0.0


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
    Pattern("SSN", "\\b(?P<found>\\d{3}[-\u2011]\\d\\d[-\u2011]\\d{4}|\\d{3} \\d\\d \\d{4})\\b([-./]\\w)?", check=_ssn),
    Pattern("SSN", r"\b\d{9}\b", check=_ssn_plain),
    Pattern("NATIONAL_ID", rf"\b(?:{_GROUPS})\b", check=_national),
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
    Pattern("NATIONAL_ID", r"(?i:\b(?:personalausweis|ausweisnummer|ausweis)[a-zäöü-]{0,12}(?:[\s:.#]|nr|lautet|ist){0,6})"
            r"(?P<found>[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d?)\b", check=_german_card),
)

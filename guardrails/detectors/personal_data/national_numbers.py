"""National and tax numbers of digits alone: of forty countries, each with its own arithmetic.

That alone is no proof: one random number in ten or so has a right check digit. So each scheme names the words that
announce it, and a general word ("national id", "tax number") admits all of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import re2

from guardrails.detectors.personal_data.checksums import completed, luhn, mod_11_10, total, verhoeff, weighted
from guardrails.detectors.personal_data.context import GENERAL_ID_WORDS, continues
from guardrails.patterns.pattern import Candidate, Pattern

_SEPARATOR = "[-/ \u00a0\u2011]"


class Scheme(NamedTuple):
    """One country's numbers. ``score`` is what a valid number has without any word: high where its form is its own."""

    words: tuple[str, ...]
    lengths: tuple[int, ...]
    valid: Callable[[bytes], bool]
    score: float = 0.0
    checked: bool = True  # False: its last digit proves nothing, so a general word is not enough


def is_date(year: bytes, month: bytes, day: bytes) -> bool:
    return 0 < int(month) < 13 and 0 < int(day) < 32 and year.isdigit()


def _cpf(digits: bytes) -> bool:
    return (len(set(digits)) > 1 and completed(range(10, 1, -1), ten=0)(digits[:10])
            and completed(range(11, 1, -1), ten=0)(digits))


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
    return is_date(digits[4:6], digits[2:4], digits[:2])


def _swedish(digits: bytes) -> bool:
    digits = digits[-10:]
    day = int(digits[4:6])
    return luhn(digits) and is_date(digits[:2], digits[2:4], b"%d" % (day - 60 if day > 60 else day))


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
    return is_date(digits[1:3], digits[3:5], digits[5:7]) and check == digits[10] - 48


def _romanian(digits: bytes) -> bool:
    check = total(digits[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return digits[0] != 48 and is_date(digits[1:3], digits[3:5], digits[5:7]) and digits[12] - 48 == (check % 10 or (
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
    return (is_date(digits[6:10], digits[10:12], digits[12:14])
            and b"10X98765432"[total(digits[:17], weights) % 11] == digits[17])


def _korean(digits: bytes) -> bool:
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    return (is_date(digits[:2], digits[2:4], digits[4:6])
            and (11 - total(digits[:12], weights) % 11) % 10 == digits[12] - 48)


def _japanese(digits: bytes) -> bool:
    check = total(digits[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return digits[11] - 48 == (0 if check < 2 else 11 - check)


def _south_african(digits: bytes) -> bool:
    return is_date(digits[:2], digits[2:4], digits[4:6]) and luhn(digits)


def _thai(digits: bytes) -> bool:
    return (11 - total(digits[:12], range(13, 1, -1)) % 11) % 10 == digits[12] - 48


def _amka(digits: bytes) -> bool:
    return is_date(digits[4:6], digits[2:4], digits[:2]) and luhn(digits)


def _latvian(digits: bytes) -> bool:
    return is_date(digits[4:6], digits[2:4], digits[:2])


def _australian_medicare(digits: bytes) -> bool:
    return digits[0] in b"23456" and total(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == digits[8] - 48


def _austrian(digits: bytes) -> bool:
    return total(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == digits[3] - 48 and is_date(
        digits[8:], b"1" if int(digits[6:8]) > 12 else digits[6:8], digits[4:6])


def _swiss(digits: bytes) -> bool:
    return digits.startswith(b"756") and completed((1, 3) * 6, 10)(digits)


def _indonesian(digits: bytes) -> bool:
    """No check digit; the sixth to eleventh are a date, days of women plus forty."""
    return is_date(digits[10:12], digits[8:10], b"%d" % (int(digits[6:8]) % 40))


_SCHEMES = (
    Scheme(("nhs", "national health"), (10,), completed(range(10, 1, -1), ten=-1)),
    Scheme(("sin\\b", "social insurance", "nas\\b", "assurance sociale"), (9,), luhn),
    Scheme(("tfn", "tax file"), (8, 9), weighted((1, 4, 3, 7, 5, 8, 6, 9, 10), 11)),
    Scheme(("medicare",), (10, 11), _australian_medicare, checked=False),
    Scheme(("a(?:a)?dha?a?r", "uidai?\\b", "आधार"), (12,), verhoeff),
    Scheme(("cpf",), (11,), _cpf, 0.35),
    Scheme(("cnpj",), (14,), _cnpj, 0.35),
    Scheme(("insee", "nir\\b", "s[ée]curit[ée] sociale", "carte vitale", "n° ?ss\\b"), (15,), _nir, 0.5),
    Scheme(("steuer-?id", "steuerident", "idnr", "steuernummer", "tin\\b"), (11,), _german_tax),
    Scheme(("pesel",), (11,), _pesel, 0.3),
    Scheme(("nip\\b",), (10,), completed((-6, -5, -7, -2, -3, -4, -5, -6, -7), ten=-1)),
    Scheme(("bsn", "burgerservice", "sofi"), (9,), weighted((9, 8, 7, 6, 5, 4, 3, 2, -1), 11)),
    Scheme(("rijksregister", "registre national", "num[ée]ro national", "nrn\\b", "insz",
            "niss\\b"), (11,), _belgian, 0.3),
    Scheme(("nif\\b", "contribuinte", "nipc"), (9,), completed(range(9, 1, -1))),
    Scheme(("personnummer", "samordnings", "personal identity"), (10, 12), _swedish),
    Scheme(("cpr", "personnummer"), (10,), _danish, checked=False),
    Scheme(("f[øo]dselsnummer", "personnummer", "fnr\\b"), (11,), _norwegian, 0.3),
    Scheme(("ahv", "avs\\b", "versichertennummer", "sozialversicherung"), (13,), _swiss, 0.6),
    Scheme(("svnr", "sv-nr", "sozialversicherung", "versicherungsnummer"), (10,), _austrian),
    Scheme(("rodn", "birth number"), (9, 10), _czech),
    Scheme(("cnp\\b", "cod numeric"), (13,), _romanian, 0.3),
    Scheme(("egn\\b", "егн"), (10,), _bulgarian),
    Scheme(("t\\.?c\\.? ?kimlik", "tckn", "kimlik"), (11,), _turkish),
    Scheme(("oib\\b",), (11,), mod_11_10),
    Scheme(("isikukood", "asmens kod", "personal code"), (11,), _estonian, 0.3),
    Scheme(("personas kod",), (11,), _latvian, checked=False),
    Scheme(("amka", "αμκα"), (11,), _amka),
    Scheme(("身份证", "id card", "resident identity"), (18,), _chinese, 0.7),
    Scheme(("주민", "rrn\\b", "resident registration"), (13,), _korean),
    Scheme(("my number", "マイナンバー", "個人番号"), (12,), _japanese),
    Scheme(("sa id", "south african id", "rsa id"), (13,), _south_african),
    Scheme(("thai (?:national )?id", "บัตรประชาชน"), (13,), _thai),
    Scheme(("cui[tl]\\b",), (11,), completed((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), ten=9)),
    Scheme(("nik\\b", "ktp\\b"), (16,), _indonesian, checked=False),
    Scheme(("codice fiscale", "partita iva", "p\\.? ?iva"), (11,), luhn),
    Scheme(("siren\\b",), (9,), luhn),
    Scheme(("siret\\b",), (14,), luhn),
)



# By length, the schemes whose numbers may need no word.
_OWN_FORM = {length: tuple(scheme for scheme in _SCHEMES if scheme.score and length in scheme.lengths)
             for length in range(8, 19)}


class _Announced:
    """Which schemes the words before a number announce: one pass for all of them."""

    def __init__(self) -> None:
        options = re2.Options()
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for words in (*(scheme.words for scheme in _SCHEMES), GENERAL_ID_WORDS):
            self._set.Add(f"(?i)(?:^|[^\\pL])(?:{'|'.join(words)})")
        self._set.Compile()

    def __call__(self, before: bytes) -> frozenset[int]:
        return frozenset(self._set.Match(before) or ())


_announced = _Announced()


def _national(candidate: Candidate) -> float:
    """The best of the schemes that the words announce; without a word, of those whose form is their own."""
    found, before = candidate.found, candidate.before
    announced = _announced(before)
    digits = found if found.isdigit() else found.upper().translate(None, b"-./ +\xc2\xa0\xe2\x80\x91")
    own = _OWN_FORM.get(len(digits), ())
    if not (announced or own) or before[-1:] in (b"-", b".", b"/", b"_") or continues(before):
        return 0.0
    alone = max((scheme.score for scheme in own if _holds(scheme, digits)), default=0.0)
    if found is not digits and alone < 0.5:
        alone *= 2  # in its country's groups
    return max(alone, _as_announced(announced, digits)) if announced else alone


def _as_announced(announced: frozenset[int], digits: bytes) -> float:
    if any(_holds(_SCHEMES[index], digits) for index in announced if index < len(_SCHEMES)):
        return 0.95
    general = len(_SCHEMES) in announced and any(scheme.checked and _holds(scheme, digits) for scheme in _SCHEMES)
    return 0.7 if general else 0.0


def _holds(scheme: Scheme, digits: bytes) -> bool:
    if len(digits) not in scheme.lengths or len(set(digits)) < 3:
        return False
    return (digits.isdigit() or (scheme.valid is _chinese and digits[:-1].isdigit())) and scheme.valid(digits)


# Each in the groups in which its country writes it, and digits alone.
_S = _SEPARATOR
_GROUPS = "|".join((
    rf"\d{{3}}{_S}\d{{3}}{_S}\d{{3}}{_S}\d\d", rf"\d{{3}}{_S}\d{{3}}{_S}\d{{3,4}}", r"\d{3}\.\d{3}\.\d{3}[-/]\d\d",
    r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d\d", rf"\d{{4}}{_S}\d{{4}}{_S}\d{{4}}(?:{_S}\d{{4}})?",
    rf"\d{{4}}{_S}\d{{5}}{_S}\d(?:[ /-]\d)?", r"756\.\d{4}\.\d{4}\.\d\d",
    rf"[12]{_S}?\d\d{_S}\d\d{_S}\d\d{_S}\d{{3}}{_S}\d{{3}}{_S}\d\d", rf"\d\d{_S}\d{{3}}{_S}\d{{3}}{_S}\d{{3}}",
    r"\d\d\.\d\d\.\d\d[- ]\d{3}[.]\d\d", r"\d{6}[-+/ ]\d{3,5}", r"(?:19|20)\d{6}[-+ ]?\d{4}", r"\d{6}-\d{7}",
    r"\d{4} \d{6}", r"\d\d-\d{8}-\d", r"\d-\d{4}-\d{5}-\d\d-\d", r"\d{6} \d{4} \d{2} \d", r"\d{17}[\dXx]", r"\d{8,16}",
))

PATTERNS = (Pattern("NATIONAL_ID", rf"\b(?:{_GROUPS})\b", check=_national),)

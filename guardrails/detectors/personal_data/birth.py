"""Dates of birth: a date in any common form, where words before it speak of a birth."""

from guardrails.detectors.personal_data.context import Words
from guardrails.patterns.pattern import Candidate, Pattern

# The first letters by which a month is known in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish,
# the Scandinavian languages and Finnish.
_MONTHS = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mai", "okt", "dez", "mär",
    "janv", "fév", "fev", "avr", "juin", "juil", "août", "aou", "déc", "ene", "abr", "ago", "set", "dic", "gen",
    "mag", "giu", "lug", "ott", "out", "mrt", "maa", "mei", "maj", "sty", "lut", "kwi", "cze", "lip", "sie", "wrz",
    "paź", "lis", "gru", "tam", "hel", "huh", "tou", "kes", "hei", "elo", "syy", "lok", "mars", "maio", "març",
    "янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек",
)
_MONTH = rf"(?:{'|'.join(sorted(set(_MONTHS), key=len, reverse=True))})[a-zà-ÿźśńа-я]{{0,9}}\.?"
_YEAR = r"(?:19|20)\d\d"
_DATE = "|".join((
    rf"\b{_YEAR}[-/.]\d{{1,2}}[-/.]\d{{1,2}}\b",
    rf"\b{_YEAR}年\d{{1,2}}月\d{{1,2}}日",
    rf"\b{_YEAR}[01]\d[0-3]\d\b",
    rf"\b\d{{1,2}}(?:[-/.]|\. | / )\d{{1,2}}(?:[-/.]|\. | / )(?:{_YEAR}|\d\d)\b",
    rf"\b\d{{1,2}}(?:st|nd|rd|th|er|º|°|\.)?(?: |-|\. ?| de | of )(?i:{_MONTH})(?:,? |-| de | del )"
    rf"(?:{_YEAR}|\d\d)\b",
    rf"(?i:\b(?:{_MONTH})) \d{{1,2}}(?:st|nd|rd|th)?,? (?:{_YEAR})\b",
))
_birth_words = Words(
    "born", "d\\.? ?o\\.? ?b\\b", "birth", "b-?day", "bdate", "n[ée]+e?(?:\\(e\\))? le\\b", "naissance", "geb\\b",
    "gebor", "geburt", "nacid", "naci[óo]", "nacimiento", "nascid", "nasceu", "nascimento", "nat[oa] il",
    "nat[oa] a\\b", "nascita", "geboorte", "urodz", "ur\\.", "född", "fødsel", "født", "fødd", "syntyn", "syntym",
    "родил", "рожден", "született", "születési", "narozen", "do[gğ]um", "生年月日", "出生", "生日", "생년월일",
    "γεννήθηκε", "n[ăa]scut",
)


def _birth(candidate: Candidate) -> float:
    if not _birth_words(candidate.before) or not _plausible(candidate.found):
        return 0.0
    return 0.9


def _plausible(found: bytes) -> bool:
    """Whether the numbers of a date can be a day and a month."""
    numbers = [int(part) for part in bytes(byte if 48 <= byte < 58 else 32 for byte in found).split()]
    small = [number for number in numbers if number < 1900]
    if len(numbers) == 1:
        month, day = divmod(numbers[0] % 10000, 100)
        return 0 < month < 13 and 0 < day < 32
    return all(0 < number < 32 or place == len(small) - 1 for place, number in enumerate(small)) and min(small) < 32


PATTERNS = (Pattern("DOB", _DATE, check=_birth),)

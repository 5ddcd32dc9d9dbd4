"""Accounts: IBAN by country and check digits; account, routing and bank codes where words announce them."""

from guardrails.detectors.personal_data.checksums import mod_97, weighted
from guardrails.patterns.pattern import Candidate, Pattern

# The IBAN registry's lengths (SWIFT, ISO 13616).
IBAN_COUNTRIES = {
    15: "NO", 16: "BE", 18: "DK|FO|FI|GL|NL|SD|FK", 19: "MK|SI", 20: "AT|BA|EE|KZ|XK|LT|LU|MN",
    21: "CR|HR|LV|LI|CH", 22: "BH|BG|GE|DE|IE|ME|RS|GB|VA", 23: "AE|GI|IL|IQ|TL|OM|SO",
    24: "AD|CZ|MD|PK|RO|SA|SK|ES|SE|TN|VG|DZ", 25: "PT|ST|LY", 26: "IS|TR", 27: "FR|GR|IT|MC|MR|SM|BI|DJ",
    28: "AL|AZ|BY|CY|DO|GT|HU|LB|NI|PL|SV", 29: "BR|EG|PS|QA|UA", 30: "JO|KW|MU|YE", 31: "MT|SC", 32: "LC", 33: "RU",
}
_GAP = "[- \u00a0]?"
_ALNUM = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NOT_ALNUM = bytes(set(range(256)) - set(_ALNUM))
_routing = weighted((3, 7, 1) * 3, 10)


def _of_length(length: int, countries: str) -> str:
    groups, rest = divmod(length - 4, 4)
    tail = rf"{_GAP}[A-Z0-9]{{{rest}}}" if rest else ""
    return rf"(?:{countries})\d\d(?:{_GAP}[A-Z0-9]{{4}}){{{groups}}}{tail}"


_IBAN_BEGINS = (rf"(?i:\b(?:{'|'.join(IBAN_COUNTRIES.values())}|[A-Z]?)"
                rf"|\b(?:{'|'.join(IBAN_COUNTRIES.values())})(?:\d|\d\d(?:{_GAP}[A-Z0-9]{{4}})*{_GAP}[A-Z0-9]{{0,3}}))")


def _iban(candidate: Candidate) -> float:
    return 1.0 if mod_97(candidate.found.upper().translate(None, _NOT_ALNUM)) else 0.0


def _account(candidate: Candidate) -> float:
    return 0.8 if sum(48 <= byte < 58 for byte in candidate.found) > 5 else 0.0


def _routing_number(candidate: Candidate) -> float:
    digits = candidate.found
    return 0.9 if _routing(digits) and b"00" < digits[:2] < b"33" else 0.0


_LINK = r"(?:[\s:#=.'\x22-]|\b(?:no|nr|num|number|is|code)\b){0,8}"
PATTERNS = (
    Pattern("IBAN", r"(?i)\b(?:" + "|".join(_of_length(*entry) for entry in IBAN_COUNTRIES.items()) + r")\b",
            check=_iban, begins=_IBAN_BEGINS),
    Pattern("BANK_ACCOUNT", r"(?i)\b(?:account|acct|a/c|konto(?:nummer)?|compte|cuenta|conto|conta|rekening(?:nummer)?)"
            rf"(?:[_ ]?(?:number|no|num|nr)\b)?{_LINK}\b(?P<found>\d{{6,17}}|\d{{2,6}}(?:[- ]\d{{2,8}}){{1,3}})\b",
            check=_account),
    Pattern("ROUTING_NUMBER",
            rf"(?i)\b(?:routing|aba|rtn)(?:[_ ]?(?:number|no|num|nr)\b)?{_LINK}\b(?P<found>\d{{9}})\b",
            check=_routing_number),
    Pattern("SORT_CODE", rf"(?i)\bsort[ _-]?code{_LINK}\b(?P<found>\d\d[- ]?\d\d[- ]?\d\d)\b", score=0.9),
    Pattern("SWIFT_BIC", rf"\b(?i:swift|bic|bank code)(?:[/ ]?(?i:bic|swift))?(?i:{_LINK})"
            r"(?P<found>[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b", score=0.9),
)

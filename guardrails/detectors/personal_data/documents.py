"""Papers that words announce: passports and driving licences; and vehicles, by their check digit."""

from guardrails.detectors.personal_data.context import Words
from guardrails.patterns.pattern import Candidate, Pattern

# What may stand between a paper's name and its number: 'Passport no. |', '"passport_number": "|', 'passport is |'.
_LINK = (r"(?:[\s:#=.,'\x22()-]|n[°º]|№|\b(?:no|nr|num|number|numbers|nummer|numero|número|numéro|is|id|the|ist|es|de|"
         r"card|lautet|holder|book|with|my|her|his|and|du|del|della|van|dell|or)\b){0,10}")
_PASSPORT = (r"(?:e-?)?(?:passports?|pp no|reisepass|passeport|pasaporte|passaporto|passaporte|paspoort|pasaport|"
             r"paszport\w{0,3}|passnummer|passnr|reisepassnummer|pass\b[ -]?(?:no|nr|number)|паспорт\w{0,2}|"
             r"útlevél|passi|护照|旅券|パスポート)")
_LICENCE = (r"(?:driv(?:er|ing)[^\w\s]?s?[ _-]?licen[cs]e|drivers?[ _-]lic\b|dl\b|permis de conduire|"
            r"führerschein\w{0,8}|(?:licencia|carn[eé]t?|permiso) de conduc\w{2,4}|patente(?: di guida)?|"
            r"carta de condução|cnh\b|rijbewijs\w{0,6}|prawo jazdy|körkort\w{0,8}|kørekort)")
_VIN_VALUES = {character: value for value, group in (
    (1, b"AJ"), (2, b"BKS"), (3, b"CLT"), (4, b"DMU"), (5, b"ENV"), (6, b"FW"), (7, b"GPX"), (8, b"HY"), (9, b"RZ"))
    for character in group}
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_vin_words = Words("vin\\b", "vehicle", "chassis", "fahrgestell", "ch[âa]ssis", "bastidor", "telaio", "car\\b")


def _numbered(candidate: Candidate) -> float:
    return 0.9 if sum(48 <= byte < 58 for byte in candidate.found) >= 5 else 0.0


def _vin(candidate: Candidate) -> float:
    """ISO 3779; the check digit in the ninth place is North America's and China's rule."""
    found = candidate.found
    if found.isdigit() or sum(48 <= byte < 58 for byte in found) < 4:
        return 0.0
    values = (_VIN_VALUES.get(byte, byte - 48) for byte in found)
    check = sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    right = b"0123456789X"[check] == found[8]
    return (0.95 if right else 0.7) if _vin_words(candidate.before) else 0.6 if right else 0.0


PATTERNS = (
    Pattern("PASSPORT", rf"(?i)\b{_PASSPORT}(?:[_ -]?(?:number|no|nr|nummer|num))?{_LINK}"
            r"\b(?P<found>[A-Z]{0,3} ?\d{6,9}[A-Z]?|\d\d ?\d\d ?\d{6}|\d\d[A-Z]{2}\d{5}|"
            r"[A-Z]{2}[A-Z0-9]\d[A-Z0-9]{5}|[CFGHJKLMNPRTVWXYZ]\d[CFGHJKLMNPRTVWXYZ0-9]{7})\b",
            check=_numbered),
    Pattern("DRIVER_LICENSE", rf"(?i)\b{_LICENCE}(?:[_ -]?(?:number|no|nr|nummer|num))?{_LINK}"
            r"\b(?P<found>[A-Z]{0,3}[- ]?\d{3}(?:[- ]?[A-Z0-9]{2,5}){1,4}(?:-\d)?|[A-Z]{5}\d{6}[A-Z0-9]{5}|"
            r"[A-Z]\d{5,14}|\d{7,12})\b",
            check=_numbered),
    Pattern("VEHICLE", r"\b[A-HJ-NPR-Z0-9]{17}\b", check=_vin),
)

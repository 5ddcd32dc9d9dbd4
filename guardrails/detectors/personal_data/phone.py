"""Telephone numbers, in the ways in which people of many countries group their digits.

Three patterns by how much the form tells: with a country code; in groups, perhaps with the area in brackets; digits
alone. What the form leaves open, the words before it decide.
"""

from guardrails.detectors.personal_data.cards import is_card
from guardrails.detectors.personal_data.context import Nearest, Words, continues
from guardrails.patterns.pattern import Candidate, Pattern

_PHONE_WORDS = (
    "phone", "tele?ph", "tel\\b", "tell?\\b", "tlf", "mob(?:ile)?\\b", "cell", "call", "dial", "ring\\b", "fax",
    "what'?s ?app", "text (?:me|us|him|her)", "sms\\b", "reach", "contact", "hotline", "landline", "switchboard",
    "answers?\\b", "voicemail", "☎", "📞", "📱", "✆", "helpline", "(?:my|new|our|your|his|her|their|s) number",
    "[tmf][.:]?\\s?\\z", "ph\\b", "handy", "mobil", "mobiel", "t[ée]l[ée]",
    "t[ée]l\\b", "portable", "appele", "coordonn", "joindre", "num[ée]ro est", "anruf", "rufen", "ruf\\b", "rufnummer",
    "durchwahl", "erreich", "nummer (?:ist|lautet|is|är|er)\\b", "m[óo]vil", "celular", "ll[áa]m", "cel\\b",
    "n[úu]mero es", "cellulare", "chiam", "contatt", "liga", "ligue", "telem", "telefo", "bel\\b", "bellen", "gsm",
    "ringa?\\b", "n[åa] mig", "puhelin", "soita", "kom[óo]rk", "zadzwo", "dzwo", "h[íi]v", "ara(?:y|\\b)", "телефон",
    "тел", "позвон", "звон", "моб", "номер", "τηλ", "κιν", "電話", "电话", "手机", "携帯", "전화", "फ़ोन", "फोन", "هاتف",
    "جوال", "טלפון", "điện thoại", "โทร",
)
_OTHER_WORDS = (
    "orders?\\b", "invoice", "is[bs]n", "rooms?\\b", "track", "parts?\\b", "ref(?:erence)?\\b", "serial", "version",
    "models?\\b", "sku", "ticket", "acc(?:oun)?ts?\\b", "ids?\\b", "[a-z]{0,12}_id\\b", "item", "product",
    "codes?\\b", "score", "lott", "price", "total", "amount", "sum\\b", "population", "lat(?:itude)?\\b",
    "lon(?:g|gitude)?\\b", "coord(?:s|inates?)?\\b", "timestamp", "unix", "epoch", "hash", "commit", "build", "error",
    "lines?\\b", "port\\b", "bit(?:s|mask)?\\b", "batch", "lot\\b", "zip", "plz", "post(?:al|code|leitzahl)", "pi\\b",
    "rows?\\b", "tables?\\b", "rfc", "article", "doi", "pmid", "pages?\\b", "pp\\b", "imei", "gtin", "ean\\b",
    "upc\\b", "barcode", "policy", "claim", "patent", "bug", "issue", "select", "values", "tax", "vat",
    "iban", "cards?\\b", "ssn", "bsn", "nif", "cpf", "bestell", "rechnung", "artikel", "commande", "facture",
    "pedido", "factura", "fattura", "ordine", "zam[óo]wien", "dated?\\b", "duration", "bytes", "size", "counts?\\b",
    "years?\\b", "seed", "nhs", "passport", "licen[sc]e", "route", "routing", "insee", "dni", "pesel", "sin\\b",
    "tfn", "medicare", "aadhaar", "social security", "birth", "konto", "node", "pid", "uid",
)
_SEPARATOR = "[-./ \u00a0\u2011]"
_EXTENSION = (r"(?:(?:#| ?(?:x|X|[Ee]xt(?:n|ension)?\.?|poste|Durchwahl|DW|anexo|ramal|[Ii]nt(?:erno|\.)|toestel"
              r"|wewn?\.?|доб\.?) ?[.:]?)\d{1,6}\b|\b)")
_GAP = "[-./ \u00a0\u2011()]{0,3}"
# Where a country's numbers are all of one length, the number ends there, whatever other number follows it.
_FIXED = "|".join(f"(?:{codes})(?:{_GAP}\\(0\\))?(?:{_GAP}\\d){{{length}}}{_EXTENSION}" for codes, length in (
    ("1", 10), ("33|34|48|31|61|351|420|421|41|27|66|84|971|966|380|212|213|254", 9), ("7|91|92|63|30|52|90|98|20", 10),
    ("45|47|65|852|371|372|370|216", 8)))
_INTERNATIONAL = (rf"(?:\(\+[1-9]\d{{0,3}}\)(?:{_GAP}\d){{6,13}}{_EXTENSION}"
                  rf"|(?:\+ ?\(?|\b00 ?)(?:{_FIXED}|[1-9](?:{_GAP}\d){{6,14}}{_EXTENSION}))")
_GROUPS = rf"(?:{_SEPARATOR}?\d{{2,9}}(?:{_SEPARATOR}\d{{1,5}}){{0,3}})"
_GROUPED = (rf"(?:(?:\b[0178]{_SEPARATOR}?)?\(\d{{1,5}}\){_GROUPS}"
            rf"|\b\d{{1,5}}(?:{_SEPARATOR}|/ | - )\d{{1,5}}(?:{_SEPARATOR}\d{{1,5}}){{1,4}}"
            rf"|\b\d{{1,5}}(?:{_SEPARATOR}|/ )\d{{5,8}}|\b\d{{3,5}}{_SEPARATOR}\d{{3,5}}){_EXTENSION}")
_PLAIN = rf"\b\d{{7,14}}{_EXTENSION}"

_DIGITS = b"0123456789"
_PLAIN_BYTES = _DIGITS + b"+()-./ "
_NOT_DIGITS = bytes(set(range(256)) - set(_DIGITS))
_BLANKED = bytes(byte if byte in _DIGITS else 32 for byte in range(256))
# Groups of digits that are hardly anything else, and those that need a word before them.
_TELLING = {(3, 3, 4), (1, 3, 3, 4), (3, 3, 2, 2), (1, 3, 3, 2, 2), (3, 4, 4), (2, 5, 4), (2, 4, 4), (3, 3, 3, 4)}
_nearest = Nearest(_PHONE_WORDS, _OTHER_WORDS)
_other = Words(*_OTHER_WORDS)
_said = Words(*_PHONE_WORDS)


def _in_table(before: bytes) -> bool:
    """Whether a phone was spoken of, and whatever else there is to the number stands on an earlier line: a heading."""
    line_start = before.rfind(b"\n") + 1
    return line_start > 0 and _said(before) and not _other(before[line_start:])


def _in_record(before: bytes) -> bool:
    """Whether the number is the next field behind an e-mail address: somebody's record."""
    line = before[before.rfind(b"\n") + 1 :]
    return b"@" in line and line.rstrip()[-1:] in (b",", b";", b"|", b"/", b"\t")


def _number(found: bytes) -> bytes:
    """The candidate without its extension, which begins at the first letter or number sign."""
    if not found.translate(None, _PLAIN_BYTES):
        return found
    for place, byte in enumerate(found):
        if byte == 35 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 0xD0:
            return found[:place]
    return found


def _international(candidate: Candidate) -> float:
    number = _number(candidate.found)
    digits = number.translate(None, _NOT_DIGITS)
    plus = b"+" in number
    if not plus:
        if len(digits) < 11 or continues(candidate.before):
            return 0.0
        if number.isdigit() and not _nearest(candidate.before):
            return 0.0
        digits = digits[2:]
    if not 7 <= len(digits) <= 15 or number.count(b"(") != number.count(b")") or candidate.before[-1:].isalnum():
        return 0.0
    if b" ." in number:
        return 0.0  # decimals without their zeros
    groups = number.translate(_BLANKED).split()
    if (b"." in number and len(groups) == 2) or (b"+ " in number and not _nearest(candidate.before)):
        return 0.3  # arithmetic
    if len(set(digits)) < 3 or (number[1:].isdigit() and len(digits) < 9 and _nearest(candidate.before) is not True):
        return 0.3
    return 0.95 if plus or len(groups) > 1 else 0.8


def _grouped(candidate: Candidate) -> float:
    number, before = _number(candidate.found), candidate.before
    digits = number.translate(None, _NOT_DIGITS)
    if not 7 <= len(digits) <= 13 or continues(before) or before[-1:] in (b"$", b"+"):
        return 0.0
    if number.startswith(b"(") and before[-1:].isdigit():
        return 0.0
    groups = tuple(map(len, number.translate(_BLANKED).split()))
    if _is_something_else(number, digits, groups):
        return 0.0
    known = _nearest(before)
    form = 0.95 if len(number) < len(candidate.found) else _form(number, digits, groups)
    if known:
        return max(0.9, form)
    if digits.startswith(b"00") and b"(" not in number:
        return 0.0  # a country's code is the other pattern's
    if known is None:
        return 0.55 if 0.3 < form < 0.5 and _in_record(before) else form
    if form > 0.3 and _in_table(before):
        return max(0.6, form)
    if form > 0.8 and (b" " not in number or b"(" in number):
        return 0.55
    return 0.4 if form > 0.6 else 0.2


def _form(number: bytes, digits: bytes, groups: tuple[int, ...]) -> float:
    if b"(" in number:
        return 0.85 if len(digits) >= 8 and b"/" not in number and number.count(b".") != 1 else 0.4
    if number.count(b"/") > 1:
        return 0.2
    if groups in _TELLING and b"/" not in number:
        if groups[-3:] == (3, 3, 4) and digits[-10] > 49 and digits[-7] > 49:
            return 0.85
        return 0.65 if len(digits) > 9 and (b" " not in number or digits[0] == 48) else 0.55
    if digits[0] == 48 and 12 <= len(digits) <= 13 and groups[0] > 3 and len(groups) < 4 and b"-" not in number:
        return 0.55
    if digits[0] == 48 and 9 <= len(digits) <= 11 and groups[0] > 1 and (len(groups) < 5 or max(groups) == 2):
        return 0.45 if b"." in number and (len(groups) == 2 or groups == (3, 3, 3)) else 0.65
    if digits[0] == 48 and groups in ((1, 4, 4), (1, 3, 3, 3)):
        return 0.55
    return 0.35 if len(groups) > 1 and b"." not in number else 0.2


def _is_something_else(number: bytes, digits: bytes, groups: tuple[int, ...]) -> bool:
    """Dates, years, addresses of the internet, decimals, book numbers, cards, social security numbers."""
    if _is_years(digits, groups) or groups == (3, 2, 4) or groups[-1] < 2:
        return True
    dots = number.count(b".")
    if (b"/" in number and dots > 1) or (len(groups) == 4 and dots == 3 and max(groups) < 4):
        return True
    if b"." in number and len(groups) == 2 and b"(" not in number and (groups[0] < 3 or groups[1] > 6):
        return digits[0] != 48 or groups[0] == 1
    if len(groups) > 4 and max(groups) < 2:
        return True
    return (len(digits) == 13 and digits.startswith((b"978", b"979"))) or is_card(digits)


def _is_years(digits: bytes, groups: tuple[int, ...]) -> bool:
    """A date with a year of four digits, or two years: "2019-2020"."""
    if len(digits) != 8 or groups not in ((4, 2, 2), (2, 2, 4), (4, 4)):
        return False
    years = (digits[:4], digits[4:]) if groups == (4, 4) else (digits[:4] if groups[0] == 4 else digits[4:],)
    return all(b"1600" <= year <= b"2199" for year in years)


def _plain(candidate: Candidate) -> float:
    digits, before = _number(candidate.found), candidate.before
    if len(digits) < len(candidate.found) and len(digits) > 8:
        return 0.85
    if continues(before) or before[-1:] in (b".", b"-", b"/", b"#", b"$") or is_card(digits):
        return 0.0
    known = _nearest(before)
    if known:
        return 0.75 if len(digits) < 14 else 0.4
    if known is False and digits[0] == 48 and 9 <= len(digits) <= 11 and _in_table(before):
        return 0.6
    if known is None and digits[0] == 48 != digits[1] and len(digits) in (10, 11) and not _is_book(digits):
        return 0.5
    return 0.3 if known is None and 9 <= len(digits) <= 11 else 0.0


def _is_book(digits: bytes) -> bool:
    """ISBN of ten digits, which often begins with 0, too."""
    return len(digits) == 10 and sum((digit - 48) * (10 - place) for place, digit in enumerate(digits)) % 11 == 0


PATTERNS = (
    Pattern("PHONE", _INTERNATIONAL, check=_international),
    Pattern("PHONE", _GROUPED, check=_grouped),
    Pattern("PHONE", _PLAIN, check=_plain),
)

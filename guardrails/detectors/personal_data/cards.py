"""Payment cards: the issuers' ranges and lengths, and Luhn's check digit."""

from guardrails.detectors.personal_data.checksums import completed, luhn
from guardrails.detectors.personal_data.context import Nearest, continues
from guardrails.patterns.pattern import Candidate, Pattern

# ISO/IEC 7812 ranges as their issuers publish them: first digits from, to, and the lengths in use.
_ISSUERS = (
    (b"4", b"4", (13, 16, 19)), (b"51", b"55", (16,)), (b"2221", b"2720", (16,)), (b"34", b"34", (15,)),
    (b"37", b"37", (15,)), (b"6011", b"6011", (16, 19)), (b"644", b"659", (16, 19)), (b"300", b"305", (14, 16)),
    (b"3095", b"3095", (14, 16)), (b"36", b"36", (14, 16)), (b"38", b"39", (14, 16)), (b"35", b"35", (16, 19)),
    (b"0604", b"0604", (12,)), (b"2131", b"2131", (15,)), (b"1800", b"1800", (15,)),
    (b"62", b"62", (16, 17, 18, 19)), (b"81", b"81", (16,)),
    (b"2200", b"2204", (16, 17, 18, 19)), (b"9792", b"9792", (16,)), (b"60", b"60", (16,)),
    (b"50", b"50", (12, 13, 14, 15, 16, 17, 18, 19)), (b"56", b"58", (12, 13, 14, 15, 16, 17, 18, 19)),
    (b"63", b"63", (12, 13, 14, 15, 16, 17, 18, 19)), (b"67", b"67", (12, 13, 14, 15, 16, 17, 18, 19)),
)
_SEPARATOR = "[- \u00a0\u2011]"
_GROUPED = "|".join((
    rf"\d{{4}}{_SEPARATOR}\d{{4}}{_SEPARATOR}\d{{4}}{_SEPARATOR}\d{{1,4}}",
    rf"(?:3[47]\d\d|1800|2131){_SEPARATOR}\d{{6}}{_SEPARATOR}\d{{5}}",
    rf"3[0689]\d{{2}}{_SEPARATOR}\d{{6}}{_SEPARATOR}\d{{4}}",
))
_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
_nearest = Nearest(
    ("card", "credit", "debit", "visa", "master", "amex", "american express", "discover", "maestro", "diners", "jcb",
     "cc\\b", "pan\\b", "pay", "carte", "cb\\b", "kredit", "kart", "tarjeta", "carta", "cart[ãa]o", "pas\\b", "karta",
     "kort", "карт", "卡", "カード"),
    ("orders?\\b", "track", "isbn", "ids?\\b", "[a-z]{0,12}_id\\b", "bitmask", "hash", "timestamp", "epoch", "serial",
     "imei", "ean\\b", "gtin", "sku", "barcode", "invoice", "ref\\b", "reference", "parcel", "shipment", "nonce",
     "seed", "snowflake", "tweet"))


def is_card(digits: bytes) -> bool:
    """Whether ``digits`` alone could be a card's number."""
    return 12 <= len(digits) <= 19 and _issued(digits) and luhn(digits)


def _issued(digits: bytes) -> bool:
    return any(first <= digits[:len(first)] <= last and len(digits) in lengths for first, last, lengths in _ISSUERS)


def _is_article(digits: bytes) -> bool:
    """A trade item's number (EAN-13), which often begins as a card's does."""
    return completed((1, 3) * 6, 10)(digits)


def _grouped(candidate: Candidate) -> float:
    if continues(candidate.before):
        return 0.0
    return 1.0 if is_card(candidate.found.translate(None, _NOT_DIGITS)) else 0.0


def _plain(candidate: Candidate) -> float:
    if candidate.before[-1:] in (b"-", b".", b"_", b"/") or not is_card(candidate.found):
        return 0.0
    known = _nearest(candidate.before)
    if known:
        return 1.0
    if known is False:
        return 0.4
    if len(candidate.found) == 13 and _is_article(candidate.found):
        return 0.4
    return 0.9 if len(candidate.found) in (15, 16) else 0.6


PATTERNS = (
    Pattern("CREDIT_CARD", rf"\b(?:{_GROUPED})\b", check=_grouped),
    # Nineteen in groups. A card of sixteen with its code of three behind looks alike, but for the check digit.
    Pattern("CREDIT_CARD", rf"\b\d{{4}}(?:{_SEPARATOR}\d{{4}}){{3}}{_SEPARATOR}\d{{3}}\b", check=_grouped),
    Pattern("CREDIT_CARD", r"\b\d{12,19}\b", check=_plain),
)

"""Assignments: a name that says secret, something that ties a value to it, and the value.

In code, .env, YAML, JSON, XML, headers, URLs, command lines and sentences. The name is looked at as its words, the
value as what it is made of: neither alone is a finding.
"""

import re
from typing import NamedTuple

from guardrails.detectors.secrets.placeholders import is_password_placeholder, is_placeholder, is_reference
from guardrails.detectors.secrets.randomness import classes, is_uuid, looks_random, wordiness
from guardrails.detectors.secrets.vendors import AMBIGUOUS_VENDORS, VENDORS
from guardrails.patterns.pattern import Candidate, Check, Pattern

PASSWORD_WORDS = (
    r"pass[_-]?(?:word|wort|phrase|code)|passwd|pwd|kennwort|zugangscode|mot de passe|motdepasse|contrase(?:ñ|n)a|"
    r"parola d'ordine|senha|wachtwoord|\bpass\b|_pass\b|clave|\bmdp\b|\bpsw\b|requirepass|identified by|masterauth")
KEY_WORDS = (
    r"secret|token|(?:api|access|private|auth|account)[ _.-]?key|app(?:lication)?[_-]?key|"
    r"(?:encryption|encrypt|signing|sign|master|service|client|licen[sc]e|storage|consumer|hmac|admin|server|deploy|"
    r"deployment|webhook|write|read|personal|user|subscription|primary|host|integration|ingest|ingestion|insert|"
    r"tracking|browser|global|origin|ca|shared|security|secure|sdk|rest|session|hook|ops|org|project|bot|live|test)"
    r"[ _-]?key|credentials?|jeton|geheimnis|secreto|segreto|schlüssel|schluessel|\bcl(?:é|e) (?:api|d'api|secr)|"
    r"chiave|authorization|_auth\b|\bdsn\b|[a-z0-9][_-]key|(?-i:[a-z]Key\b)|\bkey\b|signature|\bsig\b|\bpat\b|webhook")

# What follows the word in a name, and what ends the name.
_REST = r"[\w.-]{0,24}\\?[\"'`]?[\])]?"
_JOIN = "|".join((
    # Code and configuration; a type may stand between.
    r"\s{0,8}(?::\s?(?:&?str|string|char\s?\*)\s?)?(?:=>|:=|\?\??=|\|\|=|={1,3}|::?|->)\s{0,8}",
    r"\s?,\s{0,2}",  # ("name", "value")
    r">\s{0,4}",  # <name>value
    r"[\"']?,?\s{1,20}[\"']?value[\"']?\s?[:=]\s?",  # name="..." value="...", and the same in YAML
    r"\s?\{\s{1,16}default\s{1,8}=\s?",  # variable "name" { default = "value"
    # The name of that is value.
    r"\s(?:(?:for|of|to|on|für|zu|von|pour|de|du|del|per|di)\s(?:[\w.@'-]{1,20}\s){1,2})?"
    r"(?:is|was|ist|war|lautet|est|es|era|è)\s?:?\s",
    r"[ \t]{1,4}"))  # --name value
_OPEN = r"\\?[\"'`]?(?:bearer |token |bot )?"
# The value may be an assignment itself: key: "secret = ...".
_INNER = r"(?:[A-Za-z_][\w.-]{0,40}(?:\s?[=:]{1,2}\s?\\?[\"']|\s[=:]\s|[=:]\s))?"
_PASSWORD = r"[^\s\"'`<>&;,\\]{4,119}[^\s\"'`<>&;,\\.:!?)\]}]"
_QUOTED_PASSWORD = r"[^\s\"'`]{5,120}"
_KEY = r"[\w+/=.~:%-]{9,119}[\w+/=]"
_BRACKETS = frozenset(b"([{")
_TIES = frozenset(b"=:>,")
_NAME_WORDS = re.compile(rb"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]+|[0-9]+")

# Words of a name beside which it names no secret, but something about one, or another kind of key.
_NOT_SECRET = frozenset(
    b"public publishable primary foreign sort partition cache cached idempotency translation row object hash hashed "
    b"hashes sha sha1 sha256 sha512 md5 digest checksum fingerprint thumbprint etag commit revision length len min max "
    b"minimum maximum limit limits count counts num number size ttl expiry expires expiration lifetime timeout type "
    b"kind file filename files path paths dir folder directory url uri endpoint regex pattern policy rotation label "
    b"placeholder hint field input version algorithm alg budget usage price cost cursor next page continuation csrf "
    b"xsrf reset forgot confirm strength validator validation encoder manager provider service_account format arn "
    b"integrity resolved crc crc32 sort_key event request trace span correlation build image layer tokenizer vocab "
    b"index keyword keyboard keycode license_file column table bytes bits width prefix suffix sitekey site salt iv "
    b"nonce uuid guid oid group item map dedup dedupe lookup range composite natural unique surrogate".split())
_NO_KEYS_OF_VENDORS = frozenset(
    b"account channel customer user tenant database db page project bucket region site host domain run job branch ref "
    b"repo repository tag image team workspace plan product email org organization cluster zone charge order message "
    b"session request group node device model".split())
_KEYS_WITH_IDS = frozenset(b"client access app consumer key application".split())
_STRONG = frozenset(
    b"secret api access token auth private client account signing encryption master bearer credential credentials "
    b"authorization apikey authtoken webhook consumer license licence deploy subscription shared storage".split())
_VENDORS = frozenset(vendor.encode() for vendor in VENDORS + AMBIGUOUS_VENDORS)
_SEPARATORS = re.compile(rb"[-_./:+]+")


class Place(NamedTuple):
    """Where a value stands: in what name, tied to it how, and near what.

    ``words`` are those of the name before the value; ``nearby`` those of all that stands before it; ``quoted`` tells
    whether a quote opens the value, ``said`` whether it is tied to the name by words or a blank alone, ``listed``
    whether by a comma.
    """

    words: frozenset[bytes]
    nearby: frozenset[bytes]
    quoted: bool
    said: bool
    listed: bool

    @classmethod
    def of(cls, candidate: Candidate) -> "Place":
        name, join, opening = candidate.groups[:3]
        before = candidate.before
        end = max(0, len(before) - len(join) - len(opening))
        at = max(0, end - len(name))
        while at > 0 and (before[at - 1 : at].isalnum() or before[at - 1] in b"_-."):
            at -= 1
        words = _words(before[at:end] + b" " + opening)
        return cls(words, _words(before), opening.endswith((b'"', b"'", b"`")),
                   _TIES.isdisjoint(join + opening) and not before[at:end].startswith(b"--"), join.strip() == b",")

    @property
    def of_vendor(self) -> bool:
        return not _VENDORS.isdisjoint(self.nearby)

    @property
    def secret(self) -> bool:
        return self.words.isdisjoint(_NOT_SECRET) and (self.quoted or not self.listed)


def _words(name: bytes) -> frozenset[bytes]:
    """The words of a name, in lower case, however it joins them."""
    return frozenset(word.lower() for word in _NAME_WORDS.findall(name))


def password_score(candidate: Candidate) -> float:
    """How sure it is that what a name with a word for password is given is one."""
    place, value = Place.of(candidate), candidate.found
    if not place.secret or is_reference(value) or _is_code(value, place):
        return 0.0
    count = classes(value)
    if is_password_placeholder(value) or value.lower().strip(b"0123456789") in place.words:
        return 0.2
    if count.letters == 0:
        return 0.4 if count.digits >= 6 and not place.said else 0.2
    if place.said:
        return _said_password_score(value, place)
    if count.digits == 0 and _is_of_words(value):
        return 0.4 if place.quoted else 0.3
    return 0.75 if count.kinds >= 3 else 0.65


def _is_code(value: bytes, place: Place) -> bool:
    """A call, a type, an argument, rather than text in quotes: get(, list[str, retry=True."""
    return not (place.quoted or _BRACKETS.isdisjoint(value)) or (place.said and b"=" in value)


def _said_password_score(value: bytes, place: Place) -> float:
    count = classes(value)
    if _is_of_words(value) or (count.digits == 0 and not (count.kinds == 3 and count.other)):
        return 0.3
    return 0.7 if count.kinds >= 3 else 0.6


def _is_of_words(value: bytes) -> bool:
    """Whether a value is words and numbers, each by itself: case-sensitive, AES-256, correct-horse."""
    parts = [part for part in _SEPARATORS.split(value) if part]
    if len(parts) > 1 and len(parts[-1]) >= 5 and parts[-1].isalpha() and parts[-1].islower():
        return wordiness(parts[-1]) >= 0.5  # sha256-hashed
    return all(part.isdigit() or (part.isalpha() and wordiness(part) >= 0.5) or len(part) == 1 for part in parts)


def key_score(candidate: Candidate) -> float:
    """How sure it is that what a name with a word for key is given is one."""
    place, value = Place.of(candidate), candidate.found
    if not place.secret or is_reference(value) or b"id" in place.words:
        return 0.0
    if is_placeholder(value):
        return 0.2
    named = not place.words.isdisjoint(_STRONG) or place.of_vendor
    if place.said and not (len(value) >= 12 and looks_random(value)):
        return 0.3
    return _named_score(value) if named else _unnamed_score(value, compound=len(place.words) > 1)


def _named_score(value: bytes) -> float:
    if is_uuid(value):
        return 0.6
    if looks_random(value):
        return 0.75 if len(value) >= 20 else 0.65
    count = classes(value)
    return 0.5 if count.kinds >= 3 and count.digits and not _is_of_words(value) else 0.3


def _unnamed_score(value: bytes, compound: bool) -> float:
    """A mere "key" is as often one of a table or a cache, so its value must be the more random."""
    if len(value) < 20 or is_uuid(value) or not looks_random(value):
        return 0.3
    count = classes(value)
    return 0.6 if min(count.digits, count.lower, count.upper) > 0 else 0.55 if compound else 0.3


def vendor_score(candidate: Candidate) -> float:
    """How sure it is that what a name with a vendor's name is given is a key of that vendor's."""
    place, value = Place.of(candidate), candidate.found
    if not place.secret or place.said or is_reference(value) or not place.words.isdisjoint(_NO_KEYS_OF_VENDORS):
        return 0.0
    if is_placeholder(value):
        return 0.2
    if b"id" in place.words and place.words.isdisjoint(_KEYS_WITH_IDS):
        return 0.3
    if is_uuid(value):
        return 0.45
    return (0.7 if len(value) >= 20 else 0.55) if len(value) >= 14 and looks_random(value) else 0.2


def _pattern(label: str, words: str, value: str, check: Check, opening: str = _OPEN, close: str = "") -> Pattern:
    return Pattern(label, f"(?i)((?:{words}){_REST})({_JOIN})({opening}{_INNER})(?P<found>{value}){close}", check=check)


PATTERNS = (
    _pattern("PASSWORD", PASSWORD_WORDS, _PASSWORD, password_score),
    _pattern("PASSWORD", PASSWORD_WORDS, _QUOTED_PASSWORD, password_score, r"\\?[\"'`]", r"[\"'`\\]"),
    _pattern("API_KEY", KEY_WORDS, _KEY, key_score),
    _pattern("API_KEY", "|".join(VENDORS), _KEY, vendor_score),
)

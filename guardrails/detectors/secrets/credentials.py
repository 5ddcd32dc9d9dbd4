"""Credentials: passwords and tokens where a protocol or a program has its place for them, not a name."""

import re

from guardrails.detectors.secrets.checksums import from_base64
from guardrails.detectors.secrets.placeholders import is_password_placeholder, is_placeholder, is_reference
from guardrails.detectors.secrets.randomness import classes, looks_random
from guardrails.patterns.pattern import Candidate, Pattern

_PASSWORD = r"[^\s\"'`<>]{4,100}"


def url_score(candidate: Candidate) -> float:
    """A password in a URL, unless it is a placeholder, or a bare word beside a server of one's own machine."""
    value = candidate.found
    if is_reference(value) or is_password_placeholder(value) or value.startswith((b"<", b"[", b"*")):
        return 0.2
    count = classes(value)
    if value.lower() == candidate.groups[0].lower() or (count.digits and count.kinds == 1):
        return 0.3
    return 0.85 if count.kinds >= 3 or looks_random(value) else 0.7 if count.kinds == 2 else 0.4


def option_score(candidate: Candidate) -> float:
    value = candidate.found
    if is_reference(value) or is_password_placeholder(value):
        return 0.2
    return 0.7 if classes(value).kinds >= 2 else 0.4


def bearer_score(candidate: Candidate) -> float:
    value = candidate.found
    if is_reference(value) or is_placeholder(value):
        return 0.2
    return 0.75 if looks_random(value) else 0.3


def basic_score(candidate: Candidate) -> float:
    """Base 64 of a name, a colon and a password."""
    name, colon, password = from_base64(candidate.found).partition(b":")
    if not colon or not name.isascii() or not (name + password).decode("ascii", "replace").isprintable():
        return 0.0
    return 0.2 if is_password_placeholder(password) or not password else 0.85


def jwt_score(candidate: Candidate) -> float:
    """A JSON web token: its first part says in JSON by which algorithm it is signed or encrypted."""
    if is_placeholder_token(candidate.found):
        return 0.2
    return 0.95 if re.search(rb'"(?:alg|typ|kid|enc|cty)"', from_base64(candidate.groups[1])) else 0.4


def is_placeholder_token(token: bytes) -> bool:
    return b"eyJzdWIiOiIxMjM0NTY3ODkw" in token or b"....." in token or b"xxxxx" in token.lower()


def webhook_score(candidate: Candidate) -> float:
    return 0.2 if is_placeholder(candidate.groups[1]) else 0.9


PATTERNS = (
    Pattern("CONNECTION_STRING", r"://([^\s:/@\"'`<>]{0,64}):(?P<found>[^\s@/\"'`<>]{3,100})"
            r"@[\w\[$%{-]", check=url_score),
    Pattern("PASSWORD", r"\s(?:-u|--user|--proxy-user|-U)[ =]?[\"']?[\w.@\\-]{1,64}:(?P<found>" + _PASSWORD + ")",
            check=option_score),
    Pattern("PASSWORD", r"\b(?:mysql(?:dump|admin)?|mariadb|mongosh?|docker login|redis-cli|sshpass)"
            r"(?:\s-[^\n|;]{0,100}?)?\s-(?:p|a) ?[\"']?(?P<found>" + _PASSWORD + ")",
            check=option_score),
    Pattern("BEARER_TOKEN", r"(?i)\bbearer(?:\s{1,3}|%20)(?P<found>[\w.~+/=-]{16,200})", tail=r"[\w.~+/=-]",
            check=bearer_score),
    Pattern("BASIC_AUTH", r"(?i)\bbasic\s{1,3}(?P<found>[A-Za-z0-9+/_-]{8,160}={0,2})", check=basic_score),
    Pattern("JWT", r"\b(?P<found>(eyJ[\w-]{10,180})\.[\w-]{10,280})", tail=r"[\w.-]", check=jwt_score),
    Pattern("WEBHOOK_URL", r"(?P<found>hooks\.slack\.com/(?:services|workflows|triggers)/([\w+/-]{30}))",
            tail=r"[\w+/-]", check=webhook_score),
    Pattern("WEBHOOK_URL", r"(?P<found>discord(?:app)?\.com/api/webhooks/\d{15,20}/([\w-]{50}))", tail=r"[\w-]",
            check=webhook_score),
    Pattern("WEBHOOK_URL", r"(?P<found>webhook\.office\.com/webhookb2/([a-z0-9@-]{36}))", tail=r"[\w@/-]",
            check=webhook_score),
    Pattern("WEBHOOK_URL", r"(?P<found>hooks\.zapier\.com/hooks/catch/\d{4,10}/(\w{5,10}))", tail=r"[\w/]",
            check=webhook_score),
    Pattern("WEBHOOK_URL", r"(?P<found>chat\.googleapis\.com/v1/spaces/[\w-]{5,20}/messages\?key=([\w-]{30}))",
            tail=r"[\w&=%.-]", check=webhook_score),
    Pattern("WEBHOOK_URL", r"(?P<found>maker\.ifttt\.com/trigger/\w{1,40}/(?:json/)?with/key/([\w-]{20}))",
            tail=r"[\w-]", check=webhook_score),
    Pattern("SENTRY_TOKEN", r"https?://(?P<found>([a-f0-9]{32})(?::[a-f0-9]{32})?@[\w.-]{3,60}/\d{1,20})",
            check=webhook_score),
)

"""Private keys: blocks between BEGIN and END, as OpenSSL, OpenSSH, PGP and PuTTY write them, and JSON web keys."""

from guardrails.detectors.secrets.placeholders import is_placeholder
from guardrails.detectors.secrets.randomness import looks_random
from guardrails.patterns.pattern import Candidate, Pattern

# A line's end as such, or as a string in code or JSON spells it, and indentation.
_BREAK = r"(?:\r?\n|\\{1,2}n|\\r\\n)[\s\"'+,]{0,24}"
_HEADERS = (r"(?:(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash): ?[^\r\n\\]{0,70}" + _BREAK + "){0,3}"
            "(?:" + _BREAK + ")?")
# No hyphen, so that it stops before END; no brackets or back-quotes, so that it stops where prose goes on soon.
_BODY = r"[A-Za-z0-9+/=\s\\\"',]"


def block_score(candidate: Candidate) -> float:
    body = candidate.groups[1]
    return 0.2 if is_placeholder(body) else 1.0 if looks_random(body) else 0.6


PATTERNS = (
    Pattern("PRIVATE_KEY", r"(?P<found>-{4,5} ?BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)? ?-{4,5}(?:" + _BREAK
            + r")?" + _HEADERS + r"([A-Za-z0-9+/=]{24}))", tail=_BODY, check=block_score),
    Pattern("PRIVATE_KEY", r"(?P<found>Private-Lines: ?\d{1,4}" + _BREAK + r"([A-Za-z0-9+/=]{24}))", tail=_BODY,
            check=block_score),
    Pattern("PRIVATE_KEY", r"\"d\" ?: ?(?P<found>\"([\w-]{43}))", tail=r"[\w-]", check=block_score, score=0.8),
)

"""Secrets: keys, tokens, passwords and private keys, by the vendors' formats and by the names that they are given."""

from guardrails.detectors.secrets import assignments, credentials, private_keys
from guardrails.detectors.secrets.checksums import has_crc32
from guardrails.detectors.secrets.placeholders import is_placeholder
from guardrails.detectors.secrets.randomness import classes, is_hexadecimal, wordiness
from guardrails.detectors.secrets.vendor_formats import FORMATS, Format
from guardrails.patterns.pattern import Candidate, Check, Pattern

_WITH_CRC32 = frozenset({"GITHUB_TOKEN", "NPM_TOKEN"})
# A letter of an escaped line end stands before a token in JSON or code without being part of it.
_START = r"(?:\b|\\[nrt])"


class Secrets:
    """Scores: 1 where a checksum fits, about .9 for a vendor's format, .6 to .8 for a name with a random value, below
    .5 for what is only plausible: words, placeholders, identifiers that are no secrets."""

    name = "secrets"

    def __init__(self) -> None:
        formats = tuple(_pattern(entry) for entry in FORMATS)
        self.patterns = formats + private_keys.PATTERNS + credentials.PATTERNS + assignments.PATTERNS


def _pattern(entry: Format) -> Pattern:
    rest = f"{entry.tail}{{0,300}}" if entry.tail and not entry.endless else ""
    return Pattern(entry.label, f"{_START}(?P<found>(?:{entry.prefix})({entry.body}){rest})",
                   tail=entry.tail if entry.endless else "", check=_format_check(entry))


def _format_check(entry: Format) -> Check:
    checked = entry.label in _WITH_CRC32

    def score(candidate: Candidate) -> float:
        body = candidate.groups[-1]
        if is_placeholder(body) or _is_words(body):
            return 0.2
        return 1.0 if checked and has_crc32(body) else entry.score

    return score


def _is_words(body: bytes) -> bool:
    """Whether a body reads like words, such as a name of a function or a slug."""
    count = classes(body)
    if is_hexadecimal(body):
        return not count.digits or not count.letters
    return count.digits <= len(body) // 16 and wordiness(body) >= 0.55

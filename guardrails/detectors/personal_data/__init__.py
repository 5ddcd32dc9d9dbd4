"""Personal data that has a form of its own: contact, money, government ids, network, dates of birth, papers.

Names and postal addresses have none; they are for a model. A score of 1 is form and check digits, about 0.9 a form that
is hardly anything else, 0.6 to 0.8 a form with words before it, below 0.5 what would be too often something else.
"""

from collections.abc import Sequence

from guardrails.detectors.personal_data import (
    bank,
    birth,
    cards,
    crypto,
    documents,
    identity_codes,
    internet,
    national_numbers,
    phone,
    social_security,
)
from guardrails.patterns.pattern import Pattern


class PersonalData:
    """Finds personal data by its form."""

    name = "personal_data"
    # A plain link is seldom a secret, and most texts would be poorer without theirs.
    counted = frozenset({"URL"})

    def __init__(self) -> None:
        rooms = (internet, phone, cards, bank, social_security, national_numbers, identity_codes, birth, documents,
                 crypto)
        self.patterns: Sequence[Pattern] = tuple(pattern for room in rooms for pattern in room.PATTERNS)

"""A word of a text, and what a model says of it."""

from typing import NamedTuple

PERSON, ADDRESS, CITY = "PERSON", "ADDRESS", "CITY"
GIVEN, SURNAME = "GIVEN_NAME", "SURNAME"
STREET, TOWN, POSTCODE, NUMBER, STATE, UNIT = (
    "STREET_NAME", "CITY", "ZIP_CODE", "BUILDING_NUMBER", "STATE", "SECONDARY_ADDRESS")
# What the model takes for a name faintly is one beside what it takes for one clearly.
CLEAR = 0.45
# Under this nothing is said of a word; from this on it can be the end of what stands beside it.
HINTED = 0.04


class Word(NamedTuple):
    """``label`` is PERSON, ADDRESS, or empty where it is more likely neither; ``part`` which part of a name or an
    address it is; ``person`` and ``place`` how likely it is in either."""

    start: int
    end: int
    label: str
    part: str
    score: float
    person: float = 0.0
    place: float = 0.0

"""What the simulated people ask: the same for the same seed, and as varied as what real ones ask."""

from collections.abc import Callable, Mapping
from random import Random

Message = dict[str, str]

_SUBJECTS = (
    "the night train",
    "a sourdough starter",
    "our invoice",
    "the tide",
    "a broken bicycle",
    "the museum",
    "rain",
)
_WISHES = (
    "Explain {} in one paragraph.",
    "Write a short letter about {}.",
    "Give me three reasons to care about {}.",
    "What should a beginner know of {}?",
    "Translate a sentence about {} into French.",
    "Make a list of questions about {}.",
)
_STATEMENTS = (
    "Nobody on the street remembers when {} was last in order.",
    "According to the minutes of the meeting, {} will be discussed again in the autumn.",
    "My neighbour, who knows everything about {}, does not agree with the newspaper.",
    "There are four photographs of {}, and in two of them it is snowing.",
    "The cost of {} has been estimated twice, with different results.",
)
_REMARKS = (
    "Shorter, please.",
    "And in the winter?",
    "Are you sure?",
    "Thank you. What comes next?",
    "Say it to a child.",
)
_SYSTEM: Message = {"role": "system", "content": "You are a patient assistant. Answer in plain words."}


def short(random: Random) -> list[Message]:
    """One question of one sentence."""
    return [_user(_wish(random))]


def long(random: Random) -> list[Message]:
    """A document of about six kilobytes, and a question about it."""
    document = " ".join(random.choice(_STATEMENTS).format(random.choice(_SUBJECTS)) for _ in range(80))
    return [_SYSTEM, _user(f"{document}\n\n{_wish(random)}")]


def multi_turn(random: Random) -> list[Message]:
    """A conversation of two to six exchanges, the last of them still open."""
    messages = [_SYSTEM, _user(_wish(random))]
    for _ in range(random.randint(1, 5)):
        answer = " ".join(random.choice(_STATEMENTS).format(random.choice(_SUBJECTS)) for _ in range(3))
        messages += [{"role": "assistant", "content": answer}, _user(random.choice(_REMARKS))]
    return messages


KINDS: Mapping[str, Callable[[Random], list[Message]]] = {"short": short, "long": long, "multi-turn": multi_turn}
REPEATED = 10


def ask(kind: str, random: Random, *, repeat_share: float) -> list[Message]:
    """A prompt of a kind; with the chance `repeat_share` one of ten that everybody asks, word for word.

    Without repetition a cache would never be used; with nothing else it would answer everything.
    """
    if random.random() < repeat_share:
        return KINDS[kind](Random(f"{kind} {random.randrange(REPEATED)}"))
    return KINDS[kind](random)


def _wish(random: Random) -> str:
    # The number makes the question a new one: six wishes for seven subjects are soon asked.
    return f"{random.choice(_WISHES).format(random.choice(_SUBJECTS))} (Note {random.randrange(10**6)}.)"


def _user(content: str) -> Message:
    return {"role": "user", "content": content}

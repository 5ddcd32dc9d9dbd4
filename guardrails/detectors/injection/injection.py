"""The detector of injection and jailbreaks: reads prompts with their disguises taken off; matches raw text by form."""

from collections.abc import Iterator, Sequence

from guardrails.detectors.injection.labels import SMUGGLED
from guardrails.detectors.injection.lexicon import Lexicon
from guardrails.detectors.injection.phrases import PHRASES
from guardrails.detectors.injection.reading import Reading, Signal
from guardrails.encoded import rotated, rotated_shape, turned_shape
from guardrails.finding import Finding
from guardrails.normal import Normal, Normaliser
from guardrails.passage import Passage, Role
from guardrails.patterns.pattern import Pattern

# How sure a signal makes, by who says it: p becomes 1 - (1 - p) ** exponent. Tools and documents have no orders to
# give; the application's own system prompt has.
_EXPONENTS: dict[Role, float] = {"system": 0.4, "user": 1.2, "assistant": 0.8, "tool": 2.0, "document": 2.0,
                                 "definition": 2.0}
_STRICT: frozenset[Role] = frozenset({"tool", "document", "definition"})
# What is disguised and still says such a thing was disguised for it.
_DISGUISED = 1.6
_LEAST = 0.1
_MOST = 0.99
_MOST_HEARD = 6
_TURNINGS = _ROTATED, _TURNED = 0, 1
_FEW_HIDDEN = 3
_TELLTALE = ("ignore", "previous", "instructions", "instruction", "disregard", "forget", "reveal", "prompt", "system",
             "override", "restrictions", "unrestricted", "guidelines")

Seen = tuple[Signal, int, int, float]


class Injection:
    """Reads a prompt's passage as a whole; a reply or a stream is matched by ``patterns`` alone."""

    name = "injection"
    reach = 512  # characters
    patterns: Sequence[Pattern] = PHRASES

    def __init__(self) -> None:
        lexicon = Lexicon()
        self._reading = Reading(lexicon)
        self._first = len(_TURNINGS)
        turnings = rotated_shape(_TELLTALE), turned_shape(_TELLTALE)
        self._normaliser = Normaliser(lexicon.marks, (*turnings, *self._reading.shapes))

    def read(self, passage: Passage) -> list[Finding]:
        """One finding a label, where its surest signal stands; the surest of all carries what all say together."""
        normal = self._normaliser.normal(passage.text)
        if not normal.suspicions and not normal.hidden:
            return []
        seen = list(self._seen(passage.text, normal, passage.role))
        if not seen:
            return []
        surest: dict[str, Seen] = {}
        for one in seen:
            if one[0].label not in surest or one[3] > surest[one[0].label][3]:
                surest[one[0].label] = one
        total = _together(seen)
        best = max(surest.values(), key=lambda one: one[3])
        return sorted(Finding(self.name, signal.label, start, end, round(total if signal is best[0] else score, 3))
                      for signal, start, end, score in surest.values())

    def _seen(self, text: str, normal: Normal, role: Role) -> Iterator[Seen]:
        yield from self._in_normal(text, normal, role)
        if _ROTATED in normal.suspicions:
            for signal, start, end, score in self._in_normal(text, self._normaliser.normal(rotated(text)), role):
                yield signal, start, end, _raised(score, _DISGUISED)
        if _TURNED in normal.suspicions:
            for signal, start, end, score in self._in_normal(text, self._normaliser.normal(text[::-1]), role):
                yield signal, len(text) - end, len(text) - start, _raised(score, _DISGUISED)

    def _hits(self, normal: Normal) -> list[int]:
        return [hit - self._first for hit in normal.suspicions if hit >= self._first]

    def _in_normal(self, text: str, normal: Normal, role: Role) -> Iterator[Seen]:
        for signal in self._reading.signals(normal.text, self._hits(normal)):
            score = _score(signal, role)
            if score >= _LEAST:
                start, end = normal.span(signal.start, signal.end)
                disguised = text[start:end].lower() != normal.text[signal.start : signal.end]
                yield signal, start, end, _raised(score, _DISGUISED) if disguised else score
        if normal.hidden > _FEW_HIDDEN:
            yield Signal(-1000, SMUGGLED, 0.5, 0.7, 0, 0, 1.0), 0, len(text), 0.7 if role in _STRICT else 0.5


def _score(signal: Signal, role: Role) -> float:
    if role not in _STRICT:
        return _raised(signal.score * signal.left, _EXPONENTS[role])
    score = signal.strict or _raised(signal.score, _EXPONENTS[role])
    return score * (0.4 + 0.6 * signal.left)


def _raised(score: float, exponent: float) -> float:
    return 1.0 - float((1 - min(score, _MOST)) ** exponent)


def _together(seen: Sequence[Seen]) -> float:
    """Different signals add up as independent witnesses would; one that is heard twice, or overlaps, counts once."""
    left, heard = 1.0, set[int]()
    until: list[tuple[int, int]] = []
    for signal, start, end, score in sorted(seen, key=lambda one: -one[3]):
        if signal.rule in heard or any(start < last and first < end for first, last in until):
            continue
        heard.add(signal.rule)
        until.append((start, end))
        left *= 1 - score
        if len(heard) == _MOST_HEARD:
            break
    return min(1 - left, _MOST)

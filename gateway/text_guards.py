"""Text guards: makes the guarded texts of one reply, and keeps what was said for guards that judge it afterwards."""

from collections.abc import Callable

from gateway.asked import asked_of
from gateway.exchange import Exchange
from guardrails.detectors.detector import Asked
from guardrails.examination import Examination
from guardrails.inspection import Inspector
from guardrails.opinions import Opinions
from guardrails.passage import Passage
from guardrails.stream import GuardedText
from guardrails.stretch_judging import ROLE, ask_all
from guardrails.verdict import Verdict
from models.protocol.texts.text import Text

# Of a reply that is longer, guards that judge it afterwards see the beginning.
SAID_BYTES = 256 * 1024


class TextGuards:
    """``verdict`` is the exchange's; ``shadow`` judges beside it and changes nothing. ``opinions`` are asked of slow
    judges."""

    def __init__(self, exchange: Exchange, inspector: Inspector, verdict: Verdict,
                 shadow: tuple[Inspector, Verdict] | None) -> None:
        self.opinions: Opinions | None = None
        self.verdict = verdict
        self._exchange = exchange
        self._inspector = inspector
        self._shadow = shadow
        self._asked = asked_of(exchange.document) if inspector.has_watchers else Asked()
        self._inspectors = [inspector, *([shadow[0]] if shadow is not None else [])]
        self.keeps = any(one.slow_at["after"] for one in self._inspectors)
        self.slow = any(one.slow_at["before"] for one in self._inspectors)
        self._said: dict[GuardedText, tuple[str, list[bytes]]] = {}
        self._said_bytes = 0

    def live(self, text: Text) -> GuardedText:
        return self._made(self._inspector, self.verdict, text)

    def shadow(self, text: Text) -> GuardedText | None:
        return self._made(*self._shadow, text) if self._shadow is not None else None

    def again(self, text: Text) -> GuardedText:
        """For a text that was judged before: nobody hears of it twice."""
        return self._made(self._inspector, Verdict(), text)

    def _made(self, inspector: Inspector, verdict: Verdict, text: Text) -> GuardedText:
        exchange = self._exchange
        return GuardedText(inspector, verdict, place=_place(text), channel=text.channel, asked=self._asked,
                           lot=exchange.lot, pseudonyms=exchange.pseudonyms, opinions=self.opinions)

    def ask(self, text: Text, opinions: Opinions) -> None:
        """Asks the slow judges about a text that is there as a whole."""
        for inspector in self._inspectors:
            ask_all(inspector, text.text, place=_place(text), as_json=text.channel.startswith("arguments"),
                    lot=self._exchange.lot, opinions=opinions)

    # What is judged afterwards

    def keep(self, guarded: GuardedText, text: Text, data: bytes) -> None:
        """Notes that ``data`` was said."""
        if self._said_bytes < SAID_BYTES:
            self._said_bytes += len(data)
            self._said.setdefault(guarded, (_place(text), []))[1].append(data)

    def afterwards(self, now: Callable[[], float]) -> list[Examination | None]:
        """What the live policy and the one in shadow have to judge now that all was said."""
        passages = [Passage(b"".join(pieces)[: guarded.ends_at].decode(errors="ignore"), ROLE, place)
                    for guarded, (place, pieces) in self._said.items()]
        self._said.clear()
        if not passages:
            return [None, None]
        found = [Examination(inspector, passages, self._exchange.lot, None, now) for inspector in self._inspectors]
        return [*(one if one.slow_readers("after") else None for one in found), None][:2]


def _place(text: Text) -> str:
    return f"choices[{text.choice}].{text.key}"

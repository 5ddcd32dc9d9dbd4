"""Finds stop strings in text that grows piece by piece, also where one is split over several pieces."""

from collections.abc import Sequence


class StopStrings:
    """Watches one growing text. What may yet turn out to be the beginning of a stop string is held back.

    `holdback` is the number of characters at the end of the text that must not be shown while more may come: the
    longest stop string less one, or nothing where stop strings are to be shown anyway.
    """

    def __init__(self, stops: Sequence[str], include: bool = False) -> None:
        self._stops = tuple(stops)
        self._include = include
        self.holdback = 0 if include else max((len(stop) for stop in stops), default=1) - 1

    def search(self, text: str, fresh: int) -> tuple[str, int] | None:
        """The stop string that is complete first, and where to cut `text`; None while there is none.

        Only matches which end in the last `fresh` characters are looked for: the rest was searched before.
        """
        found = [match for stop in self._stops if (match := self._match(text, stop, fresh))]
        if not found or not fresh:
            return None
        end, stop = min(found, key=lambda match: match[0])
        return stop, end if self._include else end - len(stop)

    @staticmethod
    def _match(text: str, stop: str, fresh: int) -> tuple[int, str] | None:
        start = text.find(stop, max(0, len(text) - fresh - len(stop) + 1))
        return None if start < 0 else (start + len(stop), stop)

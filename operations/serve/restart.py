"""When a child that died is started again."""

YOUNG_SECONDS = 10.0
FIRST_DELAY_SECONDS = 0.25
LONGEST_DELAY_SECONDS = 5.0


class Restarts:
    """At once after a life of some length; after each young death in a row, twice as late, up to five seconds."""

    def __init__(self) -> None:
        self._young_deaths = 0

    def delay_seconds(self, lived_seconds: float) -> float:
        """How long to wait after a life of ``lived_seconds``; the first young death costs no wait either."""
        if lived_seconds >= YOUNG_SECONDS:
            self._young_deaths = 0
            return 0.0
        self._young_deaths += 1
        if self._young_deaths == 1:
            return 0.0
        # The exponent is held down so that a child that dies for days overflows nothing.
        return float(min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(self._young_deaths - 2, 10)))

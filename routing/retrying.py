"""Retrying: when another attempt is allowed, so that a failing upstream is not drowned in second tries."""


class RetryBudget:
    """Retries in flight may be at most ``ratio`` of the requests in flight, and always ``minimum`` (Envoy: 20 %, 3)."""

    def __init__(self, ratio: float = 0.2, minimum: int = 3) -> None:
        self._ratio = ratio
        self._minimum = minimum
        self.requests = 0
        self.retries = 0

    def __repr__(self) -> str:
        return f"<RetryBudget {self.retries} of {max(self._minimum, int(self._ratio * self.requests))}>"

    def allows(self) -> bool:
        return self.retries < max(self._minimum, int(self._ratio * self.requests))

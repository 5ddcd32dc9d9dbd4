"""What a worker counts of gathering, model by model."""

from bisect import bisect_left

import msgspec

REQUESTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
WAIT_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1)


class Gathered(msgspec.Struct):
    """Since the worker's start. The last of each list of counts is of what is above all boundaries."""

    requests: int = 0
    request_counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(REQUESTS) + 1))  # of calls
    wait_seconds: float = 0.0
    wait_counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(WAIT_SECONDS) + 1))  # of requests
    shared: int = 0  # requests that went with others
    again: int = 0  # of these, such as were then asked alone

    def went_alone(self) -> None:
        """One request, at once."""
        self.requests += 1
        self.request_counts[0] += 1
        self.wait_counts[0] += 1

    def waited(self, seconds: float) -> None:
        self.wait_seconds += seconds
        self.wait_counts[bisect_left(WAIT_SECONDS, seconds)] += 1

    def sent(self, requests: int) -> None:
        """A call of so many."""
        self.requests += requests
        self.request_counts[bisect_left(REQUESTS, requests)] += 1
        if requests > 1:
            self.shared += requests

    def add(self, other: "Gathered") -> None:
        """Also what another life or another worker has counted."""
        self.requests += other.requests
        self.wait_seconds += other.wait_seconds
        self.shared += other.shared
        self.again += other.again
        self.request_counts = [a + b for a, b in zip(self.request_counts, other.request_counts, strict=True)]
        self.wait_counts = [a + b for a, b in zip(self.wait_counts, other.wait_counts, strict=True)]

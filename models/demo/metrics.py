"""vLLM's own metric names, as far as they have a meaning here."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from models.demo.sequence import Piece, Sequence

LABELS = ("model_name", "engine")
FIRST_TOKEN_SECONDS = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0,
                       40.0, 80.0, 160.0, 640.0, 2560.0)  # fmt: skip
NEXT_TOKEN_SECONDS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0,
                      40.0, 80.0)  # fmt: skip
WHOLE_SECONDS = (0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0,
                 960.0, 1920.0, 7680.0)  # fmt: skip
REASONS = ("stop", "length", "abort", "error", "repetition")


class Metrics:
    """One registry for each server. Observed on the engine's thread; prometheus_client locks each series itself."""

    def __init__(self, model_name: str) -> None:
        self.registry = CollectorRegistry()
        self._labels = {"model_name": model_name, "engine": "0"}
        self.running = self._gauge("num_requests_running", "Requests in the model's batch.")
        self.waiting = self._gauge("num_requests_waiting", "Requests waiting for a seat.")
        self.prompt_tokens = self._counter("prompt_tokens", "Prompt tokens read.")
        self.generation_tokens = self._counter("generation_tokens", "Tokens generated.")
        self.first_token = self._histogram("time_to_first_token_seconds", FIRST_TOKEN_SECONDS)
        self.next_token = self._histogram("inter_token_latency_seconds", NEXT_TOKEN_SECONDS)
        self.queued = self._histogram("request_queue_time_seconds", WHOLE_SECONDS)
        self.whole = self._histogram("e2e_request_latency_seconds", WHOLE_SECONDS)
        self._finished = Counter(
            "vllm:request_success", "Requests ended, by reason.", (*LABELS, "finished_reason"), registry=self.registry
        )
        self._endings = {reason: self._finished.labels(**self._labels, finished_reason=reason) for reason in REASONS}

    def observe(self, sequence: Sequence, piece: Piece) -> None:
        """Takes note of what one step added to one sequence."""
        now, timing = time.monotonic(), sequence.timing
        if piece.tokens:
            self._observe_token(sequence, now)
            timing.last = now
        if piece.finish_reason in ("stop", "length"):
            self._endings[piece.finish_reason].inc()
            self.whole.observe(now - timing.arrived)

    def _observe_token(self, sequence: Sequence, now: float) -> None:
        timing = sequence.timing
        self.generation_tokens.inc()
        if timing.last is not None:
            self.next_token.observe(now - timing.last)
            return
        timing.first = now
        self.first_token.observe(now - timing.arrived)
        self.queued.observe((timing.admitted or now) - timing.arrived)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"vllm:{name}", text, LABELS, registry=self.registry).labels(**self._labels)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"vllm:{name}", text, LABELS, registry=self.registry).labels(**self._labels)

    def _histogram(self, name: str, buckets: tuple[float, ...]) -> Histogram:
        text = f"Histogram of {name.replace('_', ' ')}."
        return Histogram(f"vllm:{name}", text, LABELS, registry=self.registry, buckets=buckets).labels(**self._labels)

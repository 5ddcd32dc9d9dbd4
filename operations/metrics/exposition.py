"""The fold's series as Prometheus families. The names and labels are a contract: docs/metrics.md explains each."""

from collections.abc import Callable, Iterable, Iterator
from math import inf

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from operations.metrics.fold import Fold, PairSeries
from operations.metrics.histogram import Histogram

_PAIR = ("model", "version")


def traffic(fold: Fold) -> Iterator[Metric]:
    """Every family that comes from records, also those that have no sample yet."""
    yield from _requests(fold)
    yield from _durations(fold)
    yield from _tokens(fold)
    yield _counter("gatewright_upstream_attempts", "Attempts at an endpoint, by what came of each",
                   ("version", "endpoint", "result"), fold.attempts.items())
    yield _counter("gatewright_cache_requests", "Requests by what the cache did: hit, similar, miss, coalesced, bypass",
                   ("model", "result"), fold.cache.items())
    yield _counter("gatewright_cache_rechecks", "Answers to similar questions that were asked for all the same",
                   ("model", "result"), fold.rechecks.items())
    yield _counter("gatewright_cache_saved_tokens", "Tokens that no model server had to read or write", ("model",),
                   (((model,), count) for model, count in fold.saved_tokens.items()))
    yield _counter("gatewright_cache_saved_cost", "What they would have cost, in units of currency", ("model",),
                   (((model,), micros / 1e6) for model, micros in fold.saved_micros.items()))
    yield _counter("gatewright_batch_lines", "Attempts at lines of batches, by what came of each",
                   (*_PAIR, "outcome"), fold.lines.items())
    yield _counter("gatewright_feedback", "Feedback that was taken, by metric", ("metric",), fold.feedback.items())
    yield _counter("gatewright_guard_findings", "Findings of guards, by side and by what was done",
                   ("guard", "side", "action"), fold.guards.items())
    yield _counter("gatewright_guard_failures", "Guards that could not decide, by reason and by what that meant",
                   ("guard", "side", "reason", "mode"), fold.guard_failures.items())
    yield _counter("gatewright_guard_differences", "Requests in which a shadow policy would have done otherwise",
                   ("guard", "side", "live", "shadow"), fold.guard_differences.items())
    seconds = HistogramMetricFamily("gatewright_guard_seconds", "Time that a guard took", labels=("guard", "side"))
    for key, histogram in fold.guard_seconds.items():
        _add(seconds, key, histogram)
    yield seconds


def _counter(
    name: str, says: str, labels: Iterable[str], samples: Iterable[tuple[tuple[str, ...], float]]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, says, labels=list(labels))
    for values, count in samples:
        family.add_metric(values, count)
    return family


def _requests(fold: Fold) -> Iterator[Metric]:
    yield _counter("gatewright_requests", "Finished requests, by operation and outcome",
                   (*_PAIR, "endpoint", "outcome"),
                   (((*pair, *key), count) for pair, series in fold.pairs.items()
                    for key, count in series.requests.items()))
    yield _counter("gatewright_errors", "Requests that were not answered, by who failed and the code of the error",
                   (*_PAIR, "outcome", "blame", "code"),
                   (((*pair, *key), count) for pair, series in fold.pairs.items()
                    for key, count in series.errors.items()))


def _durations(fold: Fold) -> Iterator[Metric]:
    seconds = HistogramMetricFamily("gatewright_request_seconds", "From the first byte in to the last byte out",
                                    labels=[*_PAIR, "outcome"])
    for pair, series in fold.pairs.items():
        for outcome, histogram in series.request_seconds.items():
            _add(seconds, (*pair, outcome), histogram)
    yield seconds
    yield _histogram(fold, "gatewright_time_to_first_token_seconds", "From the first byte in to the first token out",
                     lambda series: series.first_token)
    yield _histogram(fold, "gatewright_inter_token_seconds", "Between one token of a stream and the next",
                     lambda series: series.token_gap)
    yield _histogram(fold, "gatewright_overhead_seconds", "What the gateway added to an answered request",
                     lambda series: series.overhead)


def _histogram(fold: Fold, name: str, says: str, of: Callable[[PairSeries], Histogram]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, says, labels=list(_PAIR))
    for pair, series in fold.pairs.items():
        _add(family, pair, of(series))
    return family


def _add(family: HistogramMetricFamily, labels: tuple[str, ...], histogram: Histogram) -> None:
    buckets = [(_boundary(le), count) for le, count in histogram.cumulative()]
    family.add_metric(labels, buckets, histogram.sum)


def _boundary(le: float) -> str:
    return "+Inf" if le == inf else repr(le)


def _tokens(fold: Fold) -> Iterator[Metric]:
    yield _counter("gatewright_tokens", "Tokens, by direction: prompt or completion", (*_PAIR, "direction"),
                   ((key, count) for pair, series in fold.pairs.items()
                    for key, count in (((*pair, "prompt"), series.prompt_tokens),
                                       ((*pair, "completion"), series.completion_tokens))))
    yield _counter("gatewright_cached_tokens", "Prompt tokens that the model server had cached", _PAIR,
                   ((pair, series.cached_tokens) for pair, series in fold.pairs.items()))
    yield _counter("gatewright_cost", "Cost in units of currency", _PAIR,
                   ((pair, series.cost_micros / 1e6) for pair, series in fold.pairs.items()))

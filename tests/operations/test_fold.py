"""The traffic's metrics: what /metrics says is what the records say, added up."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry

from gateway.record import Attempt, Entry, ExchangeRecord, Signal
from gateway.telemetry import buckets
from operations.metrics import fold as folding
from operations.metrics.exposition import traffic
from operations.metrics.fold import Fold
from operations.metrics.histogram import Histogram
from tests.operations.scripted_worker import record


def samples(fold: Fold) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of the page, as a Prometheus server would read it."""
    class Page(Collector):
        def collect(self) -> list[Metric]:
            return list(traffic(fold))

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Page())
    text = generate_latest(registry).decode()
    return {(sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def value(fold: Fold, name: str, **labels: str) -> float:
    return samples(fold)[name, frozenset(labels.items())]


def folded(*records: Entry) -> Fold:
    fold = Fold()
    for one in records:
        fold.add(one)
    return fold


PAIR = {"model": "assistant", "version": "smol-1"}


def test_requests_are_counted_by_model_version_operation_and_outcome() -> None:
    refused = record("b")
    refused.outcome, refused.blame, refused.code = "refused", "caller", "invalid_request"
    fold = folded(record("a"), record("c"), refused)
    assert value(fold, "gatewright_requests_total", **PAIR, endpoint="chat.completions", outcome="answered") == 2
    assert value(fold, "gatewright_requests_total", **PAIR, endpoint="chat.completions", outcome="refused") == 1
    assert value(fold, "gatewright_errors_total", **PAIR, outcome="refused", blame="caller",
                 code="invalid_request") == 1


def test_an_attempt_that_was_made_for_several_is_counted_with_the_one_that_leads() -> None:
    fold = Fold()
    for place, follows in enumerate((False, True, True)):
        one = record(f"{place}")
        one.attempts = [Attempt("smol-1", "http://x", "answered", 0.1, 200, 2, follows)]
        fold.add(one)
    assert value(fold, "gatewright_upstream_attempts_total", version="smol-1", endpoint="http://x",
                 result="answered") == 1  # fmt: skip


def test_tokens_cost_and_attempts_are_added_up() -> None:
    one, other = record("a"), record("b")
    one.cost_micros, other.cost_micros, other.cached_tokens = 1_500_000, 250_000, 3
    other.attempts = [Attempt("smol-1", "http://x", "upstream_unreachable", 0.1), *other.attempts]
    fold = folded(one, other)
    assert value(fold, "gatewright_tokens_total", **PAIR, direction="prompt") == 14
    assert value(fold, "gatewright_tokens_total", **PAIR, direction="completion") == 10
    assert value(fold, "gatewright_cached_tokens_total", **PAIR) == 3
    assert value(fold, "gatewright_cost_total", **PAIR) == 1.75
    assert value(fold, "gatewright_upstream_attempts_total", version="smol-1", endpoint="http://x",
                 result="upstream_unreachable") == 1


def test_durations_fall_into_the_boundaries_that_workers_share() -> None:
    fold = folded(record("a"))
    assert value(fold, "gatewright_request_seconds_sum", **PAIR, outcome="answered") == 0.5
    assert value(fold, "gatewright_request_seconds_bucket", **PAIR, outcome="answered", le="0.25") == 0
    assert value(fold, "gatewright_request_seconds_bucket", **PAIR, outcome="answered", le="0.5") == 1
    assert value(fold, "gatewright_time_to_first_token_seconds_bucket", **PAIR, le="0.1") == 1
    assert value(fold, "gatewright_overhead_seconds_bucket", **PAIR, le="0.0001") == 0
    assert value(fold, "gatewright_overhead_seconds_bucket", **PAIR, le="0.00025") == 1


def test_gaps_between_tokens_are_merged_as_the_worker_counted_them() -> None:
    fold = folded(record("a"), record("b"))
    assert value(fold, "gatewright_inter_token_seconds_bucket", **PAIR, le="0.01") == 6
    assert value(fold, "gatewright_inter_token_seconds_bucket", **PAIR, le="0.025") == 8
    assert value(fold, "gatewright_inter_token_seconds_count", **PAIR) == 8
    assert value(fold, "gatewright_inter_token_seconds_sum", **PAIR) == pytest.approx(0.1)


def test_overhead_tells_of_answered_requests_alone() -> None:
    failed = record("a")
    failed.outcome = "failed"
    assert value(folded(failed), "gatewright_overhead_seconds_count", **PAIR) == 0


def test_a_reply_without_a_first_token_has_no_time_to_it() -> None:
    whole = record("a")
    whole.first_token_seconds = 0.0
    assert value(folded(whole), "gatewright_time_to_first_token_seconds_count", **PAIR) == 0


def test_a_request_for_no_known_model_is_counted_under_unknown() -> None:
    stray = ExchangeRecord(id="a", started_at=0.0, operation="chat.completions", outcome="refused", blame="caller",
                           code="model_not_found")
    assert value(folded(stray), "gatewright_requests_total", model="unknown", version="none",
                 endpoint="chat.completions", outcome="refused") == 1


def test_a_fallback_is_counted_under_the_version_that_answered() -> None:
    fallen = record("a")
    fallen.arm_served = "smol-2"
    assert ("assistant", "smol-2") in folded(fallen).pairs


def test_what_no_application_asked_for_is_no_request() -> None:
    probe = record("a")
    probe.purpose = "probe"
    assert folded(probe).pairs == {}


def test_lines_of_batches_count_for_what_they_took_and_not_as_requests() -> None:
    """Nobody waited for them: how long they took says nothing of how long people wait."""
    line, preempted = record("a"), record("b")
    line.purpose = preempted.purpose = "batch"
    preempted.outcome, preempted.code, preempted.prompt_tokens, preempted.completion_tokens = (
        "abandoned", "preempted", 0, 0)
    fold = folded(line, preempted, record("c"))
    assert value(fold, "gatewright_batch_lines_total", **PAIR, outcome="answered") == 1
    assert value(fold, "gatewright_batch_lines_total", **PAIR, outcome="preempted") == 1
    assert value(fold, "gatewright_requests_total", **PAIR, endpoint="chat.completions", outcome="answered") == 1
    assert value(fold, "gatewright_request_seconds_count", **PAIR, outcome="answered") == 1
    assert value(fold, "gatewright_tokens_total", **PAIR, direction="completion") == 10


def test_what_cache_and_guards_did_is_counted() -> None:
    hit = record("a")
    hit.cache, hit.guards = "hit", ["prompt:personal_data:redact:3", "reply:secrets:block"]
    fold = folded(hit)
    assert value(fold, "gatewright_cache_requests_total", model="assistant", result="hit") == 1
    assert value(fold, "gatewright_guard_findings_total", guard="personal_data", side="prompt", action="redact") == 3
    assert value(fold, "gatewright_guard_findings_total", guard="secrets", side="reply", action="block") == 1


def test_what_a_similar_question_saved_is_counted_and_says_nothing_of_a_models_pace() -> None:
    alike = record("a")
    alike.cache, alike.usage_source, alike.saved_micros = "similar", "cached", 2_000_000
    fold = folded(alike)
    assert value(fold, "gatewright_cache_requests_total", model="assistant", result="similar") == 1
    assert value(fold, "gatewright_cache_saved_cost_total", model="assistant") == 2
    assert fold.pairs["assistant", "smol-1"].first_token.sum == 0
    again = record("b")
    again.purpose = "recheck"
    assert folded(again).pairs == {}


def test_rechecks_are_counted_by_model_and_result() -> None:
    fold = folded(Signal(id="a:recheck", exchange_id="a", at=1.0, kind="recheck", name="disagreed", value=0.0,
                         body={"model": "assistant", "by": "b"}))
    assert value(fold, "gatewright_cache_rechecks_total", model="assistant", result="disagreed") == 1


def test_what_guards_came_to_afterwards_is_counted_with_the_rest() -> None:
    fold = folded(record("a"), Signal(id="a:prompt:names", exchange_id="a", at=1.0, kind="guard", name="names", body={
        "guards": ["prompt:names:flag:2"], "guard_failures": ["prompt:topics:cancelled:allow"],
        "guard_differences": ["prompt names:PERSON flag->block"], "guard_seconds": {"prompt:names": 0.04}}))
    assert value(fold, "gatewright_guard_findings_total", guard="names", side="prompt", action="flag") == 2
    assert value(fold, "gatewright_guard_failures_total", guard="topics", side="prompt", reason="cancelled",
                 mode="allow") == 1
    assert value(fold, "gatewright_guard_differences_total", guard="names", side="prompt", live="flag",
                 shadow="block") == 1
    assert value(fold, "gatewright_guard_seconds_count", guard="names", side="prompt") == 1
    assert value(fold, "gatewright_requests_total", **PAIR, endpoint="chat.completions", outcome="answered") == 1


def test_feedback_is_counted_by_metric_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MAX_METRICS", 2)
    fold = folded(*(Signal(id=str(number), exchange_id="a", at=1.0, kind="feedback", name=name)
                    for number, name in enumerate(["kind", "helpful", "kind", "third", "fourth", "helpful"])))
    counted = {labels: count for (name, labels), count in samples(fold).items() if name == "gatewright_feedback_total"}
    assert counted == {frozenset({("metric", "kind")}): 2, frozenset({("metric", "helpful")}): 2,
                       frozenset({("metric", "other")}): 2}


def test_a_signal_of_a_kind_that_is_not_known_changes_nothing() -> None:
    known = samples(folded(record("a")))
    assert samples(folded(record("a"), Signal(id="s", exchange_id="a", at=1.0, kind="what", name="x"))) == known


def test_what_guards_failed_at_took_and_would_have_done_is_counted() -> None:
    one = record("a")
    one.guard_failures = ["prompt:injection:timeout:block"]
    one.guard_differences = ["prompt personal_data:EMAIL redact->block", "prompt personal_data:IBAN redact->block",
                             "reply secrets:KEY none->flag"]
    one.guard_seconds = {"prompt:patterns": 0.00002, "reply:patterns": 0.3}
    fold = folded(one)
    assert value(fold, "gatewright_guard_failures_total", guard="injection", side="prompt", reason="timeout",
                 mode="block") == 1
    assert value(fold, "gatewright_guard_differences_total", guard="personal_data", side="prompt", live="redact",
                 shadow="block") == 2
    assert value(fold, "gatewright_guard_differences_total", guard="secrets", side="reply", live="none",
                 shadow="flag") == 1
    assert value(fold, "gatewright_guard_seconds_bucket", guard="patterns", side="prompt", le="2.5e-05") == 1
    assert value(fold, "gatewright_guard_seconds_bucket", guard="patterns", side="reply", le="0.25") == 0


def test_labels_stay_bounded_whatever_the_records_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MAX_SERIES", 3)
    fold = Fold()
    for number in range(50):
        one = record(str(number))
        one.model = f"model-{number}"
        fold.add(one)
    assert len(fold.pairs) == 4
    assert fold.pairs["other", "other"].requests.total() == 47
    assert len(fold.cache) <= 4


def test_codes_of_errors_stay_bounded_too() -> None:
    fold = Fold()
    for number in range(500):
        one = record(str(number))
        one.outcome, one.blame, one.code = "failed", "upstream", f"code-{number}"
        fold.add(one)
    errors = fold.pairs["assistant", "smol-1"].errors
    assert len(errors) == folding.MAX_CODES + 1
    assert errors.total() == 500


def test_every_family_is_on_the_page_before_the_first_request() -> None:
    names = {family.name for family in traffic(Fold())}
    assert {"gatewright_requests", "gatewright_request_seconds", "gatewright_time_to_first_token_seconds",
            "gatewright_inter_token_seconds", "gatewright_overhead_seconds", "gatewright_tokens", "gatewright_cost",
            "gatewright_guard_findings", "gatewright_guard_seconds", "gatewright_cache_requests"} <= names


@given(st.lists(st.floats(0, 100)))
def test_a_histogram_counts_each_value_at_every_boundary_that_is_not_below_it(values: list[float]) -> None:
    histogram = Histogram(buckets.REQUEST)
    for one in values:
        histogram.observe(one)
    assert dict(histogram.cumulative()) == {
        boundary: sum(one <= boundary for one in values) for boundary in (*buckets.REQUEST, float("inf"))}
    assert histogram.sum == pytest.approx(sum(values))


@given(st.lists(st.integers(0, 9), max_size=30))
def test_merged_counts_lose_nothing_even_where_there_are_too_many(counts: list[int]) -> None:
    histogram = Histogram(buckets.TOKEN_GAP)
    histogram.merge(counts, 1.5)
    assert dict(histogram.cumulative())[float("inf")] == sum(counts)
    assert histogram.sum == 1.5


def test_the_sum_over_all_series_is_the_number_of_records() -> None:
    outcomes = ["answered", "refused", "failed", "abandoned"] * 5
    fold = Fold()
    for number, outcome in enumerate(outcomes):
        one = record(str(number))
        one.outcome = outcome
        fold.add(one)
    counted = Counter({labels: count for (name, labels), count in samples(fold).items()
                       if name == "gatewright_requests_total"})
    assert counted.total() == fold.records_total == len(outcomes)

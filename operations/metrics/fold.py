"""Folds exchange records into series: what `/metrics` says of the traffic is what the records say, added up."""

from collections import Counter

import msgspec

from gateway.record import FROM_MEMORY, Entry, ExchangeRecord, GuardNotes, Signal
from gateway.telemetry import buckets
from operations.metrics.histogram import Histogram

MAX_SERIES = 2000
MAX_CODES = 100
MAX_METRICS = 100
NOT_REQUESTS = frozenset({"shadow", "replay", "probe", "recheck"})  # purposes of what no application asked for
BATCH = "batch"  # the purpose of what nobody waits for

Pair = tuple[str, str]  # model, version
_OTHERS: Pair = ("other", "other")


class PairSeries:
    """The series of one version of one model."""

    __slots__ = ("cached_tokens", "completion_tokens", "cost_micros", "errors", "first_token", "overhead",
                 "prompt_tokens", "request_seconds", "requests", "token_gap")

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()  # operation, outcome
        self.errors: Counter[tuple[str, str, str]] = Counter()  # outcome, blame, code
        self.request_seconds: dict[str, Histogram] = {}  # by outcome
        self.first_token = Histogram(buckets.FIRST_TOKEN)
        self.token_gap = Histogram(buckets.TOKEN_GAP)
        self.overhead = Histogram(buckets.OVERHEAD)
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cached_tokens = 0
        self.cost_micros = 0

    def add(self, record: ExchangeRecord) -> None:
        self.requests[record.operation or "unknown", record.outcome] += 1
        seconds = self.request_seconds.get(record.outcome)
        if seconds is None:
            seconds = self.request_seconds[record.outcome] = Histogram(buckets.REQUEST)
        seconds.observe(record.total_seconds)
        if record.outcome == "answered":
            # Only here is the rest of the time upstream's; a refusal is all overhead, added to nothing.
            self.overhead.observe(record.overhead_seconds)
        else:
            self._add_error(record)
        if record.cache not in FROM_MEMORY:  # how fast a memory is says nothing of a model
            self._add_pace(record)
        self.add_tokens(record)

    def add_tokens(self, record: ExchangeRecord) -> None:
        """What it took of a model: that counts whoever asked."""
        if record.usage_source == "cached":
            return  # another exchange's tokens, counted there
        self.prompt_tokens += record.prompt_tokens
        self.completion_tokens += record.completion_tokens
        self.cached_tokens += record.cached_tokens
        self.cost_micros += record.cost_micros

    def _add_pace(self, record: ExchangeRecord) -> None:
        if record.first_token_seconds > 0:
            self.first_token.observe(record.first_token_seconds)
        if record.token_gap_counts:
            self.token_gap.merge(record.token_gap_counts, record.token_gap_seconds)

    def _add_error(self, record: ExchangeRecord) -> None:
        key = record.outcome, record.blame, record.code
        if key not in self.errors and len(self.errors) >= MAX_CODES:
            key = record.outcome, record.blame, "other"  # a model server may have put its own word there
        self.errors[key] += 1


class Fold:
    """Every series that comes from records. Labels are bounded: past ``MAX_SERIES`` pairs all others share one."""

    def __init__(self) -> None:
        self.pairs: dict[Pair, PairSeries] = {}
        self.attempts: Counter[tuple[str, str, str]] = Counter()  # version, endpoint, result
        self.cache: Counter[Pair] = Counter()  # model, result
        self.saved_tokens: Counter[str] = Counter()  # by model
        self.saved_micros: Counter[str] = Counter()
        self.rechecks: Counter[tuple[str, str]] = Counter()  # model, result
        self.guards: Counter[tuple[str, str, str]] = Counter()  # guard, side, action
        self.guard_failures: Counter[tuple[str, ...]] = Counter()  # guard, side, reason, mode
        self.guard_differences: Counter[tuple[str, ...]] = Counter()  # guard, side, live, shadow
        self.guard_seconds: dict[tuple[str, str], Histogram] = {}  # by guard and side
        self.feedback: Counter[tuple[str]] = Counter()  # metric
        self.lines: Counter[tuple[str, str, str]] = Counter()  # attempts at lines of batches: model, version, result
        self.records_total = 0

    def add(self, record: Entry) -> None:
        self.records_total += 1
        if isinstance(record, Signal):
            self._add_signal(record)
        elif record.purpose not in NOT_REQUESTS:
            self._add_exchange(record)

    def _add_signal(self, signal: Signal) -> None:
        if signal.kind == "guard":
            self._add_guards(msgspec.convert(signal.body, GuardNotes))
        elif signal.kind == "recheck":
            self.rechecks[str(signal.body.get("model", "unknown")), signal.name] += 1
        elif signal.kind == "feedback":
            # Callers choose the names: past a bound all others share one.
            known = (signal.name,) in self.feedback or len(self.feedback) < MAX_METRICS
            self.feedback[(signal.name if known else "other",)] += 1

    def _add_exchange(self, record: ExchangeRecord) -> None:
        pair = record.model or "unknown", record.arm_served or record.arm_assigned or "none"
        if pair not in self.pairs and len(self.pairs) >= MAX_SERIES:
            pair = _OTHERS
        series = self.pairs.get(pair) or self.pairs.setdefault(pair, PairSeries())
        if record.purpose == BATCH:
            series.add_tokens(record)
            self.lines[*pair, "preempted" if record.code == "preempted" else record.outcome] += 1
        else:
            series.add(record)
        self.cache[pair[0], record.cache] += 1
        if record.usage_source == "cached":
            self.saved_tokens[pair[0]] += record.prompt_tokens + record.completion_tokens
            self.saved_micros[pair[0]] += record.saved_micros
        for attempt in record.attempts:
            if not attempt.follows:
                self.attempts[attempt.version, attempt.endpoint, attempt.result] += 1
        self._add_guards(record)

    def _add_guards(self, record: ExchangeRecord | GuardNotes) -> None:
        for told in record.guards:
            side, guard, action, count = (*told.split(":"), "1")[:4]
            self.guards[guard, side, action] += int(count)
        for told in record.guard_failures:
            side, guard, reason, mode = told.split(":")
            self.guard_failures[guard, side, reason, mode] += 1
        for told in record.guard_differences:
            side, what, change = told.split(" ")
            self.guard_differences[what.partition(":")[0], side, *change.split("->")] += 1
        for told, seconds in record.guard_seconds.items():
            side, _, guard = told.partition(":")
            histogram = self.guard_seconds.get((guard, side))
            if histogram is None:
                histogram = self.guard_seconds[guard, side] = Histogram(buckets.GUARD)
            histogram.observe(seconds)

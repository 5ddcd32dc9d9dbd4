"""The families that do not come from records: revisions, workers, journal and ledger."""

from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from gateway.cache.flight import STAMPEDE
from gateway.gathering.tally import REQUESTS, WAIT_SECONDS
from operations.audit.auditor import Auditor
from operations.classifier.board import Classifiers
from operations.classifier.status import BATCH_SECONDS, BATCH_WINDOWS
from operations.ledger.drain import Drain
from operations.ledger.room import Room
from operations.metrics.following import Following
from operations.revisions.keeper import Keeper
from operations.revisions.routing_file import RoutingFile
from operations.workers.board import Workers


def of_revisions(keeper: Keeper, file: RoutingFile) -> Iterator[Metric]:
    yield GaugeMetricFamily("gatewright_config_revision", "The live revision of the routing", value=keeper.number)
    yield GaugeMetricFamily("gatewright_config_file_refused", "1 while the watched routing file cannot be used",
                            value=file.refusal is not None)
    yield InfoMetricFamily("gatewright_build", "The release that runs", value={"version": release()})


def release() -> str:
    try:
        return version("gatewright")
    except PackageNotFoundError:
        return "unknown"


def of_workers(workers: Workers) -> Iterator[Metric]:
    live = workers.live()
    yield GaugeMetricFamily("gatewright_workers_ready", "Data workers that are ready", value=workers.ready())
    for name, says, field in (
        ("worker_revision", "The revision that a worker serves", "revision"),
        ("worker_exchanges_in_flight", "Requests that a worker is at", "exchanges_in_flight"),
        ("worker_connections", "Connections of applications to a worker", "connections"),
        ("worker_loop_lag_seconds", "How late a worker's event loop runs", "loop_lag_seconds"),
    ):
        family = GaugeMetricFamily(f"gatewright_{name}", says, labels=["worker"])
        for status in live:
            family.add_metric([status.worker], getattr(status, field))
        yield family
    yield from _of_endpoints(workers)
    asks = CounterMetricFamily("gatewright_guard_model_asks", "Questions to guard models, by what came of each",
                               labels=["guard", "outcome"])
    for told, count in sorted(workers.tally("guard_asks").items()):
        asks.add_metric(told.split(":"), count)
    yield asks


def of_cache(workers: Workers) -> Iterator[Metric]:
    live = workers.live()
    for name, says, field in (
        ("cache_entries", "Replies that a worker remembers", "entries"),
        ("cache_bytes", "What they take", "bytes"),
        ("cache_vectors", "Questions that are found in other words too", "vectors"),
        ("cache_vector_bytes", "What their vectors take", "vector_bytes"),
        ("cache_flights", "Questions that are being answered for whoever asks them", "flights"),
    ):
        family = GaugeMetricFamily(f"gatewright_{name}", says, labels=["worker"])
        for status in live:
            family.add_metric([status.worker], getattr(status.cache, field))
        yield family
    for name, says, field in (
        ("cache_evicted", "Replies forgotten for want of room", "evicted"),
        ("cache_rechecks_shed", "Rechecks that were not made, since too many ran", "rechecks_shed"),
        ("cache_server_failures", "Questions to the shared server that it did not answer in time", "shared_failures"),
        ("cache_server_forged", "Entries that the gateway did not write, or that are damaged", "shared_forged"),
        ("cache_server_not_kept", "Replies that the shared server did not take", "shared_not_kept"),
    ):
        yield CounterMetricFamily(f"gatewright_{name}", says, value=workers.cache_count(field))
    yield _tallied(workers, "looks", "gatewright_cache_looks", "Looks for a similar question, by what came of each",
                   "result")
    yield _tallied(workers, "stampedes", "gatewright_cache_stampedes",
                   f"Questions that {STAMPEDE} and more asked while they were being answered", "model")
    up = GaugeMetricFamily("gatewright_cache_server_up", "1 while a worker reaches the shared server",
                           labels=["worker"])
    for status in live:
        if status.cache.shared:
            up.add_metric([status.worker], status.cache.shared == "up")
    yield up


def _tallied(workers: Workers, tally: str, name: str, says: str, label: str) -> Metric:
    family = CounterMetricFamily(name, says, labels=[label])
    for labelled, count in sorted(workers.tally(tally).items()):
        family.add_metric([labelled], count)
    return family


def of_gathering(workers: Workers) -> Iterator[Metric]:
    """One model's calls and waits: how many went together, and what that took."""
    labels = ["model"]
    calls = HistogramMetricFamily("gatewright_gather_requests", "Requests for embeddings in one call", labels=labels)
    waits = HistogramMetricFamily("gatewright_gather_wait_seconds", "Time that a request waited for others",
                                  labels=labels)
    shared = CounterMetricFamily("gatewright_gather_shared", "Requests that went in a call with others", labels=labels)
    again = CounterMetricFamily("gatewright_gather_again", "Requests that were asked again, alone", labels=labels)
    for model, told in sorted(workers.gathered().items()):
        calls.add_metric([model], _buckets(REQUESTS, told.request_counts), told.requests)
        waits.add_metric([model], _buckets(WAIT_SECONDS, told.wait_counts), told.wait_seconds)
        shared.add_metric([model], told.shared)
        again.add_metric([model], told.again)
    yield from (calls, waits, shared, again)


def _of_endpoints(workers: Workers) -> Iterator[Metric]:
    labels = ["version", "endpoint"]
    in_flight = GaugeMetricFamily("gatewright_upstream_in_flight", "Requests at an endpoint", labels=labels)
    healthy = GaugeMetricFamily("gatewright_upstream_healthy", "1 while any worker holds an endpoint healthy",
                                labels=labels)
    for one in workers.endpoints():
        in_flight.add_metric([one.version, one.endpoint], one.in_flight)
        healthy.add_metric([one.version, one.endpoint], one.healthy > 0)
    yield in_flight
    yield healthy


def of_classifiers(classifiers: Classifiers) -> Iterator[Metric]:
    labels = ["classifier"]
    up = GaugeMetricFamily("gatewright_classifier_up", "1 while a classifier can be asked", labels=labels)
    waiting = GaugeMetricFamily("gatewright_classifier_waiting_windows", "Windows that wait to be read", labels=labels)
    texts = CounterMetricFamily("gatewright_classifier_texts", "Texts that a classifier was asked about",
                                labels=[*labels, "result"])
    failures = CounterMetricFamily("gatewright_classifier_failures", "Batches that a classifier could not read",
                                   labels=labels)
    sizes = HistogramMetricFamily("gatewright_classifier_batch_windows", "Windows read at once", labels=labels)
    seconds = HistogramMetricFamily("gatewright_classifier_batch_seconds", "Time that a batch took", labels=labels)
    for name in classifiers.names:
        up.add_metric([name], classifiers.state(name) == "ready")
    for name, one in classifiers.known().items():
        counts = one.counts
        waiting.add_metric([name], one.waiting_windows)
        texts.add_metric([name, "remembered"], counts.remembered)
        texts.add_metric([name, "new"], counts.texts - counts.remembered)
        failures.add_metric([name], counts.failures)
        sizes.add_metric([name], _buckets(BATCH_WINDOWS, counts.window_counts), counts.windows)
        seconds.add_metric([name], _buckets(BATCH_SECONDS, counts.second_counts), counts.seconds)
    yield from (up, waiting, texts, failures, sizes, seconds)


def _buckets(boundaries: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    return list(zip([*map(repr, boundaries), "+Inf"], accumulate(counts), strict=True))


def of_journal(drain: Drain, following: Following, workers: Workers, room: Room) -> Iterator[Metric]:
    yield from _of_disk(workers, room)
    yield CounterMetricFamily("gatewright_journal_torn", "Segments that ended in a torn frame",
                              value=following.torn_total)
    yield CounterMetricFamily("gatewright_journal_unreadable", "Whole frames that held no record",
                              value=following.unreadable_total)
    yield CounterMetricFamily("gatewright_journal_missing", "Records that their writers counted and no journal holds",
                              value=following.missing_total)
    yield GaugeMetricFamily("gatewright_journal_undrained_bytes", "Journal that is not in the ledger yet",
                            value=drain.undrained_bytes())
    yield GaugeMetricFamily("gatewright_ledger_up", "1 while the database takes records",
                            value=drain.away_since is None)
    yield GaugeMetricFamily("gatewright_ledger_away_seconds", "How long the database has not taken records",
                            value=drain.away_seconds)
    yield CounterMetricFamily("gatewright_ledger_records", "Records brought into the ledger", value=drain.stored_total)
    yield CounterMetricFamily("gatewright_ledger_unstorable", "Records that no database could hold",
                              value=drain.unstorable_total)
    yield CounterMetricFamily("gatewright_ledger_failures", "Attempts that the database refused",
                              value=drain.failures_total)


def _of_disk(workers: Workers, room: Room) -> Iterator[Metric]:
    yield CounterMetricFamily("gatewright_journal_lost", "Records that no disk took",
                              value=workers.counted("journal_lost"))
    yield CounterMetricFamily("gatewright_journal_sync_failures", "Times that the disk could not confirm records",
                              value=workers.counted("journal_sync_failures"))
    yield CounterMetricFamily("gatewright_journal_unconfirmed", "Replies whose record no disk has confirmed",
                              value=workers.counted("journal_unconfirmed"))
    yield GaugeMetricFamily("gatewright_journal_full", "Workers whose records no disk takes now",
                            value=sum(status.journal_full for status in workers.live()))
    yield GaugeMetricFamily("gatewright_journal_free_bytes", "Room on the journals' disk", value=room.free_bytes())
    yield GaugeMetricFamily("gatewright_journal_low", "1 while that is less than the settings want",
                            value=room.is_low())


def of_audit(auditor: Auditor) -> Iterator[Metric]:
    newest = auditor.newest.number if auditor.newest else 0
    yield GaugeMetricFamily("gatewright_audit_checkpoint", "The newest checkpoint", value=newest)
    yield GaugeMetricFamily("gatewright_audit_sealed_age_seconds", "Since all that was stored was sealed",
                            value=auditor.sealed_age_seconds)
    yield GaugeMetricFamily("gatewright_audit_unsealed_records", "Stored records that no checkpoint seals yet",
                            value=auditor.waiting)
    yield GaugeMetricFamily("gatewright_audit_damaged", "1 once the log was found not to be the one that was signed",
                            value=auditor.is_damaged)
    labels = ["place"]
    up = GaugeMetricFamily("gatewright_audit_place_up", "1 while a second place takes checkpoints", labels=labels)
    behind = GaugeMetricFamily("gatewright_audit_place_behind", "Checkpoints that a second place does not have",
                               labels=labels)
    failures = CounterMetricFamily("gatewright_audit_place_failures", "Checkpoints that a second place did not take",
                                   labels=labels)
    for one in auditor.deliveries:
        up.add_metric([one.place.name], not one.error)
        behind.add_metric([one.place.name], max(0, newest - (one.number or 0)))
        failures.add_metric([one.place.name], one.failures_total)
    yield from (up, behind, failures)

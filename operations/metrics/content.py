"""The families of what is kept: how much comes in, what is deleted, what could not be."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from operations.content.drain import ContentDrain
from operations.erasures.erasing import Erasures
from operations.retention.keeping import KINDS, RetentionKeeper
from operations.workers.board import Workers


def of_content(drain: ContentDrain, retention: RetentionKeeper, erasures: Erasures,
               workers: Workers) -> Iterator[Metric]:
    yield CounterMetricFamily("gatewright_content_kept", "Exchanges whose content was sealed",
                              value=workers.counted("content_kept"))
    yield CounterMetricFamily("gatewright_content_shed", "Exchanges whose content no disk took",
                              value=workers.counted("content_shed"))
    items = CounterMetricFamily("gatewright_content_items", "Sealed items, by what became of them", labels=["result"])
    for result in ("stored", "erased", "expired"):
        items.add_metric([result], getattr(drain.total, result))
    yield items
    yield CounterMetricFamily("gatewright_content_torn", "Sealed segments that ended in what does not open",
                              value=drain.torn_total)
    yield GaugeMetricFamily("gatewright_content_undrained_bytes", "Sealed content that is not stored yet",
                            value=drain.undrained_bytes())
    yield GaugeMetricFamily("gatewright_content_unopenable", "Segments sealed under another master key",
                            value=len(drain.unopenable))
    deleted = CounterMetricFamily("gatewright_retention_deleted", "Rows deleted for their age", labels=["kind"])
    oldest = GaugeMetricFamily("gatewright_retention_oldest_timestamp_seconds", "When the oldest row began",
                               labels=["kind"])
    for kind in KINDS:
        deleted.add_metric([kind], retention.deleted[kind])
        if kind in retention.oldest:
            oldest.add_metric([kind], retention.oldest[kind])
    yield from (deleted, oldest)
    yield GaugeMetricFamily("gatewright_erasures", "Erasures whose reports are filed on this host",
                            value=len(erasures.filed))
    yield GaugeMetricFamily("gatewright_erasures_unverified", "Lines of the erasures' file that are no signed report",
                            value=erasures.unverified)

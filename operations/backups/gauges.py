"""The metrics of backups."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from operations.backups.schedule import Schedule


def of_backups(schedule: Schedule | None) -> Iterator[Metric]:
    """Each family; without values where no backups are made, or where there is none to tell of."""
    newest = schedule.newest if schedule else None
    for name, says, value in (
        ("age_seconds", "Time since the newest backup", schedule.age if schedule else None),
        ("missed", "1 while there is no backup as young as there should be", schedule.missed if schedule else None),
        ("bytes", "Size of the newest backup", newest.bytes if newest else None),
        ("seconds", "Time that the last backup took", schedule.last_seconds if schedule else None),
    ):
        family = GaugeMetricFamily(f"gatewright_backup_{name}", says)
        if value is not None:
            family.add_metric([], value)
        yield family
    failures = CounterMetricFamily("gatewright_backup_failures", "Backups that could not be made")
    if schedule is not None:
        failures.add_metric([], schedule.failures_total)
    yield failures

"""The metrics of drills."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from operations.drills.schedule import Drills


def of_drills(drills: Drills | None) -> Iterator[Metric]:
    """Each family; without values where no backups are made, or where no drill was done yet."""
    told = drills.newest["details"] if drills and drills.newest else {}
    for name, says, value in (
        ("age_seconds", "Time since the newest restore drill", drills.age if drills else None),
        ("missed", "1 while no restore drill was done that should have been", drills.missed if drills else None),
        ("passed", "1 where the newest restore drill went well", drills.passed if drills else None),
        ("recovery_seconds", "Time from a backup to a gateway that answers", told.get("recovery_seconds")),
        ("recovery_point_seconds", "Age of the newest record that was restored", told.get("recovery_point_seconds")),
    ):
        family = GaugeMetricFamily(f"gatewright_drill_{name}", says)
        if value is not None:
            family.add_metric([], value)
        yield family

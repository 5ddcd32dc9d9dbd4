"""Settings arrive in the children exactly as they left the supervisor."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.handover import keys_of_line, settings_line, settings_of_line
from gateway.config.settings import Drain, Limits, Periods, Retention, Settings
from gateway.config.written import Address, Duration
from gateway.host_keys import HostKeys

# Every duration that can be written, also in so many digits that no float is exact.
DURATIONS = st.builds(lambda number, unit: Duration.parse(f"{number}{unit}"),
                      st.decimals("0.000001", "100000", places=6).map(lambda number: f"{number:f}"),
                      st.sampled_from(["ms", "s", "m", "h", "d"]))  # fmt: skip


@given(DURATIONS, DURATIONS, DURATIONS)
def test_every_duration_arrives_exactly(header: Duration, grace: Duration, finish: Duration) -> None:
    sent = Settings(routing="r", limits=Limits(header_time=header), drain=Drain(grace, finish))
    assert settings_of_line(settings_line(sent)) == sent


def test_periods_of_retention_arrive_exactly() -> None:
    retention = Retention(content=Duration(86_400), tenants={"shop": Periods(exchanges=Duration(0.5))})
    sent = Settings(routing="r", retention=retention)
    assert settings_of_line(settings_line(sent)) == sent


def test_what_arrives_has_the_same_kinds() -> None:
    received = settings_of_line(settings_line(Settings(routing="r")))
    assert (type(received.listen), type(received.limits.header_time)) == (Address, Duration)
    assert received.listen.port == 8000


@pytest.mark.parametrize("line", [b"", b"\n", b"{", b'{"settings": {}}', b'{"settings": {"routing": 5}}',
                                  b'{"settings": {"routing": "r", "new": 1}}'])  # fmt: skip
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        settings_of_line(line)


def test_a_worker_reads_the_keys_that_its_supervisor_derived() -> None:
    sent = HostKeys(b"\x00" * 32, b"\xff" * 32, b"\n" * 32)
    line = settings_line(Settings(routing="r"), sent)
    assert keys_of_line(line) == sent
    assert (settings_of_line(line), line.count(b"\n")) == (Settings(routing="r"), 1)


def test_settings_without_keys_have_none_to_read() -> None:
    with pytest.raises(msgspec.DecodeError):
        keys_of_line(settings_line(Settings(routing="r")))

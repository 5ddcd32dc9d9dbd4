import io
import logging

import msgspec
import pytest

from gateway.telemetry.logs import Log, StandardLogs


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_with_time_level_event_and_fields() -> None:
    stream = io.StringIO()
    Log(stream, clock=lambda: 12.5, worker="w0").info("worker_ready", revision=7)
    assert lines_of(stream) == [
        {"at": 12.5, "level": "info", "event": "worker_ready", "worker": "w0", "revision": 7}]


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    log = Log(stream, "warning")
    for write in (log.debug, log.info, log.warning, log.error):
        write("said")
    assert [line["level"] for line in lines_of(stream)] == ["warning", "error"]


def test_a_bound_log_says_more_and_leaves_the_first_as_it_was() -> None:
    stream = io.StringIO()
    log = Log(stream, clock=lambda: 0.0, process="control")
    log.bind(pid=3).info("a")
    log.info("b")
    assert ["pid" in line for line in lines_of(stream)] == [True, False]


def test_a_line_feed_in_a_field_makes_no_second_line() -> None:
    stream = io.StringIO()
    Log(stream).info("said", what="one\ntwo")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("failure", [OSError("no space"), ValueError("closed file")])
def test_a_log_that_cannot_be_written_stops_nothing(failure: Exception) -> None:
    class Full(io.StringIO):
        def write(self, text: str, /) -> int:
            raise failure

    Log(Full()).error("said")


def test_of_what_a_library_reports_the_places_are_written_and_no_value() -> None:
    stream = io.StringIO()
    logger = logging.getLogger("a.library")
    handler = StandardLogs(Log(stream, clock=lambda: 0.0))
    logger.addHandler(handler)
    try:
        raise ConnectionResetError("secret")
    except ConnectionResetError:
        logger.exception("it failed")
    finally:
        logger.removeHandler(handler)
    [line] = lines_of(stream)
    assert (line["logger"], line["message"], line["error"]) == ("a.library", "it failed", "ConnectionResetError")
    assert str(line["at_places"]).startswith("['test_logs.py:")
    assert "secret" not in stream.getvalue()

from pathlib import Path

import msgspec
import pytest

from gateway.config.handover import settings_line, settings_of_line
from gateway.config.reading import read_settings
from gateway.config.settings import Settings

FULL = f"""\
listen: "[::1]:8000"
admin: 127.0.0.1:0
workers: 3
routing: r.yaml
state: s
keys: [{{id: shop, sha256: {"ab" * 32}, tenant: retail}}]
limits: {{header_time: 500ms, body_bytes: 100}}
drain: {{grace: 1.5s, finish: 2m}}
log_level: debug
"""


@pytest.mark.parametrize("text", ["routing: r.yaml\n", FULL])
def test_a_child_reads_the_settings_that_the_supervisor_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "gatewright.yaml").write_text(text)
    settings = read_settings(tmp_path / "gatewright.yaml")
    assert settings_of_line(settings_line(settings)) == settings


def test_settings_are_one_line_whatever_they_hold() -> None:
    assert settings_line(Settings(routing="a\nb")).count(b"\n") == 1


def test_another_line_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        settings_of_line(b"hello\n")

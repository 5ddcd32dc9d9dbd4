"""Settings that cannot stand together are refused, however sound each is alone."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.config.checking import ConfigurationError, convert
from gateway.config.settings import Key, Settings, contradictions_of

SHA256 = "0" * 64


def settings(**fields: Any) -> Settings:
    return convert({"routing": "routing.yaml", **fields}, Settings, "test")


def contradictions(**fields: Any) -> list[str]:
    return [problem.path for problem in contradictions_of(settings(**fields))]


def test_a_routing_file_is_all_that_settings_must_name() -> None:
    """What is left out is safe: loopback, keys required."""
    plain = settings()
    assert (plain.listen, plain.admin, plain.auth, plain.workers) == (
        "127.0.0.1:8000", "127.0.0.1:8001", "required", 1)
    assert contradictions() == []


@pytest.mark.parametrize("listen", ["0.0.0.0:8000", "[::]:8000", "10.0.0.7:8000", "gateway.internal:8000"])
def test_to_let_everybody_in_from_a_network_takes_a_word_of_its_own(listen: str) -> None:
    assert contradictions(auth="none", listen=listen) == ["auth"]
    assert contradictions(auth="none", listen=listen, allow_unauthenticated_network=True) == []
    assert contradictions(listen=listen) == []


@pytest.mark.parametrize("listen", ["127.0.0.1:8000", "[::1]:8000", "localhost:8000"])
def test_on_the_machine_itself_everybody_may_be_let_in(listen: str) -> None:
    assert contradictions(auth="none", listen=listen) == []


def test_applications_and_operators_have_an_address_each() -> None:
    assert contradictions(listen="127.0.0.1:9000", admin="127.0.0.1:9000") == ["admin"]
    assert contradictions(listen="127.0.0.1:0", admin="127.0.0.1:0") == [], "0 is two different ports"


def test_two_keys_have_two_ids() -> None:
    keys = [{"id": name, "sha256": SHA256} for name in ("a", "b", "a")]
    (problem,) = contradictions_of(settings(keys=keys))
    assert (problem.path, problem.found) == ("keys[2].id", "that of keys[0]")


def test_all_contradictions_are_told_in_one_go() -> None:
    assert contradictions(auth="none", listen="0.0.0.0:1", admin="0.0.0.0:1", database="x",
                          keys=[{"id": "a", "sha256": SHA256}] * 2) == ["auth", "database", "admin", "keys[1].id"]


@pytest.mark.parametrize("sha256", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 64 + "\n", "sk-a-key-itself"])
def test_a_key_is_known_by_its_hash_alone(sha256: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(keys=[{"id": "a", "sha256": sha256}])
    assert [problem.path for problem in caught.value.problems] == ["keys[0].sha256"]


def test_a_key_that_was_written_where_its_hash_belongs_is_not_said_again() -> None:
    """What is said of a file ends in logs."""
    with pytest.raises(ConfigurationError) as caught:
        settings(keys=[{"id": "a", "sha256": "sk-a-key-itself"}])
    assert "sk-a-key-itself" not in str(caught.value)


@pytest.mark.parametrize("path", ["workers", "limits.body_bytes", "limits.in_flight", "limits.json_depth"])
def test_no_count_is_zero(path: str) -> None:
    group, _, name = path.rpartition(".")
    with pytest.raises(ConfigurationError) as caught:
        settings(**({group: {name: 0}} if group else {name: 0}))
    assert [problem.path for problem in caught.value.problems] == [path]


def test_two_settings_do_not_share_what_they_were_not_told() -> None:
    assert settings().keys == []
    assert settings(keys=[{"id": "a", "sha256": SHA256}]).keys == [Key("a", SHA256)]
    assert settings().keys == []

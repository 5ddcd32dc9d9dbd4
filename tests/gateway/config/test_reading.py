"""Files are read strictly: what YAML lets pass and nobody means is an error, with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.config.checking import ConfigurationError
from gateway.config.reading import parse_yaml, read_routing, read_settings

ROUTING = """
versions:
  v1: {served_model: served, endpoints: ["http://127.0.0.1:9101"]}
models:
  assistant: {split: {v1: 1}}
"""


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse_yaml(text, "file.yaml")
    return str(caught.value)


@pytest.mark.parametrize(("text", "place", "key"), [
    ("a: 1\na: 2\n", "line 2, column 1", "'a'"), ("a:\n  b: 1\n  c: 2\n  b: 3\n", "line 4, column 3", "'b'"),
    ("a: [{b: 1, b: 1}]", "line 1, column 12", "'b'"), ("{a: 1, 'a': 2}", "line 1, column 8", "'a'"),
    ("1: a\n1: b\n", "line 2, column 1", "1"), ("yes: a\ntrue: b\n", "line 2, column 1", "True"),
])  # fmt: skip
def test_a_key_that_stands_twice_is_an_error_where_it_stands(text: str, place: str, key: str) -> None:
    assert refusal(text) == f"file.yaml: {place}: expected YAML, found the key {key} is written twice."


@pytest.mark.parametrize("text", [
    "a: [1", "a: 'b", "\ta: 1", "a: b: c", "- a\nb: 1", "a: *unknown", "a: @b", "---\na: 1\n---\nb: 1",
    "a: !!python/object/apply:os.system ['true']", "? [a]\n: 1", "a: &a [*a]", "a: \x00",
])  # fmt: skip
def test_what_is_no_yaml_is_told_with_its_place(text: str) -> None:
    assert "expected YAML" in refusal(text)


def test_what_is_nested_without_end_is_refused() -> None:
    assert "expected YAML" in refusal("[" * 5000)


def test_a_document_may_share_parts_by_anchor_and_merge() -> None:
    """YAML's own way to say a thing once; a merged key may be said again."""
    text = "common: &common {a: 1, b: 2}\none: {<<: *common, b: 3}\ntwo: *common\n"
    common = {"a": 1, "b": 2}
    assert parse_yaml(text, "file.yaml") == {"common": common, "one": {"a": 1, "b": 3}, "two": common}


def test_the_same_key_in_two_mappings_is_no_twin() -> None:
    assert parse_yaml("a: {x: 1}\nb: {x: 2}\n", "f") == {"a": {"x": 1}, "b": {"x": 2}}


def test_routing_comes_typed_and_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(ROUTING)
    document, written = read_routing(path)
    assert document.models["assistant"].split == {"v1": 1}
    assert written == {"versions": {"v1": {"served_model": "served", "endpoints": ["http://127.0.0.1:9101"]}},
                       "models": {"assistant": {"split": {"v1": 1}}}}  # fmt: skip


def test_relative_paths_are_relative_to_the_file_that_they_stand_in(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.yaml"
    path.write_text("routing: r.yaml\nstate: ./s\ndatabase: sqlite:///s/g.db\nupstream_ca_file: ca.pem\n")
    settings = read_settings(path)
    assert settings.routing == str(tmp_path / "r.yaml")
    assert Path(settings.state) == tmp_path / "s"
    assert settings.database == f"sqlite:///{tmp_path}/s/g.db"
    assert settings.upstream_ca_file == str(tmp_path / "ca.pem")


def test_absolute_paths_stay(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.yaml"
    path.write_text("routing: /etc/r.yaml\nstate: /var/s\ndatabase: sqlite:////var/g.db\n")
    settings = read_settings(path)
    assert (settings.routing, settings.state, settings.database) == ("/etc/r.yaml", "/var/s", "sqlite:////var/g.db")
    assert settings.upstream_ca_file is None


def test_a_database_elsewhere_has_no_path_here(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.yaml"
    path.write_text("routing: r.yaml\ndatabase: postgresql://ann:secret@db.internal/gatewright\n")
    assert read_settings(path).database == "postgresql://ann:secret@db.internal/gatewright"


@pytest.mark.parametrize("read", [read_settings, read_routing])
def test_a_file_that_cannot_be_read_is_told_by_its_path(read: Any, tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: caf\xe9\n")
    for path in (tmp_path / "missing.yaml", tmp_path, latin):
        with pytest.raises(ConfigurationError, match="expected a readable file") as caught:
            read(path)
        assert caught.value.source == str(path)


@pytest.mark.parametrize(("read", "word"), [(read_settings, "routing"), (read_routing, "versions")])
@pytest.mark.parametrize("text", ["", "# nothing\n", "null", "[]", "text"])
def test_a_file_without_a_mapping_is_told_what_it_should_hold(read: Any, word: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=f"expected a mapping with {word}"):
        read(path)


def test_contradictions_in_settings_are_told_with_the_files_path(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.yaml"
    path.write_text("routing: r.yaml\nauth: none\nlisten: 0.0.0.0:8000\n")
    with pytest.raises(ConfigurationError, match="auth: expected required on an address that is not loopback"):
        read_settings(path)

"""New keys: random, recognisable, kept by nobody, and good for the settings."""

import hashlib
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.reading import read_settings
from operations.admin.new_key import SECRET_BYTES, is_well_formed, new_key
from operations.cli.program import main


@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_a_key_has_one_form_and_proves_itself(secret: bytes) -> None:
    made = new_key(secret)
    prefix, body, check = made.key.split("_")
    assert (prefix, len(body), len(check)) == ("gw", 43, 6)
    assert made.key.isascii()
    assert is_well_formed(made.key)
    assert made.sha256 == hashlib.sha256(made.key.encode()).hexdigest()


@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES), st.integers(0, 45), st.sampled_from("abcXYZ019"))
def test_a_key_with_another_letter_is_not_well_formed(secret: bytes, place: int, letter: str) -> None:
    key = new_key(secret).key
    changed = key[:place] + letter + key[place + 1:]
    assert is_well_formed(changed) == (changed == key)


def test_different_secrets_make_different_keys() -> None:
    assert new_key(bytes(32)).key != new_key(bytes(31) + b"\x01").key


@pytest.mark.parametrize("text", ["", "gw_", "gw__", "sk-proj-0123456789", "gw_abc_000000"])
def test_what_is_no_key_is_told_apart(text: str) -> None:
    assert not is_well_formed(text)


def test_the_printed_lines_are_settings_and_the_key_is_in_none_of_them(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["key", "create", "--id", "shop", "--tenant", "retail"])
    key, _, rest = result.output.partition("\n")
    assert is_well_formed(key)
    assert key not in rest
    lines = yaml.safe_load(rest[rest.index("keys:"):])
    (tmp_path / "gatewright.yaml").write_text(yaml.safe_dump({"routing": "r.yaml", **lines}))
    [found] = read_settings(tmp_path / "gatewright.yaml").keys
    assert (found.id, found.tenant, found.sha256) == ("shop", "retail", hashlib.sha256(key.encode()).hexdigest())


def test_keys_of_the_settings_are_listed_and_shown(tmp_path: Path) -> None:
    entry = msgspec.json.decode(CliRunner().invoke(main, ["key", "create", "--id", "shop", "--json"]).output)["entry"]
    config = tmp_path / "gatewright.yaml"
    config.write_text(yaml.safe_dump({"routing": "r.yaml", "keys": [entry]}))
    assert "shop" in CliRunner().invoke(main, ["key", "list", "--config", str(config)]).output
    assert entry["sha256"] in CliRunner().invoke(main, ["key", "show", "shop", "--config", str(config)]).output
    missing = CliRunner().invoke(main, ["key", "show", "nobody", "--config", str(config)])
    assert missing.exit_code == 1

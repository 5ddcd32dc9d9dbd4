"""The master key: where it comes from, and what is derived from it."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from operations.secrets.master import FILE_VARIABLE, MASTER_VARIABLE, BadMasterKey, MasterKey, master_key

GIVEN = bytes(range(32))
WRITTEN = base64.b64encode(GIVEN).decode()


def test_a_host_without_a_key_makes_its_own_once_and_for_itself_alone(tmp_path: Path) -> None:
    first, second = master_key({}, tmp_path / "state"), master_key({}, tmp_path / "state")
    assert first.derived("a") == second.derived("a")
    assert first.derived("a") != master_key({}, tmp_path / "other").derived("a")
    assert stat.S_IMODE((tmp_path / "state" / "host.key").stat().st_mode) == 0o600


def test_an_operators_key_comes_from_the_environment_or_a_file_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(WRITTEN + "\n")
    keys = [master_key({MASTER_VARIABLE: WRITTEN}, tmp_path), master_key({FILE_VARIABLE: str(file)}, tmp_path)]
    assert {key.derived("a") for key in keys} == {MasterKey(GIVEN, True).derived("a")}
    assert all(key.is_given for key in keys)
    assert not (tmp_path / "host.key").exists()


@pytest.mark.parametrize("written", ["secret", WRITTEN[:-4], "é" * 44, WRITTEN + WRITTEN])
def test_a_key_that_is_none_is_refused_without_being_repeated(written: str, tmp_path: Path) -> None:
    with pytest.raises(BadMasterKey) as refused:
        master_key({MASTER_VARIABLE: written}, tmp_path)
    assert MASTER_VARIABLE in str(refused.value)
    assert written not in str(refused.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        master_key({FILE_VARIABLE: str(tmp_path / "none")}, tmp_path)


def test_derivation_is_hkdf() -> None:
    expected = HKDF(hashes.SHA256(), 32, None, b"gatewright mark").derive(GIVEN)
    assert MasterKey(GIVEN, True).derived("mark") == expected


def test_workers_may_seal_only_under_a_key_that_an_operator_gave() -> None:
    given, own = MasterKey(GIVEN, True).host_keys(), MasterKey(GIVEN, False).host_keys()
    assert (len(given.sealing), own.sealing) == (32, b"")
    assert (given.pseudonym, given.mark) == (own.pseudonym, own.mark)
    assert given.pseudonym != given.mark

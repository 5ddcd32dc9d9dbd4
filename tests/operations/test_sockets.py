import os
import socket
from pathlib import Path

import pytest

from gateway.config.written import Address
from operations.serve.sockets import CannotStart, StateLock, address_of, listen_on


def test_port_zero_gives_an_address_that_can_be_told() -> None:
    with listen_on(Address("127.0.0.1:0"), "listen") as listener:
        host, _, port = address_of(listener).rpartition(":")
        with socket.create_connection((host, int(port)), timeout=2):
            pass


def test_an_address_in_use_is_told_with_the_setting_that_names_it() -> None:
    with listen_on(Address("127.0.0.1:0"), "listen") as listener:
        with pytest.raises(CannotStart, match=r"^admin: cannot listen on .*: another program listens there already$"):
            listen_on(Address(address_of(listener)), "admin")


def test_an_address_of_another_machine_is_refused_in_words() -> None:
    with pytest.raises(CannotStart, match=r"^listen: cannot listen on 192\.0\.2\.1:8000"):
        listen_on(Address("192.0.2.1:8000"), "listen")


def test_ipv6_addresses_are_told_in_brackets() -> None:
    try:
        listener = listen_on(Address("[::1]:0"), "listen")
    except CannotStart as error:
        assert "listen: cannot listen on [::1]:0" in str(error)  # noqa: PT017 a machine without IPv6 says so in words
    else:
        with listener:
            assert address_of(listener).startswith("[::1]:")


def test_a_state_folder_has_one_supervisor_at_a_time(tmp_path: Path) -> None:
    first = StateLock(tmp_path / "state")
    with pytest.raises(CannotStart, match="another gatewright serves from"):
        StateLock(tmp_path / "state")
    first.release()
    StateLock(tmp_path / "state").release()


def test_the_lock_file_tells_who_holds_it(tmp_path: Path) -> None:
    lock = StateLock(tmp_path)
    assert (tmp_path / "supervisor.lock").read_text() == f"{os.getpid()}\n"
    lock.release()


def test_a_state_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="state: cannot use"):
        StateLock(tmp_path / "file" / "state")

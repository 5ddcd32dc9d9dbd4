"""Calls the admin API. What a command can do, a script can do: there is nothing here but HTTP."""

import getpass
import os
import socket
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import httpx2
import msgspec

from operations.admin.key import KEY_VARIABLE
from operations.cli.output import as_json_option, fail

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_ADMIN = "http://127.0.0.1:8001"
_TIMEOUT_SECONDS = 70.0  # above the longest wait for workers


class Admin:
    """The admin API at one address. A call that fails ends the command with what the API said."""

    def __init__(self, url: str, key: str, as_json: bool) -> None:
        self.as_json = as_json
        self._url = url if "://" in url else f"http://{url}"
        self._headers = {"authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, **query: Any) -> Any:
        return self._call("GET", path, params={name: value for name, value in query.items() if value is not None})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("POST", path, content=msgspec.json.encode(body))

    def _call(self, method: str, path: str, **options: Any) -> Any:
        try:
            # One call, one connection; no proxy variable may send the key anywhere else.
            with httpx2.Client(base_url=self._url, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
                headers = {**self._headers, "content-type": "application/json"}
                response = client.request(method, path, headers=headers, **options)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            fail(f"The admin port at {self._url} does not answer ({error}). Is `gatewright serve` running there? "
                 "Another address: --admin URL or GATEWRIGHT_ADMIN.", self.as_json, code="admin_unreachable")
        try:
            answer = msgspec.json.decode(response.content)
        except msgspec.DecodeError:
            fail(f"{self._url} answered {response.status_code} and no JSON: is it a gatewright admin port?",
                 self.as_json, code="not_an_admin_port")
        if response.status_code >= 400:
            self._fail(answer)
        return answer

    def download(self, path: str, body: dict[str, Any], out: Path) -> int:
        """Writes what the API answers into ``out``, which must not exist, for this user alone; returns its bytes."""
        size = 0
        try:
            with httpx2.Client(base_url=self._url, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
                headers = {**self._headers, "content-type": "application/json"}
                with client.stream("POST", path, headers=headers, content=msgspec.json.encode(body)) as response:
                    if response.status_code >= 400:
                        self._fail(msgspec.json.decode(response.read()))
                    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                        for part in response.iter_bytes():
                            size += file.write(part)
        except FileExistsError:
            fail(f"{out} is there already: name another file.", self.as_json, code="file_exists")
        except OSError as error:
            fail(f"{out}: {error.strerror}", self.as_json, code="file_not_written")
        except httpx2.HTTPError as error:
            fail(f"The admin port at {self._url} did not answer to the end ({error}).", self.as_json,
                 code="admin_unreachable")
        return size

    def _fail(self, answer: Any) -> NoReturn:
        told = answer.get("error", {}) if isinstance(answer, dict) else {}
        if told.get("problems") and not self.as_json:
            for problem in told["problems"]:
                click.echo(problem["message"], err=True)
            raise SystemExit(1)
        message = told.pop("message", "The admin port refused and did not say why.")
        fail(message, self.as_json, **told)


def admin_options(command: F) -> F:
    """Adds --admin and --json to a command, which then takes an ``Admin`` first."""
    @click.option("--admin", "admin_url", metavar="URL", default=DEFAULT_ADMIN, envvar="GATEWRIGHT_ADMIN",
                  show_default=True, show_envvar=True, help="The admin port.")
    @as_json_option
    @wraps(command)
    def with_admin(admin_url: str, as_json: bool, **options: Any) -> Any:
        return command(Admin(admin_url, os.environ.get(KEY_VARIABLE, ""), as_json), **options)
    return with_admin  # type: ignore[return-value]


def actor() -> str:
    """Who calls, as far as this machine knows: a claim for the record, not a proof."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "unknown"
    return f"{name}@{socket.gethostname()}"

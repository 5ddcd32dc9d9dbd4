"""A gateway on trial: real processes on free loopback ports, over a restored database, with a stand-in for models."""

import hashlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from gateway.config.settings import Settings
from operations.admin.key import KEY_VARIABLE
from operations.drills.stand_in import SAFE

CARRIED = ("classifiers", "scores", "limits")  # of the gateway's own settings: what a routing may need
_READY_SECONDS = 60.0
_ASK_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_LEAVE_SECONDS = 20.0
_MODELS = 20


class TrialFailed(Exception):
    """The gateway did not do what it has to; the message says what."""


def rerouted(routing: Any, url: str) -> Any:
    """A routing whose models are all served at ``url``, and which needs no key of theirs; everything else is as it was.
    """
    versions = {name: {**{key: value for key, value in version.items() if key != "api_key_env"}, "endpoints": [url]}
                for name, version in routing["versions"].items()}
    return {**routing, "versions": versions}


def answers_of_guards(routing: Any) -> dict[str, str]:
    """What a stand-in says for each guard model that a routing names: that it has found nothing."""
    return {routing["versions"][guard["version"]]["served_model"]: SAFE[guard["format"]]
            for guard in routing.get("guard_models", {}).values() if guard["format"] in SAFE}


class Trial:
    """One gateway. ``start`` returns once its ports are known; ``ready``, ``models`` and ``ask`` are the probe."""

    def __init__(self, folder: Path, database: str, routing: Any, settings: Settings) -> None:
        self._folder = folder
        self._key = secrets.token_urlsafe(32)
        self._admin_key = secrets.token_urlsafe(32)
        self._process: subprocess.Popen[bytes] | None = None
        self._listen = ""
        (folder / "routing.yaml").write_bytes(msgspec.json.encode(routing))  # JSON is YAML
        (folder / "gatewright.yaml").write_bytes(msgspec.json.encode(self._settings(database, settings), enc_hook=str))

    def _settings(self, database: str, settings: Settings) -> dict[str, Any]:
        key = {"id": "drill", "sha256": hashlib.sha256(self._key.encode()).hexdigest(), "purpose": "probe"}
        carried = {name: getattr(settings, name) for name in CARRIED if getattr(settings, name) is not None}
        limits = {name: f"{value}s" if isinstance(value, float) else value
                  for name, value in msgspec.structs.asdict(settings.limits).items()}
        return {**carried, "limits": limits, "listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 1,
                "state": "state", "database": database, "routing": "routing.yaml", "auth": "required", "keys": [key]}

    @contextmanager
    def running(self) -> Iterator["Trial"]:
        environment = {**os.environ, KEY_VARIABLE: self._admin_key}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "operations.drills.gateway", str(self._folder / "gatewright.yaml")],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment)
        try:
            self._listen = self._until(self._address, "its ports")
            yield self
        finally:
            self._stop(self._process)

    @property
    def log(self) -> Path:
        return self._folder / "gateway.log"

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _address(self) -> str:
        for line in self.log.read_bytes().splitlines():
            if b'"event":"listening"' in line:
                address: str = msgspec.json.decode(line)["listen"]
                return address
        return ""

    def _until(self, condition: Any, what: str) -> Any:
        deadline = time.monotonic() + _READY_SECONDS
        while not (found := condition()):
            if self._process is None or self._process.poll() is not None:
                raise TrialFailed(f"the gateway ended while it was waited for {what}: {self._last_words()}")
            if time.monotonic() > deadline:
                raise TrialFailed(f"{what} took more than {_READY_SECONDS:.0f} s: {self._last_words()}")
            time.sleep(_LOOK_SECONDS)
        return found

    def _last_words(self) -> str:
        return " | ".join(self.log.read_text(errors="replace").splitlines()[-5:])[-1500:]

    def ready(self) -> int:
        """Waits until it is; returns its revision."""
        answer = self._until(lambda: self._get("/ready"), "/ready")
        return int(answer.headers.get("x-gatewright-revision") or 0)

    def models(self) -> list[str]:
        """The models that it names; raises TrialFailed where there is none."""
        answer = self._get("/v1/models")
        names = [one["id"] for one in answer.json()["data"]] if answer else []
        if not names:
            raise TrialFailed("/v1/models names none")
        return names

    def ask(self, models: list[str]) -> str:
        """Asks the models, one after another, until one answers; returns what was said to whom, in words. Raises
        TrialFailed where none does: a policy may decline one for want of a guard that a drill does not have."""
        said: list[str] = []
        for model in models[:_MODELS]:
            answer = self._post({"model": model, "messages": [{"role": "user", "content": "Is anybody there?"}]})
            if answer.status_code == 200:
                version = answer.headers.get("x-gatewright-version", "")
                return "; ".join([*said, f"{version} answered {answer.headers.get('x-request-id', '')}"])
            said.append(f"{model}: {answer.status_code} {_code_of(answer)}")
        raise TrialFailed(f"no model answered: {'; '.join(said)}")

    def _post(self, body: dict[str, Any]) -> httpx2.Response:
        try:
            with self._client() as client:
                return client.post("/v1/chat/completions", json=body)
        except httpx2.HTTPError as error:
            raise TrialFailed(f"the gateway broke the connection: {type(error).__name__}") from None

    def _get(self, path: str) -> httpx2.Response | None:
        try:
            with self._client() as client:
                answer = client.get(path)
        except httpx2.HTTPError:
            return None
        return answer if answer.status_code == 200 else None

    def _client(self) -> httpx2.Client:
        return httpx2.Client(base_url=f"http://{self._listen}", timeout=_ASK_SECONDS, trust_env=False,
                             headers={"authorization": f"Bearer {self._key}"})


def _code_of(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "without a code"

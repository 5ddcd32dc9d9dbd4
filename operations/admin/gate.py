"""Who may call the admin port."""

import base64
import hmac
import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from operations.admin.answers import error
from operations.admin.key import KEY_VARIABLE

OPEN_PATHS = frozenset({"/health", "/ready", "/metrics"})


class Gate:
    """Lets a call through to the app, or answers 401 or 403.

    With a key, all but health, readiness and metrics takes ``Authorization: Bearer``; the console, which a browser asks
    for, also takes it as the password of ``Basic`` (on nothing that changes anything: browsers send that unasked).
    Without a key, the port is a
    loopback port, and a web page could still reach it by pointing a name of its own at 127.0.0.1: so the Host has to be
    a loopback name (and no form can send the JSON that a change takes).
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if not self._key:
            if _is_loopback(headers.get("host", "")):
                return None
            return error(403, "host_not_allowed", "Without an admin key this port answers to loopback names only.")
        is_console = scope["path"] == "/"
        if scope["path"] in OPEN_PATHS or self._holds_key(headers.get("authorization", ""), is_console):
            return None
        answer = error(401, "invalid_admin_key", f"Send Authorization: Bearer with the value of {KEY_VARIABLE}.")
        answer.headers["www-authenticate"] = 'Basic realm="gatewright"' if is_console else "Bearer"
        return answer

    def _holds_key(self, authorization: str, is_console: bool) -> bool:
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "basic" and is_console:
            return hmac.compare_digest(_password(given), self._key)
        return hmac.compare_digest(given.strip().encode(), self._key) and scheme.lower() == "bearer"


def _password(credentials: str) -> bytes:
    try:
        return base64.b64decode(credentials, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _is_loopback(host: str) -> bool:
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

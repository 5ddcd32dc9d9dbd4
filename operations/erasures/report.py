"""An erasure's report: what was destroyed, signed, so that it can be shown to whoever asked for it."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

import msgspec

from operations.secrets.signing import Signer, is_signed

ALGORITHM = "Ed25519"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What is erased: a subject of a tenant by its pseudonym, or one exchange of it."""

    tenant: str
    subject: str
    exchange: str = ""


class Destroyed(msgspec.Struct, frozen=True, kw_only=True):
    """What there was. ``comments`` are the signals in which people wrote something; one that came within the last
    minute goes once the audit has sealed it. ``elsewhere`` counts what others held of it, by who."""

    keys: list[str] = []
    contents: list[str] = []
    content_bytes: int = 0
    comments: list[str] = []
    elsewhere: dict[str, int] = {}

    @property
    def nothing(self) -> bool:
        return not (self.keys or self.contents or self.comments or any(self.elsewhere.values()))


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``at`` is when it was done, in UTC; what was kept before then is gone. No field names a person but ``actor``."""

    id: str
    at: str
    target: Target
    actor: str
    reason: str
    destroyed: Destroyed
    version: int = 1

    @property
    def at_seconds(self) -> float:
        """Unix seconds."""
        return datetime.fromisoformat(self.at).timestamp()


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A report as text, which is what was signed, and by whom; in base64."""

    report: str
    signature: str
    public_key: str
    algorithm: str = ALGORITHM


class NotSigned(Exception):
    """What should be a signed report is none; the message says in what way."""


def moment(seconds: float) -> str:
    """Unix seconds as UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def signed(report: Report, signer: Signer) -> Signed:
    text = msgspec.json.encode(report, order="sorted")
    return Signed(report=text.decode(), signature=_base64(signer.sign(text)), public_key=_base64(signer.public))


def verified(written: str | bytes, public_key: bytes | None = None) -> Report:
    """The report in a signed one; raises NotSigned, also where ``public_key`` is not whose it was signed with."""
    try:
        told = msgspec.json.decode(written, type=Signed)
        public, signature = base64.b64decode(told.public_key), base64.b64decode(told.signature)
        report = msgspec.json.decode(told.report, type=Report)
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise NotSigned(f"no signed report: {error}") from None
    if public_key is not None and public != public_key:
        raise NotSigned("signed with another key than the one that was expected")
    if not is_signed(public, signature, told.report.encode()):
        raise NotSigned("the signature is not that of this report: one of them was changed")
    return report


def document_of(written: str) -> dict[str, Any]:
    """A signed report for people and scripts: the report as a document, and what shows it to be genuine."""
    told = msgspec.json.decode(written, type=Signed)
    return {"report": msgspec.json.decode(told.report), "signed": msgspec.to_builtins(told)}


def _base64(told: bytes) -> str:
    return base64.b64encode(told).decode()

"""A drill's evidence: what was done, how long it took, what failed; signed by the host."""

import base64
import binascii
from typing import Any

import msgspec

from operations.secrets.signing import Signer, is_signed

ALGORITHM = "Ed25519"
PURPOSE = "audit"  # of the key that is derived from the master key


class Step(msgspec.Struct, frozen=True):
    """One thing that was done, and what came of it in a few words."""

    name: str
    seconds: float
    told: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``recovery_seconds``: from the beginning to the first reply of a gateway on the restored database.
    ``recovery_point_seconds``: the age of the newest restored record at the beginning: what a disaster would then have
    cost at most. Times are Unix seconds. ``problem`` is empty where all went well."""

    id: str
    at: float
    host: str
    release: str
    backup: str
    backup_age_seconds: float
    counts: dict[str, int]
    revision: int
    passed: bool
    failed_step: str = ""
    problem: str = ""
    chain_verified: bool = False
    recovery_seconds: float | None = None
    recovery_point_seconds: float | None = None
    steps: list[Step] = []
    changed_routing: list[str] = []  # the paths of what the drill's gateway serves otherwise than the revision says
    version: int = 1


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A report as text, which is what was signed, and by whom; in base64."""

    report: str
    signature: str
    public_key: str
    algorithm: str = ALGORITHM


class NotSigned(Exception):
    """What should be a signed report is none; the message says in what way."""


def signed(report: Report, signer: Signer) -> Signed:
    text = msgspec.json.encode(report, order="sorted")
    return Signed(report=text.decode(), signature=base64.b64encode(signer.sign(text)).decode(),
                  public_key=base64.b64encode(signer.public).decode())


def verified(told: Signed) -> Report:
    """Raises NotSigned."""
    try:
        public, signature = base64.b64decode(told.public_key), base64.b64decode(told.signature)
        report = msgspec.json.decode(told.report, type=Report)
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise NotSigned(f"no signed report: {error}") from None
    if not is_signed(public, signature, told.report.encode()):
        raise NotSigned("the signature is not that of this report: one of them was changed")
    return report


def details_of(report: Report, evidence: Signed) -> dict[str, Any]:
    """What the act of a drill holds: the figures for whoever lists them, and the whole as it was signed."""
    names = ("passed", "failed_step", "problem", "backup", "recovery_seconds", "recovery_point_seconds",
             "backup_age_seconds", "host")
    return {**{name: getattr(report, name) for name in names}, "evidence": msgspec.to_builtins(evidence)}

"""A legal hold."""

import msgspec


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Holds one subject of a tenant, or with an empty ``subject`` all of it, until it is released. Times are Unix
    seconds."""

    id: str
    tenant: str
    subject: str
    actor: str
    reason: str
    placed_at: float
    released_at: float | None = None
    released_by: str = ""
    release_reason: str = ""


class UnderHold(Exception):
    """Something that must be kept was to be erased; carries the hold."""

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        what = f"subject {hold.subject} of tenant {hold.tenant}" if hold.subject else f"all of tenant {hold.tenant}"
        super().__init__(f"Legal hold {hold.id} keeps {what} ({hold.reason}). Nothing was erased. Where the hold is "
                         f"over: gatewright hold release {hold.id} --reason ...")

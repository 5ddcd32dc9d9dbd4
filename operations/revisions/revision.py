"""The rules of revisions: what differs between two documents, and which change may follow which. No I/O."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from gateway.config.checking import join


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One state of the routing that was, or is, live. ``source``: file, api, rollback or restored."""

    revision: int
    digest: str
    created_at: float
    source: str
    reason: str
    actor: str
    based_on: int | None
    routing: Any


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What one path of the document was and is."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        before, after = (msgspec.json.encode(value).decode() for value in (self.before, self.after))
        told = {"added": f"+ {self.path}: {after}", "removed": f"- {self.path}: {before}"}
        return told.get(self.kind, f"~ {self.path}: {before} -> {after}")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What applying a document would do. ``based_on`` is the revision that it was compared with."""

    based_on: int | None
    digest: str
    differences: list[Difference]
    warnings: list[str]

    @property
    def changes_nothing(self) -> bool:
        return not self.differences


class Stale(Exception):
    """A change was made for a revision that is not the current one any more."""

    def __init__(self, based_on: int, current: int) -> None:
        self.based_on = based_on
        self.current = current
        super().__init__(f"The change is based on revision {based_on}, and revision {current} is current. "
                         f"Look at what changed (diff {based_on} {current}) and plan again.")


class UnknownRevision(Exception):
    """There is no revision of that number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no revision {number}.")


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """What leads from one document to the other, path by path; a list counts as one value.

    The order of keys counts where nothing else differs: the order of a split decides who gets which version.
    """
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        if before != after:
            yield Difference(path=path, kind="changed", before=before, after=after)
        return
    for key in before:
        if key not in after:
            yield Difference(path=join(path, key), kind="removed", before=before[key])
    for key, value in after.items():
        if key not in before:
            yield Difference(path=join(path, key), kind="added", after=value)
        else:
            yield from differences(before[key], value, join(path, key))
    if before == after and list(before) != list(after):
        yield Difference(path=f"{path} (order)".strip(), kind="changed", before=list(before), after=list(after))


def check_base(based_on: int | None, current: int) -> None:
    """Raises Stale where a change names a base and it is not the current revision."""
    if based_on is not None and based_on != current:
        raise Stale(based_on, current)

"""Proves a backup good: every byte of it authenticated, and a database made of it that holds what it should."""

import msgspec

from operations.backups.archive import Archive
from operations.backups.dump import Alive, Target
from operations.backups.making import check
from operations.backups.manifest import Manifest
from operations.backups.restoring import Chain, check_chain, fill
from operations.store.migrations import HEAD


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that is good. ``members`` are its parts, in bytes; ``restored`` and ``chain`` tell what was tried."""

    manifest: Manifest
    members: dict[str, int]
    restored: bool
    chain: bool


def verify(
    archive: Archive, key: bytes, scratch: Target | None, chain: Chain | None = None, alive: Alive = lambda: None
) -> Verified:
    """Without a scratch place nothing is restored. Raises Damaged, WrongKey, Refused, OSError."""
    members = check(archive, key, alive)
    if archive.manifest.schema != HEAD:
        chain = None  # which is kept in tables of another release
    if scratch is not None:
        try:
            fill(archive, key, scratch)
            check_chain(scratch.url, chain)
        finally:
            scratch.discard()
    return Verified(manifest=archive.manifest, members=members, restored=scratch is not None,
                    chain=scratch is not None and chain is not None)

"""The record of the last result: the one that a kill may have kept from being written.

It is written again only where nobody knows of it. A run that ended in order says so with a file; else the journals of
the host are looked through; and what is drained already, the ledger knows by its id. (Of a batch that another host had,
which shares the folder, the ledger alone can know.)
"""

import mmap
from contextlib import suppress
from pathlib import Path

from gateway.journal import segments

HANDED_OVER = "handed_over"


def hand_over(batch: Path) -> None:
    """Says that every result of a batch has its record."""
    with suppress(OSError):
        (batch / HANDED_OVER).touch()


def was_handed_over(batch: Path) -> bool:
    """Whether the run before ended in order; asked once, for what comes now is another run's."""
    try:
        (batch / HANDED_OVER).unlink()
    except FileNotFoundError:
        return False
    return True


def is_journaled(journal: Path, exchange_id: str) -> bool:
    """Whether a segment that is still there has an entry of this id. Who may have written it is no more."""
    wanted = exchange_id.encode()
    for segment in segments(journal):
        with suppress(OSError, ValueError), segment.open("rb") as file:  # removed meanwhile, or empty
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as written:
                if written.find(wanted) >= 0:
                    return True
    return False

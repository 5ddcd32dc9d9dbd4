"""How much room the disk has for the journals."""

import os
from collections.abc import Callable
from pathlib import Path


class Room:
    """Free bytes where ``folder`` is, asked of the file system each time; low where fewer than ``low_bytes``."""

    def __init__(self, folder: Path, low_bytes: int,
                 ask: Callable[[Path], os.statvfs_result] = os.statvfs) -> None:
        self.low_bytes = low_bytes
        self._folder = folder
        self._ask = ask

    def free_bytes(self) -> int:
        """What is left to who is not root; 0 where the file system does not say."""
        try:
            told = self._ask(self._folder)
        except OSError:
            return 0
        return told.f_bavail * told.f_frsize

    def is_low(self) -> bool:
        return self.free_bytes() < self.low_bytes

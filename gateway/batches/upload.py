"""An upload: the body of a POST to /v1/files, on its way to a disk while it arrives.

The door asks for one as soon as it has read the head, so nobody without a key fills a disk. What arrives lies in a file
without a name, encrypted under a key that is in this process alone: whatever ends the process ends the file.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gateway.batches.sealing import SealedReader, SealedWriter
from gateway.config.settings import Batches, Key
from gateway.refusal import FilesUnavailable, Overloaded, TooLarge
from gateway.stages.identify import key_of

PATH = b"/v1/files"
FORM_BYTES = 64 << 10  # what a form has beside its file
MOST_AT_ONCE = 16
_ABOUT = "upload"


class Upload:
    """One body. ``write`` raises a Refusal, after which nothing of it is left."""

    def __init__(self, uploads: "Uploads", tenant: str, content_type: str, most_bytes: int) -> None:
        self.tenant = tenant
        self.content_type = content_type
        self._uploads = uploads
        self._most_bytes = most_bytes
        self._secret = os.urandom(32)
        self._size = 0
        self._fd = -1
        try:
            uploads.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=uploads.folder, buffering=0) as nameless:
                self._fd = os.dup(nameless.fileno())
            self._writer = SealedWriter(self._fd, self._secret, _ABOUT)
        except OSError:
            self.close()
            raise FilesUnavailable("The file cannot be stored now.") from None

    def write(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._most_bytes:
            self.close()
            raise self._uploads.too_large()
        try:
            self._writer.write(piece)
        except OSError:
            self.close()
            raise FilesUnavailable("The file cannot be stored now.") from None

    def reader(self) -> SealedReader:
        """The whole body, once all of it is there. Raises OSError."""
        self._writer.finish()
        return SealedReader(os.dup(self._fd), self._secret, _ABOUT)

    def close(self) -> None:
        """Lets go of it. Safe to call more than once."""
        self._uploads.open.discard(self)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Uploads:
    """Those of one worker."""

    def __init__(self, folder: Path, settings: Batches, keys: Mapping[str, Key] | None) -> None:
        self.folder = folder
        self.seconds = settings.upload_time
        self.most_bytes = settings.file_bytes + FORM_BYTES
        self.open: set[Upload] = set()
        self._file_bytes = settings.file_bytes
        self._keys = keys

    def begin(self, headers: list[tuple[bytes, bytes]]) -> Upload:
        """Raises NotAuthenticated, Overloaded, FilesUnavailable."""
        key = key_of(headers, self._keys)
        if len(self.open) >= MOST_AT_ONCE:
            raise Overloaded("Too many files are being sent.")
        content_type = dict(headers).get(b"content-type", b"").decode("latin-1")
        upload = Upload(self, key.tenant if key is not None else "default", content_type, self.most_bytes)
        self.open.add(upload)
        return upload

    def too_large(self) -> TooLarge:
        return TooLarge(f"The file is larger than {self._file_bytes} bytes.", code="file_too_large")

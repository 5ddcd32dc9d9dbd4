"""Bodies of replies of vLLM 0.32.0 (CPU, SmolLM2-135M), byte for byte, with the chunks of HTTP taken off.

Of a request that was recorded more than once, ``NAME`` asked for no usage, ``NAME_usage`` for ``include_usage`` and
``NAME_continuous`` for ``continuous_usage_stats`` too. All else in the request was the same, the seed included.
"""

import re
from pathlib import Path

_FOLDER = Path(__file__).parent
_CHANGING = re.compile(rb'("created(?:_at)?": ?|chatcmpl-tool-)[0-9a-f]+')


def recording(name: str) -> bytes:
    """The bytes of ``name.sse`` (a stream) or ``name.json`` (a reply that came whole)."""
    streamed = _FOLDER / f"{name}.sse"
    return streamed.read_bytes() if streamed.exists() else (_FOLDER / f"{name}.json").read_bytes()


def without_time(stream: bytes) -> bytes:
    """The bytes without what differs between two answers to one request: the second, and ids drawn by the server."""
    return _CHANGING.sub(rb"\g<1>0", stream)

"""A mark in a response's id that tells which server remembers it.

The Responses API lets a client go on from ``previous_response_id``, and a model server keeps that state in its own
memory. vLLM takes the id for a new response from the request, so the gateway gives it one that holds the endpoint's
mark. Any worker of any host can read it again: nothing is shared, nothing in the reply is rewritten.
"""

import re

_MARKED = re.compile(r"resp_gw([0-9a-f]{8})[0-9a-f]{16,}")


def marked_response_id(mark: str, unique: str) -> str:
    """``mark`` is eight hexadecimal digits, ``unique`` at least sixteen."""
    return f"resp_gw{mark}{unique}"


def endpoint_marked(response_id: str) -> str:
    """The mark in an id that the gateway gave; empty in any other."""
    match = _MARKED.fullmatch(response_id)
    return match[1] if match else ""

"""Routing documents that the tests apply."""

from typing import Any

TEXT = """\
versions:
  smol-1: {served_model: smollm2-135m, endpoints: ["http://127.0.0.1:9101"]}
  smol-2: {served_model: smollm2-135m, endpoints: ["http://127.0.0.1:9102"]}
models:
  assistant:
    split: {smol-1: 90, smol-2: 10}
"""


def routing(first: float = 90, second: float = 10) -> dict[str, Any]:
    """Two versions of one model, with their weights."""
    return {
        "versions": {
            "smol-1": {"served_model": "smollm2-135m", "endpoints": ["http://127.0.0.1:9101"]},
            "smol-2": {"served_model": "smollm2-135m", "endpoints": ["http://127.0.0.1:9102"]}},
        "models": {"assistant": {"split": {"smol-1": first, "smol-2": second}}}}


def broken() -> dict[str, Any]:
    """The same with two mistakes in it."""
    document = routing(second=-1)
    document["models"]["assistant"]["fallback"] = ["smol-3"]
    return document

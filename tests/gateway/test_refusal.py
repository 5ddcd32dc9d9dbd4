"""Every refusal has a code of the documented set, a status that fits, OpenAI's shape, and a word on what to do."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import refusal
from gateway.refusal import CallerRefusal, MethodNotAllowed, PolicyRefusal, Refusal

ROOT = Path(refusal.__file__).resolve().parents[1]


def classes(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for each in of.__subclasses__():
        yield each
        yield from classes(each)


LEAVES = [each for each in classes() if not each.__subclasses__() and each.__module__ == refusal.__name__]


def made(kind: type[Refusal]) -> Refusal:
    return kind("What happened.", allow="POST") if kind is MethodNotAllowed else kind("What happened.")  # type: ignore[call-arg]


# Every refusal that stands in the tree: its status and code, whether to try again, and who is to blame.
TREE = {
    "InvalidRequest": (400, "invalid_request", False, "caller"),
    "NotAuthenticated": (401, "invalid_api_key", False, "caller"),
    "NotFound": (404, "not_found", False, "caller"),
    "MethodNotAllowed": (405, "method_not_allowed", False, "caller"),
    "RequestTimeout": (408, "request_timeout", True, "caller"),
    "TooLarge": (413, "request_too_large", False, "caller"),
    "QuotaReached": (403, "file_quota_reached", False, "caller"),
    "ReaderStalled": (400, "reader_stalled", False, "caller"),
    "StillInProgress": (409, "idempotency_in_progress", True, "caller"),
    "KeyReused": (422, "idempotency_key_reused", False, "caller"),
    "ContentBlocked": (400, "content_blocked", False, "policy"),
    "ContentUnreadable": (400, "content_unreadable", False, "policy"),
    "GuardUnavailable": (503, "guard_unavailable", True, "policy"),
    "Overloaded": (503, "overloaded", True, "gateway"),
    "JournalUnavailable": (503, "journal_unavailable", True, "gateway"),
    "Draining": (503, "shutting_down", True, "gateway"),
    "NotKept": (503, "feedback_not_kept", True, "gateway"),
    "FilesUnavailable": (503, "files_unavailable", True, "gateway"),
    "InternalError": (500, "internal_error", False, "gateway"),
    "UpstreamUnreachable": (502, "upstream_unreachable", True, "upstream"),
    "UpstreamDisconnected": (502, "upstream_disconnected", True, "upstream"),
    "UpstreamMalformed": (502, "upstream_malformed", False, "upstream"),
    "UpstreamError": (502, "upstream_error", True, "upstream"),
    "UpstreamUnauthorized": (502, "upstream_unauthorized", False, "upstream"),
    "UpstreamTimeout": (504, "upstream_timeout", True, "upstream"),
}


def test_the_tree_is_what_clients_rely_on() -> None:
    """A code or a status that changes breaks somebody's handling of it: then it changes here too, with a note."""
    assert {kind.__name__: (kind.status, kind.code, kind.retryable, kind.blame) for kind in LEAVES} == TREE


def test_no_two_refusals_share_a_code() -> None:
    codes = [kind.code for kind in LEAVES]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", LEAVES)
def test_each_has_openais_shape_in_json(kind: type[Refusal]) -> None:
    found = made(kind)
    error = json.loads(found.body())["error"]
    assert error == {"message": f"What happened. {kind.remedy}".strip(), "type": kind.type, "param": None,
                     "code": kind.code}  # fmt: skip
    assert (b"content-type", b"application/json") in found.headers()


@pytest.mark.parametrize("kind", LEAVES)
def test_each_tells_the_openai_client_whether_to_try_again(kind: type[Refusal]) -> None:
    """The client asks `x-should-retry` first, and else tries 408, 409, 429 and 5xx again."""
    headers = dict(made(kind).headers())
    assert headers.get(b"x-should-retry") == (None if kind.retryable else b"false")
    assert not kind.retryable or kind.status in (408, 409, 429) or kind.status >= 500
    assert (b"retry-after" in headers) == bool(kind.retry_after_seconds)


@pytest.mark.parametrize("kind", LEAVES)
def test_who_failed_and_how_it_ended_fit_the_status(kind: type[Refusal]) -> None:
    assert kind.outcome in ("refused", "failed")
    assert (400 <= kind.status < 500) == (issubclass(kind, CallerRefusal) or (
        issubclass(kind, PolicyRefusal) and not kind.retryable))
    assert kind.blame != "upstream" or kind.outcome == "failed"


def test_a_use_may_say_its_own_code_status_and_field() -> None:
    found = refusal.InvalidRequest("No.", code="missing_model", param="model", status=415)
    assert (found.code, found.param, found.status, str(found)) == ("missing_model", "model", 415, "No.")
    assert refusal.InvalidRequest("No.").code == "invalid_request", "the class keeps its own"


def test_a_method_that_is_not_served_tells_those_that_are() -> None:
    assert (b"allow", b"GET, HEAD") in MethodNotAllowed("No.", allow="GET, HEAD").headers()


def test_a_missing_key_tells_how_to_send_one() -> None:
    assert (b"www-authenticate", b"Bearer") in refusal.NotAuthenticated("No.").headers()


# Codes that a use says for itself: written in the source wherever a refusal is raised.


def codes_in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    names = {kind.__name__ for kind in classes()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {*names, "InvalidDocument"}:
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield node.func.id, keyword.value.value  # type: ignore[attr-defined]
            if node.func.id == "InvalidDocument" and isinstance(node.args[0], ast.Constant):  # type: ignore[attr-defined]
                yield "InvalidRequest", node.args[0].value  # type: ignore[misc]


def test_a_code_belongs_to_one_class_of_refusal_alone() -> None:
    """One code, one meaning, one status family: a client looks at nothing else."""
    owners: dict[str, set[str]] = {kind.code: {kind.__name__} for kind in LEAVES}
    for path in [*ROOT.glob("gateway/**/*.py"), *ROOT.glob("models/protocol/*.py")]:
        for owner, code in codes_in(ast.parse(path.read_text())):
            owners.setdefault(code, set()).add(owner)
    assert {"missing_model", "duplicate_key", "json_too_deep", "bad_http", "model_not_found"} <= owners.keys()
    assert {code: names for code, names in owners.items() if len(names) > 1} == {}
    assert all(code == code.lower() and code.replace("_", "").isalnum() for code in owners)


def test_every_code_is_found_in_the_docs() -> None:
    docs = "\n".join(path.read_text() for path in ROOT.glob("docs/**/*.md"))
    codes = {kind.code for kind in LEAVES}
    for path in [*ROOT.glob("gateway/**/*.py"), *ROOT.glob("models/protocol/*.py")]:
        codes |= {code for _, code in codes_in(ast.parse(path.read_text()))}
    assert sorted(code for code in codes if f"`{code}`" not in docs) == []

"""An exchange is told as what happened, when, and what it came to: from its row alone, whatever became of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.record import Attempt, ExchangeRecord, GuardFinding, GuardNotes
from operations.ledger.lengths import money_of, offset_of
from operations.ledger.story import story_of

ENDPOINT = "http://127.0.0.1:9"


def plain(value: Any) -> Any:
    """As the database gives it back."""
    return msgspec.json.decode(msgspec.json.encode(msgspec.structs.asdict(value)))


def row_of(**changed: Any) -> dict[str, Any]:
    """A streamed answer after a retry, with all that an exchange can have."""
    record = ExchangeRecord(**{
        "id": "019ab3c4", "started_at": 1_764_000_000.0, "worker": "w0", "client_request_id": "mine", "tenant": "shop",
        "key": "till", "subject": "5f" * 16, "unit_kind": "user", "unit_fraction": 0.25,
        "operation": "chat.completions", "model": "assistant", "revision": 7, "arm_assigned": "smol-1",
        "arm_served": "smol-1", "propensity": 0.9, "streamed": True, "attempts": [
            Attempt("smol-1", ENDPOINT, "upstream_unreachable", 0.02),
            Attempt("smol-1", ENDPOINT, "answered", 0.975, 200)],
        "outcome": "answered", "status": 200, "finish_reason": "stop", "overhead_seconds": 0.005,
        "first_token_seconds": 0.3, "total_seconds": 1.0, "token_gap_counts": [4], "token_gap_seconds": 0.6,
        "prompt_tokens": 1000, "completion_tokens": 200, "cached_tokens": 400, "usage_source": "reported",
        "cost_micros": 240, "bytes_in": 120, "bytes_out": 700, "writer": "019ab3c4ffffffffffffff", "sequence": 12,
        **changed})
    return dict(plain(record))


def told(row: dict[str, Any]) -> str:
    return "\n".join(story_of(row).lines())


def test_a_retried_stream_reads_from_top_to_bottom() -> None:
    price = {"prompt": 0.15, "cached": 0.075, "completion": 0.6}
    assert told(row_of() | {"price": price, "signals": [], "copies": [], "sealed": {"checkpoint": 3}}) == """\
Exchange 019ab3c4 began at 2025-11-24 16:00:00.000 UTC on worker w0.
+0           It came from key till of tenant shop and asked chat.completions for a stream.
             Its user has the pseudonym 5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f.
             The caller named it mine.
             It asked for model assistant; revision 7 gave it version smol-1, because the user falls at 0.250000 of \
the split, in the part that takes 90.0% of all units.
+5.0 ms      Attempt 1 went to http://127.0.0.1:9 (smol-1): upstream_unreachable after 20.0 ms.
+25.0 ms     Attempt 2 went to http://127.0.0.1:9 (smol-1): answered with status 200 after 975.0 ms.
+300.0 ms    The first token went out.
+1.00 s      It was answered with status 200.
             The model stopped because of stop.
took         1.00 s in all, 5.0 ms of it the gateway's own, 300.0 ms to the first token, 150.0 ms between its tokens \
on average
tokens       1000 of prompt (400 of them cached), 200 of completion, as reported
cost         0.000240: a million tokens of prompt cost 0.15, 0.075 of cached prompt, 0.6 of completion (revision 7)
bytes        120 in, 700 out
content      not kept
record       kept as all records are; number 12 in the chain of 019ab3c4ffffffffffffff, sealed by checkpoint 3"""


def test_a_refused_request_has_a_story_too() -> None:
    stray = ExchangeRecord(
        id="a", started_at=0.0, outcome="refused", blame="caller", code="model_not_found", status=404)
    story = told(plain(stray))
    assert "It came from a caller without a key" in story
    assert "named no model that the gateway knows" in story
    assert "No model server was asked." in story
    assert "refused with status 404 and code model_not_found. The fault lay with the caller." in story
    assert "tokens " not in story
    assert "in no chain" in story


def test_what_broke_in_mid_stream_is_told_as_such() -> None:
    story = told(row_of(outcome="failed", blame="upstream", code="upstream_disconnected", finish_reason=""))
    assert "+1.00 s      It failed with status 200 and code upstream_disconnected. The fault lay with" in story
    assert "Part of the reply had gone out by then" in story
    before = told(row_of(outcome="failed", blame="upstream", code="upstream_timeout", first_token_seconds=0.0))
    assert "Part of the reply" not in before


@pytest.mark.parametrize(("code", "why"), [("", "Its client had left."), ("reader_stalled", "had stopped reading.")])
def test_an_abandoned_one_names_no_fault(code: str, why: str) -> None:
    story = told(row_of(outcome="abandoned", blame="caller", code=code))
    assert why in story
    assert "fault" not in story


def test_a_fallback_is_told_with_the_price_of_who_answered() -> None:
    row = row_of(arm_served="spare", attempts=[Attempt("smol-1", ENDPOINT, "upstream_timeout", 0.5),
                                               Attempt("spare", ENDPOINT, "answered", 0.4, 200)])
    story = told(row | {"price": {}})
    assert "Version spare answered in its place, as the fallback." in story
    assert "cost         none: revision 7 sets no price for spare" in story


@pytest.mark.parametrize(("others", "says"), [(0, "(smol-1): "), (1, "(smol-1), asked together with 1 other: "),
                                              (7, "(smol-1), asked together with 7 others: ")])
def test_an_attempt_that_was_made_for_several_says_so(others: int, says: str) -> None:
    row = row_of(attempts=[Attempt("smol-1", ENDPOINT, "answered", 0.4, 200, others)], usage_source="apportioned")
    assert f"Attempt 1 went to {ENDPOINT} {says}answered with status 200" in told(row)
    assert "as apportioned\n" in told(row)


def test_where_nobody_knows_the_price_the_cost_stands_alone() -> None:
    assert "cost         0.000240\n" in told(row_of() | {"price": None})
    assert "cost         0.000240\n" in told(row_of())


def test_what_was_remembered_cost_nothing() -> None:
    row = row_of(usage_source="cached", cost_micros=0, saved_micros=240, cache="hit", attempts=[])
    assert "cost         none: it was remembered, which saved 0.000240\n" in told(row | {"price": {}})


def test_an_answer_to_a_similar_question_names_that_and_how_near_it_was() -> None:
    story = told(row_of(cache="similar", similarity=0.97314, parent="019ab000", usage_source="cached", cost_micros=0,
                        saved_micros=240, attempts=[]))
    assert ("It was given the answer to exchange 019ab000, whose question was nearly the same (similarity 0.9731), "
            "which saved 0.000240.") in story
    assert "parent       its answer is that to exchange 019ab000" in story


def test_guards_stand_where_they_judged() -> None:
    finding = GuardFinding("prompt", "personal_data", "EMAIL", "redact", 1.0, 0, 4, "messages[0].content")
    story = told(row_of(
        guards=["prompt:personal_data:redact:2", "reply:toxicity:flag:1"], findings=[finding],
        guard_failures=["reply:topics:timeout:allow"],
        guard_seconds={"prompt:patterns": 0.00003, "reply:toxicity": 0.1},
        guard_differences=["prompt personal_data:EMAIL redact->block"], policy_digest="ab" * 32))
    lines = [line[13:] for line in story.splitlines()]
    places = [next(place for place, line in enumerate(lines) if line.startswith(beginning)) for beginning in (
        "In the request, the guard personal_data redacted what it found, 2 times (EMAIL).",
        "Guards of the request took: patterns 30 µs.", "It asked for model", "The first token",
        "In the reply, the guard toxicity flagged what it found, once.",
        "The guard topics took too long over the reply, which lets it pass.",
        "Guards of the reply took: toxicity 100.0 ms.", "It was answered")]
    assert places == sorted(places)
    assert "shadow       the policy in shadow would have done otherwise: prompt personal_data:EMAIL redact->" in story
    assert "policy       rules of digest abababababababab" in story


def test_what_came_afterwards_is_told_with_how_long_after() -> None:
    notes = GuardNotes(
        guards=["prompt:names:flag:1"], guard_failures=["prompt:topics:timeout:allow"],
        findings=[GuardFinding("prompt", "names", "PERSON", "flag", 0.9, 0, 4, "messages[0].content")])
    began = 1_764_000_000.0

    def said(after: float, name: str, body: dict[str, Any], kind: str = "feedback", value: Any = None) -> Any:
        return {"kind": kind, "name": name, "at": began + after, "body": body, "value": value, "tenant": "shop",
                "exchange_id": "019ab3c4", "content": "", "id": str(after)}

    story = told(row_of() | {"signals": [
        said(1.5, "names", plain(notes), "guard"), said(120.0, "helpful", {"value": True}),
        said(7380.0, "helpful", {"value": False, "comment": "on reflection"}),
        said(90_000.0, "tone", {"value": "dull"}), said(200_000.0, "stars", {"value": 4.5}),
        said(260_000.0, "coherence", {}, "judge", 0.75)]})
    assert "\n".join(story.splitlines()[10:17]) == """\
+1.50 s      Afterwards, in the request, the guard names flagged what it found, once (PERSON).
+1.50 s      Afterwards, the guard topics took too long over the request, which lets it pass.
+2 min       Feedback: helpful is true.
+2 h 3 min   Feedback: helpful is false, no longer true, with the comment 'on reflection'.
+1 d 1 h     Feedback: tone is 'dull'.
+2 d 7 h     Feedback: stars is 4.5.
+3 d         Judge coherence: 0.75."""


def test_kin_content_retention_and_cache_are_told() -> None:
    story = told(row_of(parent="019ab000", purpose="replay", batch="b1", content="c/1", retention="short", sequence=0,
                        cache="hit", saved_micros=240, attempts=[], trial="t1") | {
        "copies": [{"id": "019ac000", "purpose": "shadow"}]})
    for words in ("Its purpose was replay.", "It was answered from the cache, which saved 0.000240.",
                  "of the split of trial t1", "parent       it repeats exchange 019ab000 (replay)", "batch        b1",
                  "copies       019ac000 (shadow)", "content      kept as c/1",
                  "record       kept as short; in no chain"):
        assert words in story
    kept = told(row_of() | {"kept": {"state": "kept", "until": 1_764_086_400.0}, "sealed": None})
    assert "content      kept until 2025-11-25 16:00:00 UTC" in kept
    assert kept.endswith("not sealed yet")


@pytest.mark.parametrize(("seconds", "shown"), [
    (0, "+0"), (0.0000042, "+4 µs"), (0.0125, "+12.5 ms"), (59.99, "+59.99 s"), (60, "+1 min"), (61, "+1 min 1 s"),
    (3600, "+1 h"), (3661, "+1 h 1 min"), (86_400, "+1 d"), (1_000_000, "+11 d 13 h")])  # fmt: skip
def test_moments_are_told_by_two_units_at_most(seconds: float, shown: str) -> None:
    assert offset_of(seconds) == shown


def test_money_is_told_to_its_last_digit() -> None:
    assert [money_of(micros) for micros in (0, 1, 240, 1_234_567, 1 << 53)] == [
        "0.000000", "0.000001", "0.000240", "1.234567", "9007199254.740992"]


def test_a_line_of_a_batch_that_made_room_is_told_as_that() -> None:
    story = told(row_of(purpose="batch", batch="batch_1", outcome="abandoned", code="preempted"))
    assert "Somebody came to the server who waits: the line is asked again." in story
    cancelled = told(row_of(purpose="batch", outcome="abandoned", code="cancelled"))
    assert "client" not in cancelled.partition("abandoned")[2]

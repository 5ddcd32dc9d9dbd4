"""What the application sends is judged before anything else sees it, and what is redacted is gone for good."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.exchange import Exchange
from gateway.guard_notes import guard_header, note_guards
from gateway.refusal import ContentBlocked, ContentUnreadable, GuardUnavailable
from gateway.stages.guard_prompt import GuardPrompt, lot_of
from gateway.stages.read import Read
from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.patterns.pattern import Pattern
from tests.gateway.exchanges import KEYS, HandClock, endpoints_at, exchange_of, request_of, routing, snapshot_of

MAIL = "ann@secret.com"
BEFORE = {"action": "block", "when": "before"}


class Mail:
    name = "personal_data"
    patterns = (Pattern("EMAIL", r"\b[a-z]{1,8}@[a-z]{1,8}\.com\b"),)


class Keys:
    name = "secrets"
    patterns = (Pattern("KEY", r"\bk-[a-z]{2}", tail="[a-z]"),)


class Crashing:
    name = "injection"

    def read(self, passage: Passage) -> list[Finding]:
        raise ZeroDivisionError(passage.text)


class Slow:
    """Finds the word `slow` once `going` is set."""

    name = "toxicity"

    def __init__(self) -> None:
        self.going = asyncio.Event()
        self.asked = 0
        self.failure: Exception | None = None

    async def read_all(self, passages: Sequence[Passage]) -> list[list[Finding]]:
        self.asked += 1
        await self.going.wait()
        if self.failure is not None:
            raise self.failure
        return [[Finding("toxicity", "SLOW", at, at + 4, 0.9)] if (at := passage.text.find("slow")) >= 0 else []
                for passage in passages]


class Lines:
    """The log: keeps what was said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.said.append(("info", event, fields))

    def warning(self, event: str, **fields: Any) -> None:
        self.said.append(("warning", event, fields))


class Unasked:
    """For guards that nobody waits for: these are told of in test_places."""

    def begin(self, *given: object) -> None:
        raise AssertionError("nothing here is judged afterwards")


class Desk:
    """The stage with one policy on it, and what it was given."""

    def __init__(self, threads: ThreadPoolExecutor, *, shadow: Mapping[str, Any] | None = None,
                 seats: int = 4, **policy: Any) -> None:
        self.slow = Slow()
        self.lines = Lines()
        catalogue = {"personal_data": lambda rule: Mail(), "secrets": lambda rule: Keys(),
                     "injection": lambda rule: Crashing(), "toxicity": lambda rule: self.slow}
        document = routing(policy="live", **({"shadow_policy": "shadow"} if shadow else {}))
        document["policies"] = {"live": policy, **({"shadow": shadow} if shadow else {})}
        self.snapshot = snapshot_of(document, endpoints_at(HandClock()), catalogue=catalogue)
        self.stage = GuardPrompt(HandClock(), self.lines, threads, Unasked(),  # type: ignore[arg-type]
                                 slow_seats=seats, long_seats=seats)

    def exchange(self, document: Mapping[str, Any], operation: str = "chat.completions", **more: Any) -> Exchange:
        exchange = exchange_of(request_of({"model": "m", **document}, operation), self.snapshot, **more)
        Read(100, KEYS).enter(exchange)
        return exchange

    def judge(self, document: Mapping[str, Any], operation: str = "chat.completions") -> Exchange:
        """At once, without waiting."""
        exchange = self.exchange(document, operation)
        assert self.stage.enter(exchange) is None
        return exchange

    def waiting(self, document: Mapping[str, Any]) -> tuple[Exchange, Awaitable[None]]:
        exchange = self.exchange(document)
        waiting = self.stage.enter(exchange)
        assert waiting is not None
        return exchange, waiting


@pytest.fixture
def threads() -> Any:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def busy(threads: ThreadPoolExecutor) -> threading.Event:
    """Keeps all threads at work until the event is set."""
    hold = threading.Event()
    for _ in range(2):
        threads.submit(hold.wait, 5)
    return hold


def chat(*contents: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content} for content in contents]}


async def test_what_is_redacted_is_in_no_place_of_the_document_and_the_rest_is_as_it_was(
        threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"})
    exchange = desk.judge({**chat("hi", f"I am {MAIL}", [{"type": "text", "text": MAIL}]), "seed": 4})
    assert exchange.document["messages"] == [
        {"role": "user", "content": "hi"}, {"role": "user", "content": "I am [EMAIL]"},
        {"role": "user", "content": [{"type": "text", "text": "[EMAIL]"}]}]
    assert exchange.document["seed"] == 4
    assert guard_header(exchange) == "prompt=redacted"


async def test_a_block_names_what_was_found_and_never_the_text(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact", "secrets": "block"})
    exchange = desk.exchange(chat(f"{MAIL} has k-secretly"))
    with pytest.raises(ContentBlocked) as caught:
        desk.stage.enter(exchange)
    assert caught.value.document() == {"error": {
        "message": "The request was blocked by a policy: it holds secrets (KEY).", "type": "policy_error",
        "param": "messages[0].content", "code": "content_blocked"}}
    assert (caught.value.status, caught.value.outcome, caught.value.blame) == (400, "refused", "policy")
    desk.stage.settle(exchange)
    assert [(level, event, fields["label"]) for level, event, fields in desk.lines.said] == [
        ("info", "content_blocked", "KEY")]
    assert "secretly" not in repr(desk.lines.said)


async def test_flags_and_shadows_change_nothing(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "flag", "secrets": "shadow"})
    exchange = desk.exchange(chat(f"{MAIL} has k-secretly"))
    before = exchange.document
    desk.stage.enter(exchange)
    assert exchange.document is before
    assert guard_header(exchange) == "prompt=flagged"
    note_guards(exchange)
    assert sorted(exchange.record.guards) == ["prompt:personal_data:flag:1", "prompt:secrets:shadow:1"]


async def test_the_client_s_own_document_is_never_written_to(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"})
    exchange = desk.exchange(chat("a", MAIL))
    before = exchange.document
    desk.stage.enter(exchange)
    assert before["messages"][1]["content"] == MAIL
    assert exchange.document["messages"][0] is before["messages"][0], "what is not touched is shared"


@pytest.mark.parametrize("body", [
    {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {MAIL: {}}}}}]},
    {MAIL: 1}, {"metadata": {MAIL: "x"}},
], ids=["a parameter", "a field", "metadata"])
async def test_a_redaction_where_none_can_be_made_blocks(threads: ThreadPoolExecutor, body: dict[str, Any]) -> None:
    """An object's key cannot be edited: what it means would be another."""
    desk = Desk(threads, prompt={"personal_data": "redact"})
    with pytest.raises(ContentBlocked) as caught:
        desk.stage.enter(desk.exchange({**chat("hi"), **body}))
    assert "personal_data (EMAIL)" in caught.value.message
    assert MAIL not in str(caught.value.document()), "nor does the place tell it"


async def test_pseudonyms_are_the_exchange_s_and_consistent(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": {"action": "redact", "style": "pseudonym"}})
    exchange = desk.judge(chat(f"{MAIL} and bob@x.com", f"again {MAIL}, <EMAIL_7>"))
    assert [one["content"] for one in exchange.document["messages"]] == [
        "<EMAIL_1> and <EMAIL_2>", "again <EMAIL_1>, <EMAIL_7>"]
    assert exchange.pseudonyms is not None
    assert exchange.pseudonyms.restored(b"<EMAIL_1>") == MAIL.encode()
    assert desk.judge(chat("nothing")).pseudonyms is None


async def test_a_name_that_stands_in_the_request_is_not_given(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": {"action": "redact", "style": "pseudonym"}})
    exchange = desk.judge(chat("what is <email 1>?", MAIL))
    assert exchange.document["messages"][1]["content"] == "<EMAIL_2>"


# A guard that cannot decide


@pytest.mark.parametrize("on_error", ["block", "allow"])
async def test_a_detector_that_crashes_means_what_the_policy_says(threads: ThreadPoolExecutor, on_error: str) -> None:
    desk = Desk(threads, prompt={"injection": "flag", "personal_data": "redact"}, on_error=on_error)
    exchange = desk.exchange(chat(MAIL))
    if on_error == "block":
        with pytest.raises(GuardUnavailable):
            desk.stage.enter(exchange)
    else:
        desk.stage.enter(exchange)
        assert exchange.document["messages"][0]["content"] == "[EMAIL]", "the others judge all the same"
        assert guard_header(exchange) == "prompt=redacted+unchecked"
    note_guards(exchange)
    assert exchange.record.guard_failures == [f"prompt:injection:error:{on_error}"]
    desk.stage.settle(exchange)
    assert ("warning", "guard_failed") in [(level, event) for level, event, _ in desk.lines.said]
    assert MAIL not in repr(desk.lines.said)


async def test_a_guard_that_only_counts_declines_nothing_when_it_fails(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"injection": "shadow"}, on_error="block")
    exchange = desk.judge(chat("hi"))
    note_guards(exchange)
    assert exchange.record.guard_failures == ["prompt:injection:error:allow"]


@pytest.mark.parametrize("on_error", ["block", "allow"])
async def test_a_slow_detector_that_hangs_is_waited_for_until_the_deadline(
        threads: ThreadPoolExecutor, on_error: str) -> None:
    desk = Desk(threads, prompt={"toxicity": BEFORE, "personal_data": "redact"}, on_error=on_error, deadline_ms=20)
    exchange, waiting = desk.waiting(chat(MAIL))
    if on_error == "block":
        with pytest.raises(GuardUnavailable):
            await waiting
    else:
        await waiting
        assert exchange.document["messages"][0]["content"] == "[EMAIL]"
    note_guards(exchange)
    assert exchange.record.guard_failures == [f"prompt:toxicity:timeout:{on_error}"]


async def test_a_slow_detector_that_raises_has_failed(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"toxicity": BEFORE}, on_error="allow")
    desk.slow.failure = OSError("gone")
    desk.slow.going.set()
    exchange, waiting = desk.waiting(chat("slow"))
    await waiting
    note_guards(exchange)
    assert exchange.record.guard_failures == ["prompt:toxicity:error:allow"]


async def test_a_slow_detector_that_is_flooded_has_failed_and_lets_nothing_pass_in_silence(
        threads: ThreadPoolExecutor) -> None:
    """Beyond the seats nobody queues; each is told, and once a seat is free again the next is judged."""
    desk = Desk(threads, prompt={"toxicity": BEFORE}, seats=4)
    flood = [desk.waiting(chat("slow")) for _ in range(10)]
    judging = [asyncio.ensure_future(waiting) for _, waiting in flood]
    await until(lambda: desk.slow.asked == 4 and sum(task.done() for task in judging) == 6)
    desk.slow.going.set()
    ends = await asyncio.gather(*judging, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["ContentBlocked"] * 4 + ["GuardUnavailable"] * 6
    for exchange, _ in flood:
        note_guards(exchange)
    assert sum(exchange.record.guard_failures == ["prompt:toxicity:overloaded:block"] for exchange, _ in flood) == 6
    exchange, waiting = desk.waiting(chat("fine"))
    await waiting
    assert not exchange.verdict.failures  # type: ignore[union-attr]


async def test_an_exchange_that_is_abandoned_gives_its_seat_back(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"toxicity": BEFORE}, seats=1)
    task = asyncio.ensure_future(desk.waiting(chat("slow"))[1])
    await until(lambda: desk.slow.asked == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    desk.slow.going.set()
    exchange, waiting = desk.waiting(chat("fine"))
    await waiting
    assert not exchange.verdict.failures  # type: ignore[union-attr]


async def test_slow_detectors_find_beside_the_quick_ones(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"toxicity": "redact", "personal_data": "redact"})
    desk.slow.going.set()
    exchange, waiting = desk.waiting(chat(f"a slow {MAIL}"))
    await waiting
    assert exchange.document["messages"][0]["content"] == "a [SLOW] [EMAIL]"
    assert set(exchange.record.guard_seconds) == {"prompt:patterns", "prompt:toxicity"}


# What is long


async def test_a_long_request_is_judged_as_a_short_one_is(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"})
    exchange, waiting = desk.waiting(chat("é " * 50_000 + MAIL + " é" * 50_000, MAIL))
    await waiting
    first, second = (one["content"] for one in exchange.document["messages"])
    assert first == "é " * 50_000 + "[EMAIL]" + " é" * 50_000
    assert second == "[EMAIL]"
    assert exchange.verdict.decisions[0].finding[2:4] == (100_000, 100_000 + len(MAIL))  # type: ignore[union-attr]


async def test_many_texts_are_judged_beside_the_event_loop_too(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"})
    exchange, waiting = desk.waiting({"messages": [], "input": ["x"] * 500 + [MAIL]})
    await waiting
    assert exchange.document["input"][-1] == "[EMAIL]"


async def test_where_there_is_no_room_for_long_requests_they_are_not_let_through(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"}, seats=1)
    hold = busy(threads)
    first = asyncio.ensure_future(desk.waiting(chat("x" * 100_000))[1])
    await asyncio.sleep(0)
    exchange, waiting = desk.waiting(chat("x" * 100_000))
    with pytest.raises(GuardUnavailable):
        await waiting
    note_guards(exchange)
    assert exchange.record.guard_failures == ["prompt:every:overloaded:block"]
    hold.set()
    await first


async def test_a_long_request_that_takes_longer_than_the_deadline_is_not_let_through(
        threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"}, deadline_ms=1)
    hold = busy(threads)
    exchange, waiting = desk.waiting(chat("x" * 100_000))
    with pytest.raises(GuardUnavailable):
        await waiting
    note_guards(exchange)
    assert exchange.record.guard_failures == ["prompt:every:timeout:block"]
    hold.set()


# What cannot be read


@pytest.mark.parametrize("body", [
    {"prompt": [1, 2, 3]}, {"prompt": [[1, 2], [3]]}, {"prompt": ["a", [1]]}, {"prompt_embeds": "AAAA"},
    {"prompt": "a", "prompt_embeds": ["AAAA"]},
], ids=str)
@pytest.mark.parametrize("on_error", ["block", "allow"])
async def test_token_ids_and_embeddings_cannot_be_judged(
        threads: ThreadPoolExecutor, body: dict[str, Any], on_error: str) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"}, on_error=on_error)
    exchange = desk.exchange(body, "completions")
    if on_error == "block":
        with pytest.raises(ContentUnreadable):
            desk.stage.enter(exchange)
    else:
        desk.stage.enter(exchange)
        assert guard_header(exchange) == "prompt=unchecked"
    note_guards(exchange)
    assert exchange.record.guard_failures == [f"prompt:every:unreadable:{on_error}"]


async def test_token_ids_pass_where_no_guard_judges_prompts(threads: ThreadPoolExecutor) -> None:
    exchange = Desk(threads, reply={"personal_data": "redact"}).judge({"prompt": [1, 2]}, "completions")
    assert exchange.verdict is not None
    assert not exchange.verdict.failures


# Beside, and by lot


async def test_a_policy_in_shadow_changes_nothing_and_its_differences_are_told(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"},
                shadow={"prompt": {"personal_data": "block", "secrets": "flag", "injection": "block"}})
    exchange = desk.judge(chat(f"{MAIL} k-secretly {MAIL}"))
    assert exchange.document["messages"][0]["content"] == "[EMAIL] k-secretly [EMAIL]"
    assert guard_header(exchange) == "prompt=redacted"
    note_guards(exchange)
    assert exchange.record.guard_differences == [
        "prompt personal_data:EMAIL redact->block", "prompt secrets:KEY none->flag"]
    assert exchange.record.guard_failures == ["prompt:injection:error:shadow"]
    assert exchange.record.guards == ["prompt:personal_data:redact:2"]


async def test_a_policy_may_be_tried_in_shadow_alone(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, shadow={"prompt": {"secrets": "block"}})
    exchange = desk.judge(chat("k-secretly"))
    note_guards(exchange)
    assert exchange.record.guard_differences == ["prompt secrets:KEY none->block"]


def test_the_lot_is_the_exchange_s_own_and_even() -> None:
    lots = [lot_of(f"{number:032x}") for number in range(2000)]
    assert lots[7] == lot_of(f"{7:032x}")
    assert all(0 <= lot < 1 for lot in lots)
    assert 800 < sum(lot < 0.5 for lot in lots) < 1200


async def test_a_sampled_guard_judges_its_share(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": {"action": "redact", "sample": 0.5}})
    for number in range(50):
        exchange = desk.exchange(chat(MAIL), exchange_id=f"{number:032x}")
        desk.stage.enter(exchange)
        judged = exchange.document["messages"][0]["content"] == "[EMAIL]"
        assert judged == (lot_of(exchange.id) < 0.5)


# What is told


async def test_the_record_tells_findings_by_place_and_never_their_text(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"})
    exchange = desk.judge({**chat(f"I am {MAIL}"), "metadata": {"ann": MAIL}})
    note_guards(exchange)
    assert [(one.place, one.label, one.start, one.end) for one in exchange.record.findings] == [
        ("messages[0].content", "EMAIL", 5, 19), ("metadata.*", "EMAIL", 0, 14)]
    assert exchange.document["metadata"] == {"ann": "[EMAIL]"}


async def test_many_findings_are_counted_and_the_first_are_told(threads: ThreadPoolExecutor) -> None:
    desk = Desk(threads, prompt={"personal_data": "redact"})
    exchange = desk.judge(chat(f"{MAIL} " * 60))
    note_guards(exchange)
    assert (len(exchange.record.findings), exchange.record.findings_untold) == (50, 10)
    assert exchange.record.guards == ["prompt:personal_data:redact:60"]


async def until(condition: Any) -> None:
    """Wait for a condition with a deadline."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)

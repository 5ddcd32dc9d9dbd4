"""The classifier's process and a worker's client, over a real socket: batched, bounded, remembered, and made again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from guardrails.classifiers.classifier import ClassifierAway, Span, Vector
from guardrails.classifiers.client import IN_FLIGHT, REQUEST_CHARACTERS, ClassifierClient
from guardrails.classifiers.frames import Ask, Drop, Frames, Malformed, Refused, States, Told, Vectors, socket_in
from guardrails.classifiers.memory import Memory, key_of
from guardrails.classifiers.reading import Readings, Stuck
from guardrails.classifiers.server import listen
from guardrails.detectors.detector import Overloaded
from guardrails.detectors.names import Names
from guardrails.passage import Passage
from guardrails.policy import NamesRule, Rule
from tests.guardrails.classifiers.scripted import Scripted


class Remembering:
    """A log that remembers."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **fields: Any) -> None:
        self.events.append(event)

    warning = info


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.005)


class Watching:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.batches: list[int] = []
        self.texts = self.remembered = 0

    def failed(self, classifier: str, error: BaseException) -> None:
        self.failures.append(repr(error))

    def read(self, classifier: str, windows: int, seconds: float) -> None:
        self.batches.append(windows)

    def asked(self, classifier: str, texts: int, remembered: int) -> None:
        self.texts, self.remembered = self.texts + texts, self.remembered + remembered


class Running:
    """A process's parts in this one: ``scripted`` behind a socket, and a client on it."""

    def __init__(self, folder: Path, limit_characters: int = 100_000, stuck_seconds: float = 60.0,
                 threads: int = 1) -> None:
        self.socket = socket_in(folder)
        self.scripted = Scripted()
        self.watching = Watching()
        self.log = Remembering()
        self.readings = Readings(time.monotonic, self.watching, ["scripted"], threads, limit_characters, stuck_seconds)
        self.client = ClassifierClient(self.socket, self.log)

    async def ask(self, *texts: str, seconds: float = 10.0, classifier: str = "scripted",
                  about: dict[str, list[str]] | None = None) -> list[list[Span]]:
        return await self.client.read(classifier, texts, seconds, about)

    @property
    def texts_waiting(self) -> int:
        return sum(texts for texts, _ in self.readings.waiting().values())


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[Running]:
    run = Running(folder, **settings)
    listener = await listen(run.socket, run.readings)
    tasks = [asyncio.ensure_future(run.readings.run()), asyncio.ensure_future(run.client.run())]
    run.readings.add(run.scripted)
    await until(lambda: run.client.state("scripted") == "ready", "the connection")
    try:
        yield run
    finally:
        run.scripted.gate.set()
        listener.close()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError, Stuck):
                await task


async def test_answers_come_back_to_who_asked(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        answers = await asyncio.gather(*(run.ask(f"{'.' * n}X", f"none {n}") for n in range(50)))
        assert answers == [[[Span("X", n, n + 1, 1.0)], []] for n in range(50)]


async def test_a_long_text_is_read_in_windows_and_told_as_one(tmp_path: Path) -> None:
    text = "".join("X" if n % 97 == 0 else "." for n in range(5000))
    async with running(tmp_path) as run:
        [found] = await run.ask(text)
        assert [span.start for span in found] == [n for n in range(5000) if n % 97 == 0]
        assert max(map(len, run.scripted.read_pieces)) <= 480


async def test_who_asks_alone_is_read_at_once_and_many_share_batches(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        run.scripted.gate.clear()
        first = asyncio.ensure_future(run.ask("alone"))
        await until(lambda: run.scripted.batches == [["alone"]], "the first batch")
        others = [asyncio.ensure_future(run.ask(f"other {n:02}")) for n in range(20)]
        await until(lambda: run.texts_waiting == 20, "the line")
        run.scripted.gate.set()
        await asyncio.gather(first, *others)
        assert len(run.scripted.batches) <= 4


async def test_a_batch_has_texts_of_about_one_length(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        run.scripted.gate.clear()
        first = asyncio.ensure_future(run.ask("a"))
        await until(lambda: len(run.scripted.batches) == 1, "the first batch")
        others = [asyncio.ensure_future(run.ask(f"{n:03}" * (100 if n % 2 else 3))) for n in range(12)]
        await until(lambda: run.texts_waiting == 12, "the line")
        run.scripted.gate.set()
        await asyncio.gather(first, *others)
        assert all(max(map(len, batch)) <= 1.6 * min(map(len, batch)) + 16 for batch in run.scripted.batches)


async def test_a_long_text_lets_others_have_their_turn(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        run.scripted.gate.clear()
        long = asyncio.ensure_future(run.ask("." * 50_000))
        await until(lambda: len(run.scripted.batches) == 1, "its first windows")
        short = asyncio.ensure_future(run.ask("short"))
        await until(lambda: run.texts_waiting == 2, "the short one in the line")
        run.scripted.gate.set()
        await asyncio.gather(long, short)
        assert next(n for n, batch in enumerate(run.scripted.batches) if "short" in batch) <= 4


async def test_what_was_read_before_is_not_read_again(tmp_path: Path) -> None:
    """A conversation comes with all its messages at every turn; only the new one costs."""
    async with running(tmp_path) as run:
        await run.ask("first X", "second")
        assert await run.ask("first X", "second", "third X") == [[Span("X", 6, 7, 1.0)], [], [Span("X", 6, 7, 1.0)]]
        assert sorted(run.scripted.read_pieces) == ["first X", "second", "third X"]


async def test_who_asks_for_the_same_text_meanwhile_waits_for_one_reading(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        answers = await asyncio.gather(*(run.ask("the same X") for _ in range(30)))
        assert answers == [[[Span("X", 9, 10, 1.0)]]] * 30
        assert run.scripted.read_pieces == ["the same X"]


async def test_beyond_its_room_it_refuses_at_once_and_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path, limit_characters=2000) as run:
        run.scripted.gate.clear()
        waiting = [asyncio.ensure_future(run.ask(f"{n:04}" * 120)) for n in range(8)]
        await until(lambda: sum(task.done() for task in waiting) >= 3, "the refusals")
        assert all(isinstance(task.exception(), Overloaded) for task in waiting if task.done())
        with pytest.raises(Overloaded):
            await run.ask("." * 2001)
        run.scripted.gate.set()
        await asyncio.wait(waiting)
        assert await run.ask("X") == [[Span("X", 0, 1, 1.0)]]
        assert run.readings.waiting_characters == 0


async def test_what_nobody_waits_for_is_never_read(tmp_path: Path) -> None:
    """Given up by the worker, or too late: it is dropped unread, and its room is free again."""
    async with running(tmp_path) as run:
        run.scripted.gate.clear()
        first = asyncio.ensure_future(run.ask("first"))
        await until(lambda: len(run.scripted.batches) == 1, "the first batch")
        given_up = asyncio.ensure_future(run.ask("given up"))
        late = asyncio.ensure_future(run.ask("too late", seconds=0.05))
        await until(lambda: run.texts_waiting == 2, "both in the line")
        given_up.cancel()
        with pytest.raises(TimeoutError):
            await late
        run.scripted.gate.set()
        await first
        await run.ask("last")
        assert run.scripted.read_pieces == ["first", "last"]
        assert run.readings.waiting_characters == 0


async def test_what_is_asked_and_given_up_in_one_breath_is_not_read(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        run.scripted.gate.clear()
        first = asyncio.ensure_future(run.ask("first"))
        await until(lambda: len(run.scripted.batches) == 1, "the first batch")
        codec = Frames()
        _, writer = await asyncio.open_unix_connection(run.socket)
        writer.write(codec.encode(Ask(1, "scripted", ["given up"], 10.0)) + codec.encode(Drop(1))
                     + codec.encode(Ask(2, "scripted", ["wanted"], 10.0)))
        await until(lambda: run.texts_waiting == 2, "both in the line")
        run.scripted.gate.set()
        await first
        await run.ask("wanted")
        assert run.scripted.read_pieces == ["first", "wanted"]
        writer.close()


async def test_a_classifier_that_raises_fails_its_batch_and_reads_the_next(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        run.scripted.error = RuntimeError("a bug")
        with pytest.raises(ClassifierAway, match="failed"):
            await run.ask("one")
        run.scripted.error = None
        assert await run.ask("one X") == [[Span("X", 4, 5, 1.0)]]
        assert run.watching.failures == ["RuntimeError('a bug')"]


async def test_a_batch_that_does_not_come_back_ends_the_process(tmp_path: Path) -> None:
    scripted = Scripted()
    scripted.gate.clear()
    readings = Readings(time.monotonic, Watching(), ["scripted"], stuck_seconds=0.05)
    readings.add(scripted)
    work = asyncio.ensure_future(readings.run())
    asked = readings.ask("scripted", ["x"], 5.0)
    assert isinstance(asked, asyncio.Future)
    with pytest.raises(Stuck):
        await work
    scripted.gate.set()
    asked.cancel()
    await asyncio.wait([asked])


async def test_each_classifier_can_be_asked_as_soon_as_it_is_there_and_says_why_it_cannot(tmp_path: Path) -> None:
    readings = Readings(time.monotonic, Watching(), ["scripted", "slow to load", "lost"])
    listener = await listen(socket_in(tmp_path), readings)
    client = ClassifierClient(socket_in(tmp_path), Remembering())
    work = [asyncio.ensure_future(client.run()), asyncio.ensure_future(readings.run())]
    assert client.state("scripted") == "away"
    await until(lambda: client.state("scripted") == "loading", "the connection")
    with pytest.raises(ClassifierAway, match="loading"):
        await client.read("scripted", ["x"], 1.0)
    readings.add(Scripted())
    readings.turn("lost", "broken")
    await until(lambda: client.state("lost") == "broken", "the news")
    assert await client.read("scripted", ["X"], 1.0) == [[Span("X", 0, 1, 1.0)]]
    for name, why in (("slow to load", "loading"), ("lost", "broken"), ("other", "unknown")):
        with pytest.raises(ClassifierAway, match=why):
            await client.read(name, ["x"], 1.0)
    listener.close()
    for task in work:
        task.cancel()
    await asyncio.wait(work)


async def test_threads_read_side_by_side(tmp_path: Path) -> None:
    """One batch that takes its time does not keep the next one from being read."""
    async with running(tmp_path, threads=2) as run:
        other = Scripted("other")
        run.readings.add(other)
        run.scripted.gate.clear()
        held = asyncio.ensure_future(run.ask("held"))
        await until(lambda: run.scripted.batches == [["held"]], "the first batch")
        assert await run.ask("X", classifier="other") == [[Span("X", 0, 1, 1.0)]]
        assert not held.done()
        run.scripted.gate.set()
        assert await held == [[]]


async def test_windows_of_one_text_that_threads_read_out_of_order_are_told_in_order(tmp_path: Path) -> None:
    text = "".join("X" if n % 97 == 0 else "." for n in range(20_000))
    async with running(tmp_path, threads=4) as run:
        found = await asyncio.gather(*(run.ask(f"{n:04}{text}") for n in range(4)))
        for [one] in found:
            assert [span.start for span in one] == [n + 4 for n in range(20_000) if n % 97 == 0]


async def test_a_classifier_that_compares_reads_what_the_question_brings_along_once(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        about = {"ONE": ["one X"], "TWO": ["two XX", "more XXX"]}
        assert await run.ask("XX", "", about=about) == [
            [Span("ONE", 0, 2, 1.0), Span("TWO", 0, 2, 2.0)], [Span("ONE", 0, 0, 0.0), Span("TWO", 0, 0, 0.0)]]
        await run.ask("XXX", about=about)
        assert sorted(run.scripted.read_pieces) == ["XX", "XXX", "more XXX", "one X", "two XX"]
        assert run.watching.remembered == 3


async def live_and_end(client: ClassifierClient, socket: Path) -> None:
    """A process that takes one request and dies."""
    taken: list[asyncio.StreamWriter] = []
    server = await asyncio.start_unix_server(lambda _, writer: taken.append(writer), socket)
    await until(lambda: client.connected, "the connection")
    asked = asyncio.ensure_future(client.read("scripted", ["x"], 5.0))
    await until(lambda: bool(taken), "the request")
    taken[0].transport.abort()
    server.close()
    socket.unlink(missing_ok=True)
    with pytest.raises(ClassifierAway):
        await asked
    await until(lambda: not client.connected, "the loss")


async def test_a_client_whose_process_ends_fails_at_once_and_connects_to_the_next(tmp_path: Path) -> None:
    client = ClassifierClient(socket_in(tmp_path), log := Remembering())
    connecting = asyncio.ensure_future(client.run())
    with pytest.raises(ClassifierAway):
        await client.read("scripted", ["x"], 1.0)
    for _ in range(2):
        await live_and_end(client, socket_in(tmp_path))
    assert log.events == ["classifier_connected", "classifier_lost"] * 2
    connecting.cancel()
    await asyncio.wait([connecting])


async def test_a_client_is_bounded_where_the_process_does_not_read(tmp_path: Path) -> None:
    taken: list[asyncio.StreamWriter] = []
    server = await asyncio.start_unix_server(lambda _, writer: taken.append(writer), socket_in(tmp_path))
    client = ClassifierClient(socket_in(tmp_path), Remembering())
    connecting = asyncio.ensure_future(client.run())
    await until(lambda: client.connected, "the connection")
    asked = [asyncio.ensure_future(client.read("scripted", ["x"], 5.0)) for _ in range(IN_FLIGHT)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await client.read("scripted", ["x"], 5.0)
    for task in (*asked, connecting):
        task.cancel()
    await asyncio.wait([*asked, connecting])
    await until(lambda: bool(taken), "the connection's other end")
    taken[0].transport.abort()
    server.close()


async def test_a_request_too_long_for_any_answer_is_refused_by_the_client(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        with pytest.raises(Overloaded):
            await run.ask("x" * (REQUEST_CHARACTERS + 1))


async def test_a_socket_in_a_deep_folder_is_reached(tmp_path: Path) -> None:
    """Unix allows 107 bytes for a name; state folders may have more."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    async with running(deep) as run:
        assert await run.ask("X") == [[Span("X", 0, 1, 1.0)]]


async def test_what_is_no_frame_ends_the_connection_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        reader, writer = await asyncio.open_unix_connection(run.socket)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert Frames().feed(await reader.read()) == [States({"scripted": "ready"})]  # and then its end
        writer.close()
        assert await run.ask("X") == [[Span("X", 0, 1, 1.0)]]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_frames_are_the_same_in_any_pieces(size: int) -> None:
    frames = [Ask(1, "names", ["é", "text" * 100], 2.0), Ask(4, "topics", ["a"], 2.0, {"X": ["b"]}), Drop(1),
              Told(2, [[Span("X", 0, 1, 0.5)], []]), Vectors(5, [Vector(b"m", bytes(range(256))), Vector(b"", b"")]),
              Refused(3, "full"), States({"names": "ready"})]
    codec = Frames()
    data = b"".join(map(codec.encode, frames))
    arrived = [frame for at in range(0, len(data), size) for frame in codec.feed(data[at : at + size])]
    assert arrived == frames


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\0\0\0\1\xc1", b"\0\0\0\4abcd"])
def test_malformed_frames_are_told(data: bytes) -> None:
    with pytest.raises(Malformed):
        Frames().feed(data)


def test_the_memory_forgets_what_was_not_asked_for_longest_and_keeps_no_text() -> None:
    memory = Memory(limit=6)
    for name in ("a", "b", "c"):
        memory.put(key_of("names", name), [Span("X", 0, 1, 1.0)])
    memory.get(key_of("names", "a"))
    memory.put(key_of("names", "d"), [Span("X", 0, 1, 1.0)])
    assert [memory.get(key_of("names", name)) is not None for name in "abcd"] == [True, False, True, True]
    memory.put(key_of("names", "e"), [Span("X", 0, 1, 1.0)] * 9)  # heavier than all there is room for
    assert len(memory) == 0


class Fixed:
    """Answers as it was told to, and remembers what it was asked."""

    def __init__(self, *found: list[Span]) -> None:
        self.found = found
        self.asked: list[str] = []

    async def read(self, classifier: str, texts: Any, seconds: float, about: Any = None) -> list[list[Span]]:
        self.asked += texts
        return [*self.found]


async def test_the_detector_asks_for_persons_and_addresses_alone_unless_told_otherwise() -> None:
    spans = [Span("PERSON", 0, 1, 0.9), Span("CITY", 2, 3, 0.9)]
    for rule, labels in ((Rule(action="flag"), ["PERSON"]), (NamesRule(action="flag", find=["CITY"]), ["CITY"])):
        [found] = await Names(rule, Fixed(spans)).read_all([Passage("abc")])
        assert [finding.label for finding in found] == labels


async def test_the_detector_leaves_out_roles_that_are_off_and_texts_without_letters() -> None:
    reads = Fixed([Span("PERSON", 0, 1, 0.9)])
    rule = NamesRule(action="flag", roles={"tool": "off"})
    passages = [Passage("from a tool", "tool"), Passage("12 + 30"), Passage("from me")]
    found = await Names(rule, reads).read_all(passages)
    assert reads.asked == ["from me"]
    assert [len(one) for one in found] == [0, 0, 1]


async def test_a_detector_without_a_process_fails() -> None:
    with pytest.raises(ClassifierAway):
        await Names(Rule(action="flag")).read_all([Passage("abc")])

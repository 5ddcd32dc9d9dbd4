"""Affinity: beginnings go where they have been read, and no server is given more than its share."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from routing.affinity import BLOCK_BYTES, MAX_BLOCKS, SPREAD, Affinity, blocks_of


class Server:
    """Keeps what it has read, as vLLM's prefix cache does, up to so many blocks."""

    def __init__(self, mark: str, room: int = 10_000) -> None:
        self.mark, self.healthy, self.in_flight, self.room = mark, True, 0, room
        self.read: dict[int, None] = {}
        self.hits = self.asked = 0

    def take(self, blocks: list[int]) -> None:
        self.asked += len(blocks)
        for block in blocks:
            if block not in self.read:
                break
            self.hits += 1
        for block in blocks:
            self.read.pop(block, None)
            self.read[block] = None
        while len(self.read) > self.room:
            del self.read[next(iter(self.read))]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def prompt(*parts: str) -> list[int]:
    return blocks_of(part.encode() for part in parts)


@given(st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=8))
def test_blocks_do_not_depend_on_how_the_bytes_are_cut(text: bytes, cuts: list[int]) -> None:
    def pieces() -> Iterator[bytes]:
        places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
        for start, end in pairwise(places):
            yield text[start:end]

    assert blocks_of(pieces()) == blocks_of([text])
    assert len(blocks_of([text])) == len(text) // BLOCK_BYTES


@given(st.binary(min_size=1, max_size=1000), st.binary(max_size=1000), st.binary(max_size=1000))
def test_a_block_stands_for_all_that_came_before_it(shared: bytes, one: bytes, other: bytes) -> None:
    common = len(shared) // BLOCK_BYTES
    assert blocks_of([shared, one])[:common] == blocks_of([shared, other])[:common] == blocks_of([shared])


def test_of_a_long_prompt_only_the_beginning_is_read() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    assert len(blocks_of(endless())) == MAX_BLOCKS


def test_the_next_turn_goes_where_the_last_one_went() -> None:
    affinity, servers, clock = Affinity(clock := Clock()), [Server(mark) for mark in "abcd"], clock
    turns = ["You are a helpful assistant. " * 20]
    homes = []
    for number in range(3):
        turns.append(f"turn {number} " * 60)
        homes.append(affinity.choose(servers, prompt(*turns)))
        clock.now += 60
    assert homes[0] is not None
    assert len(set(homes)) == 1


def test_new_beginnings_go_the_same_way_on_every_worker() -> None:
    servers = [Server(mark) for mark in "abcd"]
    texts = [f"{number} " * 200 for number in range(200)]
    homes = [[Affinity(Clock()).choose(servers, prompt(text)) for text in texts] for _ in range(2)]
    assert homes[0] == homes[1]
    assert min(Counter(server.mark for server in homes[0] if server).values()) > 30


def test_what_has_no_whole_block_is_nobodys() -> None:
    assert Affinity(Clock()).choose([Server("a"), Server("b")], prompt("short")) is None


def test_a_server_that_is_away_is_passed_over_and_has_forgotten() -> None:
    affinity, servers = Affinity(Clock()), [Server("a"), Server("b")]
    blocks = prompt("x" * 600)
    home = affinity.choose(servers, blocks)
    assert home is not None
    home.healthy = False
    other = affinity.choose(servers, blocks)
    assert other is not home
    home.healthy = True
    affinity.forget([home.mark])
    assert affinity.choose(servers, blocks) is other


def test_a_server_that_is_at_more_than_its_share_is_passed_over() -> None:
    affinity, servers = Affinity(Clock()), [Server("a"), Server("b")]
    blocks = prompt("x" * 600)
    home = affinity.choose(servers, blocks)
    assert home is not None
    home.in_flight = 10
    assert affinity.choose(servers, blocks) is not home


def test_what_is_remembered_is_bounded() -> None:
    affinity, servers = Affinity(Clock(), remembered=50), [Server("a"), Server("b")]
    for number in range(100):
        affinity.choose(servers, prompt(f"{number} " * 400))
    assert len(affinity._readers) == 50


ROOM = 150  # blocks: of a quarter of the conversations, not of all


def conversations(count: int, seed: int) -> Iterator[list[int]]:
    """Turns of sixty conversations at a time, mingled; each has a beginning of its own and six turns."""
    draw = random.Random(seed)
    talks: list[list[str]] = [[] for _ in range(60)]
    for number in range(count):
        place = draw.randrange(len(talks))
        if len(talks[place]) in (0, 6):
            talks[place] = [f"{number} begins " * 60]
        talks[place].append(f"{number} says " * 60)
        yield prompt(*talks[place])


def served(count: int, choose: object, servers: list[Server], workload: Iterator[list[int]], clock: Clock) -> float:
    """The share of blocks that had been read where they came."""
    for blocks in workload:
        clock.now += 0.05
        chosen = choose(servers, blocks)  # type: ignore[operator]
        chosen.take(blocks)
    return sum(server.hits for server in servers) / sum(server.asked for server in servers)


def test_it_hits_more_than_twice_as_often_as_chance_where_memories_are_small() -> None:
    draw = random.Random(5)
    by_chance = [Server(mark, room=ROOM) for mark in "abcd"]
    by_affinity = [Server(mark, room=ROOM) for mark in "abcd"]
    clock = Clock()
    chance = served(3000, lambda servers, _: draw.choice(servers), by_chance, conversations(3000, 1), Clock())
    affine = served(3000, Affinity(clock).choose, by_affinity, conversations(3000, 1), clock)
    assert affine > 2 * chance


def test_a_skewed_workload_makes_no_server_hot() -> None:
    """Nine of ten requests begin alike: the most loaded server has at most 1.3 times the mean."""
    for seed in range(5):
        draw, clock = random.Random(seed), Clock()
        affinity, servers = Affinity(clock), [Server(mark) for mark in "abcd"]
        given_to: Counter[str] = Counter()
        for number in range(2000):
            clock.now += 0.02
            text = "the same " * 100 if draw.random() < 0.9 else f"{number} " * 100
            chosen = affinity.choose(servers, prompt(text, f"{number} " * 50))
            assert chosen is not None
            given_to[chosen.mark] += 1
        assert max(given_to.values()) <= 1.3 * 2000 / 4
        assert SPREAD < 1.3


def test_new_beginnings_are_shared_out_evenly() -> None:
    """Each brings its later turns after it, and fills memory where it goes."""
    affinity, servers = Affinity(Clock()), [Server(mark) for mark in "abc"]
    homes = Counter(affinity.choose(servers, prompt(f"{number} " * 200)).mark for number in range(90))  # type: ignore
    assert max(homes.values()) - min(homes.values()) <= 2


def test_workers_that_do_not_talk_to_each_other_send_most_new_beginnings_the_same_way() -> None:
    servers = [Server(mark) for mark in "abcd"]
    workers = []
    for name in ("one", "other"):  # each has had traffic of its own
        workers.append(Affinity(Clock()))
        for number in range(200):
            workers[-1].choose(servers, prompt(f"{name} {number} " * 100))
    ways = [[worker.choose(servers, prompt(f"new {number} " * 200)) for number in range(200)] for worker in workers]
    agreed = sum(one is other for one, other in zip(*ways, strict=True))
    assert agreed > 140, "by chance it would be 50"


def test_a_few_in_flight_send_no_conversation_away() -> None:
    """A server reads several prompts side by side; to read one again elsewhere is dearer."""
    affinity, (one, other) = Affinity(Clock()), [Server(mark) for mark in "ab"]
    beginning = prompt("You are a helpful assistant. " * 20)
    home = affinity.choose([one, other], beginning)
    assert home is not None
    home.in_flight = 2
    assert affinity.choose([one, other], beginning) is home
    home.in_flight = 20
    assert affinity.choose([one, other], beginning) is not home


def test_a_lone_conversation_stays_where_it_is() -> None:
    """Where there is hardly any traffic, nobody is hot."""
    affinity, servers = Affinity(clock := Clock()), [Server(mark) for mark in "abcd"]
    turns, homes = ["You are a helpful assistant. " * 20], set()
    for number in range(40):
        turns.append(f"turn {number} " * 40)
        home = affinity.choose(servers, prompt(*turns))
        assert home is not None
        homes.add(home.mark)
        clock.now += 15
    assert len(homes) == 1

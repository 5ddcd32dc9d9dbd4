"""People who chat with a model through the gateway, whole and streamed. Run by Locust; see loadtests/README.md."""

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # Locust runs a file, and our package stands above it

from locust import FastHttpUser, LoadTestShape, events, tag, task
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS, ResponseContextManager
from locust.env import Environment

from loadtests import options
from loadtests.prompts import ask
from loadtests.replies import StreamTimes, Wrong, check_headers, check_whole, follow_stream
from loadtests.shapes import SHAPES

CHAT = "/v1/chat/completions"

events.init_command_line_parser.add_listener(options.add)


@events.init.add_listener
def prepare(environment: Environment, **_: Any) -> None:
    """Numbers the users, so that each has its own questions; and takes the shape that was asked for."""
    environment.numbers = itertools.count()
    wanted = environment.parsed_options.shape
    if wanted != options.STEADY:
        environment.shape_class = ChosenShape()
        environment.shape_class.runner = environment.runner


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:
    """Ends the process with 1 if too many requests failed, or if there were none."""
    total = environment.stats.total
    passed = total.num_requests > 0 and total.fail_ratio <= environment.parsed_options.max_fail_ratio
    environment.process_exit_code = 0 if passed else 1


class ChosenShape(LoadTestShape):
    """The shape named by --shape, up to the users of -u within the time of -t (five minutes where none is given)."""

    abstract = True  # Locust would otherwise take any shape that it finds, also for a steady load
    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """How many users there should be now, and how fast to get there; None ends the test."""
        assert self.runner
        chosen = self.runner.environment.parsed_options
        users = SHAPES[chosen.shape](self.get_run_time(), users=chosen.num_users or 1, seconds=chosen.run_time or 300)
        return None if users is None else (users, max(users, chosen.spawn_rate or 1))


class Person(FastHttpUser):
    """Asks, reads the reply to its end, thinks, and asks again.

    The weights are those of ordinary use: most questions are short. `--tags long` leaves the others out.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        chosen = environment.parsed_options
        self.number = next(environment.numbers)
        self.random = Random(f"{chosen.seed} {self.number}")
        self.chosen = chosen

    def wait_time(self) -> float:
        """Exponential: people do not think in step."""
        return self.random.expovariate(1 / self.chosen.think_seconds) if self.chosen.think_seconds else 0

    @tag("short")
    @task(6)
    def ask_short(self) -> None:
        """One sentence."""
        self.chat("short")

    @tag("long")
    @task(1)
    def ask_long(self) -> None:
        """A document and a question about it."""
        self.chat("long")

    @tag("multi-turn")
    @task(3)
    def ask_again(self) -> None:
        """A conversation that goes on."""
        self.chat("multi-turn")

    @tag("models")
    @task(1)
    def look_around(self) -> None:
        """Which models are there?"""
        with self.client.get("/v1/models", headers=self.headers(), catch_response=True) as reply:
            judge_reply(reply, lambda: self.check_headers(reply))

    def chat(self, kind: str) -> None:
        """One chat of a kind, streamed or whole by the share that was asked for."""
        body = {
            "model": self.chosen.model,
            "messages": ask(kind, self.random, repeat_share=self.chosen.repeat_share),
            "max_tokens": self.chosen.max_tokens,
            "temperature": 0,
            "user": f"person-{self.number}",
        }
        if self.random.random() < self.chosen.stream_share:
            self.chat_stream(kind, {**body, "stream": True})
        else:
            self.chat_whole(kind, body)

    def chat_whole(self, kind: str, body: dict[str, Any]) -> None:
        """A chat whose reply comes at once."""

        def check() -> None:
            self.check_headers(reply)
            check_whole(reply.content)

        name, headers = f"chat {kind}", self.headers()
        with self.client.post(CHAT, json=body, headers=headers, name=name, catch_response=True) as reply:
            judge_reply(reply, check)

    def chat_stream(self, kind: str, body: dict[str, Any]) -> None:
        """A chat whose reply is read token by token; its time is that of the whole stream."""
        times, sent_at = StreamTimes(), time.perf_counter()

        def check() -> None:
            self.check_headers(reply)
            follow_stream(events_of(reply), sent_at=sent_at, clock=time.perf_counter, times=times)

        name, headers = f"chat stream {kind}", self.headers()
        with self.client.post(CHAT, json=body, headers=headers, name=name, catch_response=True, stream=True) as reply:
            judge_reply(reply, check)
            reply.request_meta["response_time"] = 1000 * (time.perf_counter() - sent_at)
            reply.request_meta["response_length"] = times.received_bytes
        self.report(times)

    def report(self, times: StreamTimes) -> None:
        """Notes the time to the first token and between tokens, as rows of their own.

        They are written into their rows and not fired as requests, so that the totals and the share of failures go on
        counting requests alone.
        """
        stats = self.environment.stats
        if times.first is not None:
            stats.get("chat stream TTFT", "token").log(1000 * times.first, 0)
        for gap in times.gaps:
            stats.get("chat stream inter-token", "token").log(1000 * gap, 0)

    def headers(self) -> dict[str, str]:
        """Our key where there is one; and no compression, which would hold tokens back."""
        key = {"Authorization": f"Bearer {self.chosen.api_key}"} if self.chosen.api_key else {}
        return {"Accept-Encoding": "identity", **key}

    def check_headers(self, reply: ResponseContextManager) -> None:
        """Status and `x-request-id`."""
        check_headers(reply.status_code, reply.headers, lambda: reply.content, bare=self.chosen.bare)


def judge_reply(reply: ResponseContextManager, check: Callable[[], None]) -> None:
    """Marks the reply as good, or as failed where the check finds it wrong or the connection is lost in it."""
    try:
        if not reply.status_code:  # there is no reply: Locust's own words say why
            raise reply.error
        check()
    except Wrong as wrong:
        reply.failure(str(wrong))
    except FAILURE_EXCEPTIONS as lost:
        reply.failure(lost)
    else:
        reply.success()


def events_of(reply: ResponseContextManager) -> Iterator[bytes]:
    """The events of a stream, each as soon as it has come."""
    while event := reply.stream.readline(b"\n\n"):
        yield bytes(event)

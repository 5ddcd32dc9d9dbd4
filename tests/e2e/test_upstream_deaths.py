"""A server that dies: another mends it before the first byte; after that the client is told, and nothing is retried."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.asking import ask, assert_broken_stream, assert_our_error, request
from tests.fakes.behaviour import Behaviour, Fault, Place, busy
from tests.fakes.bodies import ENGINE_DEATH
from tests.fakes.connection import Request
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
FAULTS = [Fault.RESET, Fault.FIN]
SILENT = [Place.HEAD, Place.IN_HEAD, Place.BODY]  # the client has heard nothing yet
SPOKEN = [Place.TOKEN, Place.IN_TOKEN, Place.UTF8, Place.ESCAPE, Place.CHUNK_SIZE]


def die_once(behaviour: Behaviour, *fakes: FakeVLLM) -> None:
    """Whichever server is asked first takes the behaviour; every later request is answered."""
    asked: list[Request] = []

    def choose(request: Request) -> Behaviour | None:
        asked.append(request)
        return behaviour if len(asked) == 1 else None

    for fake in fakes:
        fake.choose(choose)


async def row_of(gateway: GatewayProcess, name: str) -> tuple[str, str]:
    row = await gateway.recorded(client_request_id=name)
    return row["outcome"], row["blame"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("place", SILENT)
async def test_a_death_before_the_first_byte_is_mended_by_the_other_server(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM, place: Place, stream: bool, fault: Fault
) -> None:
    """Asked once more, elsewhere; the client sees a whole answer and, in a header, that it took two attempts."""
    die_once(Behaviour(fault=fault, at=place), fake, other)
    heard = await ask(gateway.port, request("pair", stream=stream, name=f"mend-{place}-{stream}-{fault}", max_tokens=2))
    assert heard.status == 200
    assert heard.header("x-gatewright-attempts") == "2"
    assert heard.text == f" mend-{place}-{stream}-{fault}-0 mend-{place}-{stream}-{fault}-1"
    assert heard.done == stream
    assert len(fake.inference) == len(other.inference) == 1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", [Place.TOKEN, Place.IN_TOKEN, Place.UTF8, Place.ESCAPE])
async def test_a_whole_reply_that_breaks_off_is_mended_too(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM, place: Place, fault: Fault
) -> None:
    """The client has heard nothing of it, however much of it had come."""
    die_once(Behaviour(fault=fault, at=place), fake, other)
    heard = await ask(gateway.port, request("pair", max_tokens=1, name="whole"))
    assert (heard.status, heard.text) == (200, " whole-0")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_server_that_hangs_up_on_accept_is_passed_over(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM, fault: Fault
) -> None:
    fake.default = Behaviour(fault=fault, at=Place.ACCEPT)
    for _ in range(4):
        heard = await ask(gateway.port, request("pair", max_tokens=1, name="accept"))
        assert (heard.status, heard.text) == (200, " accept-0")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("place", SILENT)
async def test_without_another_server_the_client_gets_502(
    gateway: GatewayProcess, fake: FakeVLLM, place: Place, stream: bool, fault: Fault
) -> None:
    """In OpenAI's shape, before any byte of a reply; and the server is not asked over and over."""
    name = f"lone-{place}-{stream}-{fault}"
    fake.default = Behaviour(fault=fault, at=place)
    heard = await ask(gateway.port, request(stream=stream, name=name))
    assert_our_error(heard, 502)
    assert len(fake.inference) <= 2
    assert await row_of(gateway, name) == ("failed", "upstream")


async def test_a_version_to_fall_back_to_answers_when_the_first_is_down(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """The client sees which version answered; the ledger keeps which was meant."""
    fake.default = Behaviour(fault=Fault.RESET, at=Place.HEAD)
    heard = await ask(gateway.port, request("backed", max_tokens=1, name="fallback"))
    assert (heard.status, heard.text) == (200, " fallback-0")
    assert heard.header("x-gatewright-version") == "backed@spare"
    row = await gateway.recorded(client_request_id="fallback")
    assert (row["arm_assigned"], row["arm_served"]) == ("one", "spare")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("after", [0, 1, 7])
@pytest.mark.parametrize("place", SPOKEN)
async def test_a_death_mid_stream_ends_it_with_an_error_and_no_second_attempt(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM, place: Place, after: int, fault: Fault
) -> None:
    """What came before stays; then an error event, no `[DONE]`, no other server asked; the tokens are on record."""
    name = f"mid-{place}-{after}-{fault}"
    die_once(Behaviour(fault=fault, at=place, after=after, tokens=20), fake, other)
    heard = await ask(gateway.port, request("pair", stream=True, name=name))
    assert_broken_stream(heard)
    assert heard.text == "".join(f" {name}-{i}" for i in range(after))
    assert len(fake.inference) + len(other.inference) == 1
    row = await gateway.recorded(client_request_id=name)
    assert (row["outcome"], row["blame"], row["completion_tokens"]) == ("failed", "upstream", after)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_stream_whose_end_marker_came_is_complete_however_the_connection_ends(
    gateway: GatewayProcess, fake: FakeVLLM, fault: Fault
) -> None:
    fake.script(Behaviour(fault=fault, at=Place.END, tokens=2))
    heard = await ask(gateway.port, request(stream=True, name=f"end-{fault}"))
    assert heard.done
    assert heard.error is None


@pytest.mark.parametrize("after", [1, 5])
async def test_the_engines_death_is_told_and_vllms_done_is_not(
    gateway: GatewayProcess, fake: FakeVLLM, after: int
) -> None:
    """vLLM sends its error and then `[DONE]`, as if all were well: the client gets the error alone, in vLLM's words."""
    name = f"engine-{after}"
    fake.script(Behaviour(engine_death=after))
    heard = await ask(gateway.port, request(stream=True, name=name))
    assert_broken_stream(heard)
    assert heard.error is not None
    assert heard.error["message"] == ENGINE_DEATH
    assert await row_of(gateway, name) == ("failed", "upstream")


async def test_a_dead_engine_before_the_first_byte_is_mended_by_the_other_server(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """vLLM answers 500 then; another server may do better."""
    die_once(Behaviour(engine_death=0), fake, other)
    heard = await ask(gateway.port, request("pair", name="engine-pair", max_tokens=1))
    assert (heard.status, heard.text) == (200, " engine-pair-0")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_is_passed_over_and_with_none_left_its_words_pass(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM, status: int
) -> None:
    """With `Retry-After`, so that the client waits as long as upstream asks."""
    die_once(busy(status), fake, other)
    assert (await ask(gateway.port, request("pair", name="busy"))).status == 200
    fake.choose(None)
    fake.default = busy(status, retry_after="7")
    heard = await ask(gateway.port, request(name=f"busy-{status}"))
    assert (heard.status, heard.header("retry-after")) == (status, "7")
    assert heard.error is not None
    assert "currently busy" in heard.error["message"]


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_the_callers_own_fault_is_not_tried_elsewhere(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM, status: int
) -> None:
    body = b'{"error":{"message":"no","type":"BadRequestError","param":null,"code":%d}}' % status
    fake.default = other.default = Behaviour(status=status, body=body)
    heard = await ask(gateway.port, request("pair", name=f"fault-{status}"))
    assert (heard.status, heard.body) == (status, body)
    assert len(fake.inference) + len(other.inference) == 1


async def test_a_kept_connection_that_dies_as_it_is_used_again_costs_the_client_nothing(
    gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    """The race of keep-alive: nothing of the reply had come, so the same server is asked again on a new connection."""
    assert (await ask(gateway.port, request(name="first"))).status == 200
    fake.on_reuse = Fault.RESET
    for i in range(5):
        heard = await ask(gateway.port, request(name=f"again-{i}", max_tokens=1))
        assert (heard.status, heard.text) == (200, f" again-{i}-0")


async def test_after_all_servers_were_down_service_is_back_without_a_restart(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """Down: a quick 502 or 503. Up again: answers, within seconds."""
    await fake.stop()
    await other.stop()
    assert_our_error(await ask(gateway.port, request("pair", name="down")), 502, 503)
    await fake.start()
    await other.start()

    async def is_back() -> bool:
        return (await ask(gateway.port, request("pair", name="up"))).status == 200

    await gateway.until(is_back, "answers again")


async def test_failing_servers_are_not_drowned_in_second_attempts(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """While everything fails, attempts stay within the budget: a fifth more than the requests, or three at a time."""
    fake.default = other.default = Behaviour(status=503, body=busy().body, head_delay=0.1)
    heard = await asyncio.gather(*(ask(gateway.port, request("pair", name=f"storm-{i}")) for i in range(100)))
    assert {each.status for each in heard} == {503}
    assert len(fake.inference) + len(other.inference) <= 100 * 1.2 + 3

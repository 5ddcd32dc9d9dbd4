"""vLLM's own series, read from servers that are not trusted and written out with our two labels."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from operations.metrics.upstream import STALE_SECONDS, UpstreamMetrics, upstream_client
from operations.metrics.upstream_text import families_in, merged

PAGE = """\
# HELP python_info Python platform information
# TYPE python_info gauge
python_info{implementation="CPython"} 1.0
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{engine="0",model_name="m"} 1234.0
# HELP vllm:time_to_first_token_seconds Histogram of time to first token in seconds.
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.001",model_name="m"} 0.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="m"} 2.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="m"} 2.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="m"} 0.25
"""
ENDPOINT = "http://10.0.0.1:8000"


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What a Prometheus server would make of a page."""
    return {(sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def test_vllms_series_come_out_with_version_and_endpoint_and_nothing_else_does() -> None:
    text = merged([("smol-1", ENDPOINT, families_in(PAGE))])
    ours = {("version", "smol-1"), ("endpoint", ENDPOINT)}
    assert read(text) == {(name, labels | ours): value for (name, labels), value in read(PAGE).items()
                          if name.startswith("vllm:")}


def test_a_family_has_one_help_and_one_type_however_many_endpoints_tell_of_it() -> None:
    text = merged([("smol-1", ENDPOINT, families_in(PAGE)), ("smol-2", "http://b", families_in(PAGE))])
    assert text.count("# TYPE vllm:num_requests_running gauge\n") == 1
    assert text.count("# HELP vllm:prompt_tokens_total ") == 1
    assert len(read(text)) == 2 * 6
    types = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert types == sorted(set(types))


def test_labels_of_ours_that_a_server_uses_itself_are_kept_under_another_name() -> None:
    text = merged([("a", "b", families_in('vllm:x{version="theirs",other_version="y",endpoint="z"} 1\n'))])
    assert list(read(text)) == [("vllm:x", frozenset({
        ("version", "a"), ("endpoint", "b"), ("exported_version", "theirs"), ("other_version", "y"),
        ("exported_endpoint", "z")}))]


@given(st.text(st.sampled_from('ab"\\{}=, \né')))
def test_any_version_name_is_escaped(version: str) -> None:
    text = merged([(version, "http://a", families_in("vllm:x 1\n"))])
    assert read(text) == {("vllm:x", frozenset({("version", version), ("endpoint", "http://a")})): 1.0}


@pytest.mark.parametrize("line", [
    'gatewright_requests_total{model="m"} 1e9',
    'vllm:x{a="b} 1',
    'vllm:x{a="b"} one',
    'vllm:x{a="b\\q"} 1',
    'vllm:x{a="b"} 1 2 3',
    'vllm:x{} 1\ngatewright_y 2',
    'vllm:x{a=b} 1',
    "vllm:x",
    'vllm:x"} 1',
])
def test_a_line_that_is_no_sample_to_the_letter_is_dropped(line: str) -> None:
    text = merged([("a", "b", families_in(line + "\n"))])
    assert "gatewright" not in text
    assert all(name == "vllm:x" for name, _ in read(text))


@given(st.text())
def test_no_page_makes_a_series_that_is_not_vllms(page: str) -> None:
    text = merged([("a", "b", families_in(page)), ("c", "d", families_in(PAGE + page))])
    assert all(line.startswith(("vllm:", "# TYPE vllm:", "# HELP vllm:")) for line in text.split("\n") if line)


def test_where_two_releases_disagree_on_a_type_the_first_one_counts() -> None:
    counter, gauge = "# TYPE vllm:x counter\nvllm:x 1\n", "# TYPE vllm:x gauge\nvllm:x 2\n"
    text = merged([("a", "b", families_in(counter)), ("c", "d", families_in(gauge))])
    assert text == '# TYPE vllm:x counter\nvllm:x{version="a",endpoint="b"} 1\n'


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


Answer = Callable[[httpx2.Request], httpx2.Response]


def metrics_of(answer: Answer, targets: dict[str, list[str]], clock: Clock | None = None) -> UpstreamMetrics:
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer), follow_redirects=False)
    return UpstreamMetrics(lambda: targets, client, clock or Clock())


def up(metrics: UpstreamMetrics) -> dict[tuple[str, str], float]:
    return {(sample.labels["version"], sample.labels["endpoint"]): sample.value
            for family in metrics.families() for sample in family.samples}


async def test_an_endpoint_of_two_versions_is_asked_once_and_told_under_both() -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, text=PAGE)

    metrics = metrics_of(answer, {ENDPOINT: ["smol-1", "smol-2"]})
    await metrics.scrape()
    assert asked == [f"{ENDPOINT}/metrics"]
    assert up(metrics) == {("smol-1", ENDPOINT): 1, ("smol-2", ENDPOINT): 1}
    assert len(read(metrics.text())) == 12


@pytest.mark.parametrize("answer", [
    lambda _: httpx2.Response(404, text=PAGE),
    lambda _: httpx2.Response(302, headers={"location": "http://169.254.169.254/metrics"}),
    lambda _: httpx2.Response(200, text="vllm:x 1\n" * 600_000),
], ids=["not found", "redirect", "larger than 4 MiB"])
async def test_an_answer_that_is_no_page_counts_as_none(answer: Answer) -> None:
    metrics = metrics_of(answer, {ENDPOINT: ["smol-1"]})
    await metrics.scrape()
    assert up(metrics) == {("smol-1", ENDPOINT): 0}
    assert metrics.text() == ""


async def test_one_dead_endpoint_does_not_hide_the_others() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "dead":
            raise httpx2.ConnectError("refused")
        return httpx2.Response(200, text=PAGE)

    metrics = metrics_of(answer, {"http://dead": ["smol-1"], "http://alive": ["smol-2"]})
    await metrics.scrape()
    assert up(metrics) == {("smol-1", "http://dead"): 0, ("smol-2", "http://alive"): 1}


async def test_an_old_page_is_dropped_after_thirty_seconds_and_at_once_when_the_routing_forgets_it() -> None:
    alive, clock, targets = True, Clock(), {ENDPOINT: ["smol-1"]}

    def answer(_: httpx2.Request) -> httpx2.Response:
        if alive:
            return httpx2.Response(200, text=PAGE)
        raise httpx2.ReadTimeout("silent")

    metrics = metrics_of(answer, targets, clock)
    await metrics.scrape()
    alive = False
    clock.now += STALE_SECONDS - 1
    await metrics.scrape()
    assert metrics.text() != ""
    clock.now += 2
    assert metrics.text() == ""
    alive = True
    await metrics.scrape()
    assert metrics.text() != ""
    del targets[ENDPOINT]
    assert metrics.text() == ""


async def test_a_server_that_trickles_for_ever_is_left_after_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.metrics.upstream._TIMEOUT_SECONDS", 0.05)

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"vllm:x 1\n"
            await asyncio.sleep(0.01)

    metrics = metrics_of(lambda _: httpx2.Response(200, content=trickle()), {ENDPOINT: ["smol-1"]})
    await metrics.scrape()
    assert up(metrics) == {("smol-1", ENDPOINT): 0}


async def test_the_client_goes_where_the_routing_says_and_nowhere_else() -> None:
    async with upstream_client(None) as client:
        assert not client.follow_redirects
        assert not client.trust_env

"""A snapshot has a route for every name that can be asked for, compiled from one revision and never changed."""

from __future__ import annotations

from typing import Any

import pytest

from models.endpoint import Endpoints
from tests.gateway.exchanges import HandClock, endpoints_at, snapshot_of


def routing() -> dict[str, Any]:
    return {
        "versions": {
            "v1": {"served_model": "s", "endpoints": ["http://a:1", "http://a:2"], "api_key_env": "KEY"},
            "v2": {"served_model": "s", "endpoints": ["https://b"], "defaults": {"temperature": 0.2}},
            "v3": {"served_model": "s", "endpoints": ["http://c:1"]},
        },
        "models": {"m": {"split": {"v1": 90, "v2": 10}, "fallback": ["v3", "v1"], "sticky": "key", "salt": "x"},
                   "n": {"split": {"v2": 1}}},
    }  # fmt: skip


@pytest.fixture
async def endpoints() -> Endpoints:
    return endpoints_at(HandClock())


def test_a_model_can_be_asked_for_by_name_and_by_each_version_that_it_may_use(endpoints: Endpoints) -> None:
    snapshot = snapshot_of(routing(), endpoints)
    assert list(snapshot.routes) == ["m", "m@v1", "m@v2", "m@v3", "n", "n@v2"]
    assert snapshot.models == ("m", "n")
    assert repr(snapshot) == "<Snapshot revision=7 models=m, n>"


def test_a_pinned_route_has_one_version_and_no_fallback(endpoints: Endpoints) -> None:
    route = snapshot_of(routing(), endpoints).routes["m@v3"]
    assert (route.model, route.pinned, list(route.targets), route.fallback) == ("m", "v3", ["v3"], ())
    assert route.timeouts == snapshot_of(routing(), endpoints).routes["m"].timeouts


def test_a_version_that_no_model_uses_is_no_target(endpoints: Endpoints) -> None:
    document = routing()
    document["versions"]["v4"] = {"served_model": "s", "endpoints": ["http://d:1"]}
    assert [target.version.name for target in snapshot_of(document, endpoints).targets()] == ["v1", "v2", "v3"]


def test_a_salt_that_is_not_written_is_the_models_name(endpoints: Endpoints) -> None:
    snapshot = snapshot_of(routing(), endpoints)
    document = routing()
    document["models"]["n"]["salt"] = "n"
    again = snapshot_of(document, endpoints)
    fractions = [each.routes["n"].assigner.fraction_of("alice") for each in (snapshot, again)]
    assert fractions[0] == fractions[1] != snapshot.routes["m"].assigner.fraction_of("alice")


def test_versions_and_revisions_share_the_endpoints_of_one_server(endpoints: Endpoints) -> None:
    """And with them its connections and what is known of its health."""
    first, second = (snapshot_of(routing(), endpoints, revision=revision) for revision in (1, 2))
    assert first.routes["m"].targets["v2"].endpoints[0] is second.routes["n"].targets["v2"].endpoints[0]


def test_the_key_of_an_upstream_comes_from_where_its_name_says(endpoints: Endpoints) -> None:
    snapshot = snapshot_of(routing(), endpoints, secrets={"KEY": "sk-up"})
    targets = snapshot.routes["m"].targets
    assert [targets[name].version.api_key for name in ("v1", "v2")] == ["sk-up", ""]
    assert "sk-up" not in repr(snapshot)


def test_a_version_that_answers_alike_has_the_same_digest_wherever_it_runs(endpoints: Endpoints) -> None:
    targets = snapshot_of(routing(), endpoints).routes["m"].targets
    assert targets["v1"].digest == targets["v3"].digest != targets["v2"].digest


def test_what_is_missing_is_told_in_words_and_by_model(endpoints: Endpoints) -> None:
    snapshot = snapshot_of(routing(), endpoints)
    assert snapshot.missing() == []
    for endpoint in endpoints:
        endpoint.healthy = endpoint.url == "http://c:1"
    assert snapshot.missing() == ["model n: no endpoint of v2 answers"]
    assert (snapshot.serves("m"), snapshot.serves("n")) == (True, False)


def test_one_healthy_server_is_enough(endpoints: Endpoints) -> None:
    snapshot = snapshot_of(routing(), endpoints)
    for endpoint in endpoints:
        endpoint.healthy = endpoint.url == "http://a:2"
    assert snapshot.serves("m")
    assert not snapshot.serves("m@v3")

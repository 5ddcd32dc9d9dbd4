"""The stand-in for model servers, over its socket."""

import httpx2

from operations.drills.stand_in import StandIn
from operations.drills.trial import answers_of_guards, rerouted

ROUTING = {
    "versions": {"v": {"served_model": "m", "endpoints": ["http://a:1", "http://b:1"], "api_key_env": "SECRET",
                       "defaults": {"temperature": 0}},
                 "g": {"served_model": "guard", "endpoints": ["http://c:1"]}},
    "models": {"m": {"split": {"v": 1}, "policy": "p"}},
    "guard_models": {"one": {"format": "qwen3_guard", "version": "g"},
                     "two": {"format": "llama_guard_3", "version": "v"}},
}


def test_it_is_healthy_answers_in_openais_shape_and_counts() -> None:
    with StandIn({"guard": "Safety: Safe"}).running() as stand_in, httpx2.Client(
            base_url=stand_in.url, trust_env=False) as client:
        assert client.get("/health").status_code == 200
        told = [client.post("/v1/chat/completions", json={"model": model}).json()["choices"][0]["message"]["content"]
                for model in ("m", "guard")]
        assert stand_in.asked == 2
    assert told == ["safe", "Safety: Safe"]


def test_a_routing_is_changed_in_its_endpoints_and_keys_alone() -> None:
    found = rerouted(ROUTING, "http://127.0.0.1:5")
    assert found["versions"]["v"] == {
        "served_model": "m", "endpoints": ["http://127.0.0.1:5"], "defaults": {"temperature": 0}}
    assert {**found, "versions": ROUTING["versions"]} == ROUTING
    assert ROUTING["versions"]["v"]["api_key_env"] == "SECRET"


def test_guards_are_answered_that_nothing_was_found_in_their_own_words() -> None:
    assert answers_of_guards(ROUTING) == {"guard": "Safety: Safe\nCategories: None"}

"""A routing document that is accepted can be served; one that cannot be is told why, all of it at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.checking import ConfigurationError
from gateway.config.routing_document import GatherDocument, RoutingDocument, check_routing, warnings_of
from gateway.config.written import Duration
from guardrails.detectors.catalogue import CATALOGUE
from models.price import Price
from routing.split import Split


def document(**model: Any) -> dict[str, Any]:
    return {"versions": {"v1": {"served_model": "s", "endpoints": ["http://a:1"]},
                         "v2": {"served_model": "s", "endpoints": ["http://b:1", "http://b:2"]}},
            "models": {"m": {"split": {"v1": 90, "v2": 10}, **model}}}  # fmt: skip


def problems(written: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        check_routing(written, "test")
    return [str(problem) for problem in caught.value.problems]


def test_the_example_of_the_contract_is_accepted() -> None:
    written = {
        "versions": {
            "smol-1": {"served_model": "smollm2-135m", "endpoints": ["http://127.0.0.1:9101"]},
            "smol-2": {"served_model": "smollm2-135m", "endpoints": ["http://127.0.0.1:9102", "http://127.0.0.1:9103"],
                       "defaults": {"temperature": 0.2}},
        },
        "models": {"assistant": {
            "split": {"smol-1": 90, "smol-2": 10}, "sticky": "user", "policy": "standard", "cache": {"ttl": "10m"},
            "timeouts": {"connect": "2s", "first_token": "30s", "between_tokens": "15s", "total": "10m"},
            "fallback": ["smol-1"],
        }},
        "policies": {"standard": {
            "prompt": {"personal_data": "redact", "secrets": "block",
                       "injection": {"action": "block", "threshold": 0.9}},
            "reply": {"personal_data": "redact", "toxicity": {"action": "block", "threshold": 0.9}},
            "on_error": "block",
        }},
    }  # fmt: skip
    checked = check_routing(written, "test")
    assert checked.models["assistant"].timeouts.total == 600
    assert warnings_of(checked) == []


def test_what_is_left_out_has_a_meaning() -> None:
    model = check_routing(document(), "test").models["m"]
    assert (model.sticky, model.policy, model.cache, model.fallback, model.salt) == ("user", None, None, [], None)
    assert (model.timeouts.connect, model.timeouts.first_token, model.timeouts.between_tokens) == (2, 30, 15)
    assert warnings_of(check_routing(document(), "test")) == []


def test_every_problem_is_told_in_one_go() -> None:
    written = {
        "versions": {
            "v1": {"served_model": "s", "endpoints": []},
            "v@2": {"served_model": "s", "endpoints": ["http://a:1", "nonsense", "http://a:1"],
                    "defaults": {"model": "x", "stream": True, "top_p": 1}},
            "v3": {"endpoints": ["http://a:1"], "default": {}},
        },
        "models": {
            "m": {"split": {"v1": 0, "v4": 1}, "fallback": ["v1", "v1", "v9"], "policy": "standart",
                  "timeouts": {"conect": "2s", "total": "soon"}},
            "n": {"split": {}},
            "o@x": {"split": {"v1": 1}, "fallback": ["v1"], "sticky": "cookie"},
        },
        "policies": {"standard": {"prompt": {"injection": {"action": "block", "threshold": 2}}}},
        "modls": {},
    }  # fmt: skip
    paths = [problem.partition(": expected")[0] for problem in problems(written)]
    assert paths == [
        "modls", "versions.\"v@2\".endpoints[1]", "versions.v3.default", "versions.v3.served_model",
        "models.m.split.v1", "models.m.timeouts.conect", "models.m.timeouts.total", "models.\"o@x\".sticky",
        "policies.standard.prompt.injection.threshold",
        "versions.v1.endpoints", "versions.\"v@2\"", "versions.\"v@2\".endpoints[2]", "versions.\"v@2\".defaults.model",
        "versions.\"v@2\".defaults.stream", "models.m.split.v4", "models.m.fallback[1]", "models.m.fallback[2]",
        "models.m.policy", "models.n.split", "models.\"o@x\"", "models.\"o@x\".fallback[0]",
    ]  # fmt: skip


@pytest.mark.parametrize(("change", "hint"), [
    ({"split": {"v3": 1}}, "models.m.split.v3: expected a version of this document (v1, v2), found 'v3'."),
    ({"fallback": ["v22"]}, "Did you mean 'v2'?"), ({"policy": "x"}, "(none yet)"),
])  # fmt: skip
def test_a_name_that_nothing_has_is_told_with_those_that_there_are(change: dict[str, Any], hint: str) -> None:
    assert any(hint in problem for problem in problems(document(**change)))


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), "1", None, True])
def test_a_weight_is_a_number_above_zero(weight: Any) -> None:
    assert all(problem.startswith("models.m.split") for problem in problems(document(split={"v1": weight})))


def test_weights_too_large_to_be_added_are_refused() -> None:
    assert problems(document(split={"v1": 1e308, "v2": 1e308}))[0].startswith("models.m.split: expected")


@pytest.mark.parametrize("name", ["", "a@b", "a\r\nx-evil: 1", "a\x00", "a\tb", "\u2028"])
def test_a_name_can_stand_in_a_header(name: str) -> None:
    """Versions and models are named in every reply's head."""
    versions = {name: {"served_model": "s", "endpoints": ["http://a:1"]}}
    assert len(problems({"versions": versions, "models": {"m": {"split": {name: 1}}}})) == 1
    assert len(problems({**document(), "models": {name: {"split": {"v1": 1}}}})) == 1


def test_a_fallback_to_where_it_came_from_is_a_loop() -> None:
    assert "a loop" in problems(document(split={"v1": 1}, fallback=["v1"]))[0]
    assert "a loop" in problems(document(fallback=["v2", "v2"]))[0]
    assert check_routing(document(fallback=["v1", "v2"]), "test"), "of two that share, the other may help"


@pytest.mark.parametrize("endpoints", [
    ["http://a:1", "http://a:1/"], ["http://a:1", "HTTP://A:1"], ["http://a", "http://a:80"],
])  # fmt: skip
def test_one_server_is_named_once_however_it_is_written(endpoints: list[str]) -> None:
    versions = {"v1": {"served_model": "s", "endpoints": endpoints}}
    found = problems({"versions": versions, "models": {"m": {"split": {"v1": 1}}}})
    assert [problem.partition(":")[0] for problem in found] == ["versions.v1.endpoints[1]"]


@pytest.mark.parametrize("written", [
    None, [], "text", {}, {"versions": {}, "models": {}}, {"versions": [], "models": 5},
    {"versions": {"v": None}, "models": {"m": None}},
])  # fmt: skip
def test_a_document_of_another_kind_is_told_what_it_should_hold(written: Any) -> None:
    assert problems(written)


NAMES = st.sampled_from(["v1", "v2", "m", "", "a@b", 5, None])
LEAVES = st.sampled_from([None, True, 1, 0, -1.5, 1e308, float("nan"), "v1", "user", "2s", "http://a:1", "block", "x"])
FIELDS = st.sampled_from([
    "served_model", "endpoints", "defaults", "api_key_env", "split", "sticky", "salt", "policy", "cache", "timeouts",
    "fallback", "ttl", "connect", "prompt", "reply", "on_error", "model", "gather", "wait", "inputs",
])  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | NAMES, inner, max_size=5),
    max_leaves=10)  # fmt: skip
SECTIONS = st.dictionaries(NAMES, st.dictionaries(FIELDS, VALUES, max_size=5) | VALUES, max_size=3) | VALUES


@given(st.fixed_dictionaries({"versions": SECTIONS, "models": SECTIONS}, optional={
    "policies": SECTIONS, "guard_models": SECTIONS, "moderations": VALUES, "x": VALUES}))
def test_any_document_is_refused_in_words_or_can_be_served(written: Any) -> None:
    try:
        checked = check_routing(written, "test")
    except ConfigurationError:
        return
    served(checked)


def served(checked: RoutingDocument) -> None:
    for model in checked.models.values():
        assert sum(arm.propensity for arm in Split(model.split).arms) == pytest.approx(1)
        assert {*model.split, *model.fallback} <= checked.versions.keys()


@given(st.dictionaries(st.sampled_from(["v1", "v2"]), st.floats() | st.integers(), min_size=1))
def test_any_weights_are_refused_or_can_be_split_by(weights: Any) -> None:
    try:
        served(check_routing(document(split=weights), "test"))
    except ConfigurationError:
        return


def test_rules_that_no_detector_can_use_are_told_with_their_paths_all_at_once() -> None:
    written = {
        "versions": {"v1": {"served_model": "m", "endpoints": ["http://127.0.0.1:1"]}},
        "models": {"m": {"split": {"v1": 1}, "policy": "p", "shadow_policy": "q"}},
        "policies": {"p": {
            "prompt": {"words": {"action": "block", "patterns": ["ok", "a("]}},
            "reply": {"words": {"action": "block", "patterns": ["x+"]},
                      "secrets": {"action": "redact", "style": "pseudonym"}},
            "allow_patterns": ["[", "fine"],
        }},
    }  # fmt: skip
    with pytest.raises(ConfigurationError) as caught:
        check_routing(written, "test")
    assert {problem.path for problem in caught.value.problems} == {
        "models.m.shadow_policy", "policies.p.prompt.words", "policies.p.reply.words", "policies.p.reply.secrets.style",
        "policies.p.allow_patterns"}
    told = {problem.path: problem.found for problem in caught.value.problems}
    assert "[1]" in told["policies.p.prompt.words"]
    assert "[0]" in told["policies.p.allow_patterns"]


def test_a_detector_that_this_release_lacks_is_warned_of_and_the_rest_is_used() -> None:
    written = {
        "versions": {"v1": {"served_model": "m", "endpoints": ["http://127.0.0.1:1"]}},
        "models": {"m": {"split": {"v1": 1}, "policy": "p"}},
        "policies": {"p": {"prompt": {"toxicity": "block", "secrets": "block"}}},
    }  # fmt: skip
    catalogue = {name: make for name, make in CATALOGUE.items() if name != "toxicity"}
    (warning,) = warnings_of(check_routing(written, "test", catalogue), catalogue)
    assert warning.startswith("policies.p.prompt.toxicity: ")


def guarded(rule: Any = "block", **guard_model: Any) -> dict[str, Any]:
    return document(policy="p") | {
        "guard_models": {"lg": {"format": "llama_guard_3", "version": "v2", **guard_model}},
        "policies": {"p": {"prompt": {"guard_models": {"lg": rule}}}}}


def test_a_guard_model_is_of_the_document() -> None:
    """It is no detector that the release could lack, and its version need be in nobody's split."""
    checked = check_routing(guarded(version="v1"), "test")
    assert checked.guard_models["lg"].max_characters == 16_000
    assert warnings_of(checked) == []


@pytest.mark.parametrize(("written", "told"), [
    (guarded(version="v22"), "guard_models.lg.version: expected a version of this document (v1, v2), found 'v22'. Did "
                             "you mean 'v2'?"),
    (guarded(format="llama_gard_3"), "guard_models.lg.format: expected"),
    (guarded(categories=["S1", "S99"]), "guard_models.lg.categories[1]: expected a category of llama_guard_3 (S1, "),
    (guarded(template="{text}"), "guard_models.lg.template: expected nothing: the format llama_guard_3 does not use"),
    (guarded(max_characters=10), "guard_models.lg.max_characters: expected"),
    (guarded("redact"), "policies.p.prompt.guard_models.lg: expected a rule that can be used, found it judges a"),
    (guarded({"action": "flag", "roles": {"tool": "redact"}}), "policies.p.prompt.guard_models.lg: expected"),
    (guarded({"action": "flag", "labels": ["S1_VIOLENT_CRIME"]}), "did you mean S1_VIOLENT_CRIMES?"),
    (guarded() | {"policies": {"p": {"prompt": {"guard_models": {"lgg": "flag"}}}}},
     "policies.p.prompt.guard_models.lgg: expected a guard model of this document (lg), found 'lgg'. Did you mean"),
    (guarded() | {"moderations": {"policy": "q"}}, "moderations.policy: expected a policy of this document (p)"),
    (guarded() | {"guard_models": {"a b": {"format": "wild_guard", "version": "v1"}}}, 'guard_models."a b": expected'),
])
def test_what_is_wrong_with_a_guard_model_is_told_with_its_place(written: Any, told: str) -> None:
    assert [problem for problem in problems(written) if told in problem]


def test_a_version_may_have_a_price_and_what_is_wrong_with_it_is_told() -> None:
    written = document()
    written["versions"]["v1"]["price"] = {"prompt": 0.15, "completion": 0.6}
    written["versions"]["v2"]["price"] = {"prompt": 0.15, "cached": 0, "completion": 0.6}
    checked = check_routing(written, "test").versions
    prices = [version.price.price() for version in checked.values() if version.price is not None]
    assert prices == [Price(150_000, 150_000, 600_000), Price(150_000, 0, 600_000)]
    written["versions"]["v1"]["price"] = {"prompt": "0.15", "completions": 0.6, "cached": True}
    number = "a price of a million tokens from 0 to 100000 with at most six decimals, such as 0.15"
    assert problems(written) == [
        "versions.v1.price.completions: expected one of prompt, completion, cached, found the unknown key "
        "'completions'. Did you mean 'completion'?",
        f"versions.v1.price.prompt: expected {number}, found '0.15'.",
        f"versions.v1.price.completion: expected {number}, found nothing.",
        f"versions.v1.price.cached: expected {number}, found True."]


# Content


def test_content_has_both_sides_unless_it_says_otherwise() -> None:
    written = document()
    written["models"]["m"]["content"] = {"for": "30d"}
    content = check_routing(written, "test").models["m"].content
    assert content is not None
    assert (content.period, content.keep) == (30 * 86_400, ["prompt", "reply"])


@pytest.mark.parametrize(("content", "path", "nearest"), [
    ({}, "for", None), ({"for": "soon"}, "for", None), ({"for": "1d", "keep": []}, "keep", None),
    ({"for": "1d", "keep": ["reply", "reply"]}, "keep[1]", None),
    ({"for": "1d", "keep": ["promt"]}, "keep[0]", "prompt"), ({"for": "1d", "kep": ["reply"]}, "kep", "keep"),
])  # fmt: skip
def test_content_that_cannot_be_meant_is_refused(content: dict[str, Any], path: str, nearest: str | None) -> None:
    written = document()
    written["models"]["m"]["content"] = content
    with pytest.raises(ConfigurationError) as caught:
        check_routing(written, "test")
    (problem,) = caught.value.problems
    assert (problem.path, problem.nearest) == (f"models.m.content.{path}", nearest)


def test_embeddings_are_gathered_unless_the_model_says_otherwise() -> None:
    gather = check_routing(document(), "r").models["m"].gather
    assert gather == GatherDocument(wait=Duration(0.002), inputs=64, across_tenants=False)
    assert check_routing(document(gather="none"), "r").models["m"].gather == "none"
    assert check_routing(document(gather={"inputs": 32}), "r").models["m"].gather == GatherDocument(inputs=32)


@pytest.mark.parametrize(("gather", "path", "found"), [
    ({"wait": "101ms"}, "models.m.gather.wait", "101ms"), ({"wait": "2"}, "models.m.gather.wait", "'2'"),
    ({"inputs": 1}, "models.m.gather.inputs", "1"), ({"inputs": 2049}, "models.m.gather.inputs", "2049"),
    ({"input": 64}, "models.m.gather.input", "the unknown key"), ("no", "models.m.gather", "'no'"),
])
def test_a_gathering_that_cannot_be_meant_is_refused(gather: Any, path: str, found: str) -> None:
    (problem,) = problems(document(gather=gather))
    assert problem.startswith(f"{path}: expected ")
    assert found in problem

"""A document is checked whole: every problem with its path, in the words of the person who wrote it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.checking import ConfigurationError, Problem, convert, describe, nearest, problems_of, show
from gateway.config.written import Duration


class Rule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    action: Literal["block", "allow"]
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None


class Sample(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    wait: Duration = Duration(1)
    level: Literal["low", "high"] = "low"
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    items: list[Rule] = []
    rules: dict[str, Literal["block", "allow"] | Rule] = {}
    rule: Rule | None = None
    extra: dict[str, Any] = {}


def problems(document: Any) -> list[str]:
    return [str(problem) for problem in problems_of(document, Sample, "")]


def test_a_sound_document_becomes_what_it_describes() -> None:
    written = {"name": "a", "wait": "500ms", "items": [{"action": "block"}], "rules": {"x": "allow"},
               "extra": {"y": [1]}}  # fmt: skip
    assert convert(written, Sample, "test") == Sample(
        name="a", wait=Duration(0.5), items=[Rule("block")], rules={"x": "allow"}, extra={"y": [1]})


def test_every_problem_is_told_in_one_go() -> None:
    written = {
        "wiat": "1s", "wait": "soon", "level": "hihg", "count": 0, "items": [{"action": "blokc"}, 5], "rule": "block",
        "rules": {"x": {"action": "block", "treshold": 1}, "y": "alow", 7: "allow", "z": 3}, "extra": [],
    }  # fmt: skip
    assert problems(written) == [
        "wiat: expected one of name, wait, level, count, items, rules, rule, extra, found the unknown key 'wiat'. "
        "Did you mean 'wait'?",
        "name: expected text, found nothing.",
        "wait: expected a duration above zero such as 500ms, 2s, 10m or 1h, found 'soon'.",
        "level: expected one of low, high, found 'hihg'. Did you mean 'high'?",
        "count: expected a whole number of at least 1, found 0.",
        "items[0].action: expected one of block, allow, found 'blokc'. Did you mean 'block'?",
        "items[1]: expected a mapping with action, threshold, found 5.",
        "rules.x.treshold: expected one of action, threshold, found the unknown key 'treshold'. "
        "Did you mean 'threshold'?",
        "rules.y: expected one of block, allow or a mapping with action, threshold, found 'alow'. "
        "Did you mean 'allow'?",
        "rules.7: expected a name (text; quote it), found 7.",
        "rules.z: expected one of block, allow or a mapping with action, threshold, found 3.",
        "rule: expected a mapping with action, threshold, found 'block'.",
        "extra: expected a mapping of names to any value, found [].",
    ]


def test_the_error_carries_its_source_and_all_problems() -> None:
    with pytest.raises(ConfigurationError) as caught:
        convert({"count": "x"}, Sample, "routing.yaml")
    assert caught.value.source == "routing.yaml"
    assert [problem.path for problem in caught.value.problems] == ["name", "count"]
    assert str(caught.value).startswith("routing.yaml: name: expected text, found nothing. count: expected")


@pytest.mark.parametrize("document", [None, [], "text", 5, True])
def test_a_document_of_another_kind_is_one_problem(document: Any) -> None:
    (problem,) = problems_of(document, Sample, "")
    assert str(problem).startswith("(document): expected a mapping with name, wait,")


@pytest.mark.parametrize(("field", "value"), [
    ("wait", 5), ("wait", None), ("count", True), ("count", 1.5), ("count", "1"), ("name", 5), ("name", None),
    ("level", ["low"]), ("items", {"action": "block"}), ("items", "block"), ("rules", ["x"]), ("rule", []),
])  # fmt: skip
def test_nothing_is_taken_for_what_it_is_not(field: str, value: Any) -> None:
    """YAML's yes is no text, its 1 no duration: what is guessed at is wrong on the worst day."""
    assert [problem.path for problem in problems_of({"name": "a", field: value}, Sample, "")] == [field]


def test_where_null_is_meant_it_may_be_written() -> None:
    assert convert({"name": "a", "rule": None}, Sample, "test").rule is None


@pytest.mark.parametrize(("key", "path"), [
    ("two words", 'rules."two words"'), ("a.b", 'rules."a.b"'), ("smol-2", "rules.smol-2"), ("a_b", "rules.a_b"),
    ("", 'rules.""'),
])  # fmt: skip
def test_a_path_quotes_what_would_be_read_otherwise(key: str, path: str) -> None:
    assert [problem.path for problem in problems_of({"name": "a", "rules": {key: 1}}, Sample, "")] == [path]


def test_what_was_found_fits_a_line() -> None:
    assert len(show("x" * 1000)) == 80
    assert (show(None), show("a"), show([])) == ("nothing", "'a'", "[]")


def test_the_nearest_name_is_near_or_none() -> None:
    assert nearest("assitant", ["assistant", "other"]) == "assistant"
    assert nearest("zzz", ["assistant"]) is None
    assert nearest(None, ["assistant"]) is None


@pytest.mark.parametrize(("kind", "words"), [
    (int, "a whole number"), (bool, "true or false"), (float, "a number"), (list[str], "a list of text"),
    (dict[str, int], "a mapping of names to a whole number"), (str | None, "text"), (Literal["a", "b"], "one of a, b"),
    (Annotated[float, msgspec.Meta(gt=0, lt=2.5)], "a number above 0 below 2.5"),
    (Annotated[str, msgspec.Meta(pattern="^a$")], "text that matches ^a$"),
    (Annotated[float, msgspec.Meta(ge=0)] | None, "a number of at least 0"),
])  # fmt: skip
def test_a_type_is_described_in_an_operators_words(kind: Any, words: str) -> None:
    assert describe(kind) == words


def test_a_problem_without_a_path_is_the_documents() -> None:
    assert str(Problem(path="", expected="YAML", found="a tab")) == "(document): expected YAML, found a tab."


KEYS = st.sampled_from(["name", "wait", "level", "count", "items", "rules", "rule", "extra", "action", "threshold",
                        "x"])  # fmt: skip
LEAVES = st.sampled_from([None, True, 0, 1, -1.5, float("nan"), "", "2s", "low", "block", "text", 10**30])
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.integers(), inner, max_size=6),
    max_leaves=12)  # fmt: skip


@given(st.dictionaries(KEYS, DOCUMENTS, max_size=8))
def test_any_document_is_accepted_or_told_what_is_wrong(document: dict[str, Any]) -> None:
    found = list(problems_of(document, Sample, ""))
    if not found:
        assert isinstance(convert(document, Sample, "test"), Sample)
    for problem in found:
        assert problem.expected
        assert problem.found


def test_a_mapping_of_known_names_takes_no_others() -> None:
    class Document(msgspec.Struct):
        roles: dict[Literal["user", "tool"], int]

    assert list(problems_of({"roles": {"usr": 1, "tool": 2}}, Document, "")) == [Problem(
        path="roles.usr", expected="one of user, tool", found="the unknown key 'usr'", nearest="user")]

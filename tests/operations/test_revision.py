"""The rules of revisions, without any I/O."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.revisions.revision import Difference, Stale, check_base, differences
from tests.operations.routings import routing

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2) | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=1), inner, max_size=3), max_leaves=8)
MAPPINGS = st.dictionaries(st.text("abc", min_size=1, max_size=1), DOCUMENTS, max_size=3)


def told(before: Any, after: Any) -> list[str]:
    return [str(difference) for difference in differences(before, after)]


def test_a_changed_weight_is_told_by_its_path_with_before_and_after() -> None:
    assert told(routing(90, 10), routing(80, 10)) == ["~ models.assistant.split.smol-1: 90 -> 80"]


def test_added_and_removed_parts_are_told_whole() -> None:
    after = routing()
    after["versions"]["smol-3"] = {"served_model": "m"}
    del after["models"]["assistant"]["split"]["smol-2"]
    assert told(routing(), after) == [
        '+ versions.smol-3: {"served_model":"m"}', "- models.assistant.split.smol-2: 10"]


def test_a_list_is_one_value() -> None:
    assert told({"endpoints": [1, 2]}, {"endpoints": [2, 1]}) == ["~ endpoints: [1,2] -> [2,1]"]


def test_an_order_that_changed_alone_is_a_difference() -> None:
    """The order of a split decides which units a version gets."""
    assert told({"split": {"a": 1, "b": 1}}, {"split": {"b": 1, "a": 1}}) == [
        '~ split (order): ["a","b"] -> ["b","a"]']


def test_a_null_that_was_added_is_no_null_that_was_there() -> None:
    assert told({}, {"a": None}) == ["+ a: null"]


def test_names_that_could_be_mistaken_for_paths_are_quoted() -> None:
    assert told({}, {"a.b": 1}) == ['+ "a.b": 1']


@given(MAPPINGS)
def test_a_document_does_not_differ_from_its_copy(document: dict[str, Any]) -> None:
    assert told(document, copy.deepcopy(document)) == []


@given(MAPPINGS, MAPPINGS)
def test_two_documents_differ_exactly_where_they_are_not_equal(before: dict[str, Any], after: dict[str, Any]) -> None:
    same = before == after and list(map(str, before.items())) == list(map(str, after.items()))
    assert bool(told(before, after)) == (not same)


@given(MAPPINGS, MAPPINGS)
def test_the_way_back_undoes_the_way_there(before: dict[str, Any], after: dict[str, Any]) -> None:
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    there = {(one.path, one.kind) for one in differences(before, after)}
    back = {(one.path, turned[one.kind]) for one in differences(after, before)}
    assert there == back


def test_a_difference_reads_like_a_diff() -> None:
    assert str(Difference(path="a", kind="added", after=1)) == "+ a: 1"


def test_a_change_without_a_base_follows_any_revision() -> None:
    check_base(None, 7)


def test_a_change_for_another_revision_is_stale_and_says_how_to_go_on() -> None:
    check_base(7, 7)
    with pytest.raises(Stale, match=r"based on revision 6, and revision 7 is current.*diff 6 7"):
        check_base(6, 7)

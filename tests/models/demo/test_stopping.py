"""models.demo.stopping: a stop string is found where it is first complete, and never shown in part."""

from hypothesis import given
from hypothesis import strategies as st

from models.demo.stopping import StopStrings


def test_text_is_cut_before_a_stop_string() -> None:
    assert StopStrings(["stop"]).search("please stop", fresh=1) == ("stop", len("please "))


def test_text_is_cut_after_a_stop_string_that_is_to_be_included() -> None:
    assert StopStrings(["stop"], include=True).search("please stop it", fresh=8) == ("stop", len("please stop"))


def test_the_stop_string_that_is_complete_first_wins_whatever_the_order_of_the_list() -> None:
    assert StopStrings(["cdef", "bc"]).search("abcdef", fresh=6) == ("bc", 1)


def test_what_was_searched_before_is_not_searched_again() -> None:
    assert StopStrings(["ab"]).search("ab and so on", fresh=3) is None


def test_a_match_that_began_in_older_text_is_found() -> None:
    assert StopStrings(["abc"]).search("xxabc", fresh=1) == ("abc", 2)


def test_as_much_is_held_back_as_may_yet_become_a_stop_string() -> None:
    assert StopStrings(["a", "abcd"]).holdback == 3
    assert StopStrings(["abcd"], include=True).holdback == 0
    assert StopStrings([]).holdback == 0


@given(st.text("ab", max_size=30), st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3), st.data())
def test_growing_text_stops_at_the_same_place_however_it_is_cut_into_pieces(
    text: str, stops: list[str], data: st.DataObject
) -> None:
    ends = [found + len(stop) for stop in stops if (found := text.find(stop)) >= 0]
    grown, found = "", None
    while len(grown) < len(text) and found is None:
        step = data.draw(st.integers(1, 3))
        before, grown = grown, text[: len(grown) + step]
        found = StopStrings(stops).search(grown, len(grown) - len(before))
    assert (found is not None) == bool(ends)
    if found is not None:
        assert found[1] + len(found[0]) == min(ends)

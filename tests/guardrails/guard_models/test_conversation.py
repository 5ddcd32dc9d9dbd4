"""From the passages of a request to what is judged: the last turn of the user, and what others say for itself."""

from guardrails.guard_models.conversation import OVERLAP, Subject, subjects_of
from guardrails.passage import Passage, Role

LIMIT = 1000


def judged(*passages: tuple[str, Role, str], limit: int = LIMIT) -> list[tuple[list[str], int]]:
    """Each subject as its turns, in words, and the number of the passage that is told of."""
    subjects = subjects_of([Passage(text, role, place) for text, role, place in passages],
                           lambda role: role not in ("system", "definition"), limit)
    return [([f"{turn.speaker}: {turn.text}" for turn in one.turns], one.place) for one in subjects]


def test_the_last_turn_of_the_user_is_judged_with_those_before_it() -> None:
    assert judged(("Be kind.", "system", "messages[0].content"), ("hello", "user", "messages[1].content"),
                  ("hi", "assistant", "messages[2].content"), ("again", "user", "messages[3].content")) == [
        (["user: hello", "assistant: hi", "user: again"], 3)]


def test_the_parts_of_a_turn_are_one() -> None:
    assert judged(("one", "user", "messages[0].content[0].text"), ("two", "user", "messages[0].content[1].text")) == [
        (["user: one\ntwo"], 1)]


def test_a_reply_is_judged_as_the_assistants_turn() -> None:
    """Where nothing else is said, each passage for itself: they are stretches of it."""
    assert judged(("The answer.", "assistant", "choices[0].message.content"), ("It goes on.", "assistant", "")) == [
        (["assistant: The answer."], 0), (["assistant: It goes on."], 1)]
    assert judged(("A question?", "user", "messages[0].content"), ("The answer.", "assistant", "")) == [
        (["user: A question?"], 0), (["user: A question?", "assistant: The answer."], 1)]


def test_a_reply_that_the_request_begins_is_judged_too() -> None:
    """A prefill can hold what the user did not say."""
    found = judged(("go on", "user", "messages[0].content"), ("Step one:", "assistant", "messages[1].content"))
    assert [turns[-1] for turns, _ in found] == ["user: go on", "assistant: Step one:"]


def test_a_call_of_a_tool_that_has_answered_is_context_and_no_more() -> None:
    found = judged(("weather?", "user", "messages[0].content"),
                   ('{"city": "Oslo"}', "assistant", "messages[1].tool_calls[0].function.arguments"),
                   ("It rains.", "tool", "messages[2].content"))
    assert [turns for turns, _ in found] == [["user: weather?"], ["user: It rains."]]


def test_tools_and_documents_are_a_turn_of_their_own_without_context() -> None:
    assert judged(("sum up", "user", "messages[0].content"), ("page one", "tool", "messages[1].content"),
                  ("page two", "document", "documents[0]")) == [
        (["user: sum up"], 0), (["user: page one\npage two"], 2)]


def test_fields_in_which_the_user_does_not_speak_are_no_part_of_the_conversation() -> None:
    assert judged(("hello", "user", "messages[0].content"), ("END", "user", "stop"), ("note", "user", "metadata.*"),
                  ("wish", "user", "unknown.field")) == [(["user: hello"], 0), (["user: wish"], 3)]


def test_what_has_no_letter_is_not_asked_about() -> None:
    assert judged(("12 + 7", "user", "messages[0].content"), ("{}", "tool", "messages[1].content")) == []


def test_a_long_conversation_loses_its_beginning() -> None:
    turns = [(f"turn {number} " + "x" * 300, role, f"messages[{number}].content")
             for number, role in enumerate(["user", "assistant", "user", "assistant", "user"])]
    ((shown, place),) = judged(*turns)  # type: ignore[arg-type]
    assert place == 4
    assert sum(len(one.partition(": ")[2]) for one in shown) == LIMIT
    assert shown[-1].startswith("user: turn 4 ")
    assert shown[0].endswith("x")
    assert not shown[0].startswith("user: turn")


def test_a_turn_that_is_too_long_is_judged_piece_by_piece_and_nothing_is_left_out() -> None:
    text = "".join(f"[{number:05d}]" for number in range(600))
    found = judged(("before", "user", "messages[0].content"), ("so", "assistant", "messages[1].content"),
                   (text + "a", "user", "messages[2].content"))
    pieces = [turns[-1].removeprefix("user: ") for turns, _ in found]
    assert {place for _, place in found} == {2}
    assert all(sum(len(one.partition(": ")[2]) for one in turns) <= LIMIT for turns, _ in found)
    assert all(f"[{number:05d}]" in "".join(pieces[:1]) or any(f"[{number:05d}]" in piece for piece in pieces)
               for number in range(600))
    assert pieces[1].startswith(pieces[0][-OVERLAP:])
    assert pieces[-1].endswith("a")


def test_who_judges_says_which_roles_are_read() -> None:
    subjects = subjects_of([Passage("rule", "system", "system"), Passage("page", "tool", "messages[0].content")],
                           lambda role: role == "system", LIMIT)
    assert [one.turns[-1].text for one in subjects] == ["rule"]
    assert isinstance(subjects[0], Subject)

"""Lines are asked in the order of the input, and a model that is down holds up no other."""

from __future__ import annotations

from gateway.batches.agenda import LONGEST_REST_SECONDS, Agenda
from gateway.batches.scanning import Input


def found(models: str) -> Input:
    one = Input()
    one.models = sorted(set(models))
    for place, model in enumerate(models):
        one.starts.append(place)
        one.lengths.append(1)
        one.model_of.append(one.models.index(model))
    return one


def taken(agenda: Agenda, now: float = 0.0, most: int = 100, has_room: str = "abc") -> list[int]:
    lines: list[int] = []
    while len(lines) < most and (
            line := agenda.next(now, lambda model: agenda.models[model] in has_room)) is not None:
        lines.append(line)
    return lines


def test_lines_come_in_order_the_models_in_turn() -> None:
    assert taken(Agenda(found("aaaa"), ())) == [0, 1, 2, 3]
    assert taken(Agenda(found("aaabbc"), ())) == [0, 3, 5, 1, 4, 2]


def test_what_is_done_is_not_on_it() -> None:
    agenda = Agenda(found("aaaa"), {0, 2})
    assert len(agenda) == 2
    assert taken(agenda) == [1, 3]
    assert len(agenda) == 0


def test_a_model_without_room_is_passed_over() -> None:
    agenda = Agenda(found("abab"), ())
    assert taken(agenda, has_room="b") == [1, 3]
    assert taken(agenda) == [0, 2]


def test_what_was_given_up_is_next() -> None:
    agenda = Agenda(found("aaa"), ())
    first = agenda.next(0, lambda model: True)
    assert first == 0
    agenda.put_back(0)
    assert taken(agenda) == [0, 1, 2]


def test_what_failed_waits_for_its_time() -> None:
    agenda = Agenda(found("aa"), ())
    assert taken(agenda, most=1) == [0]
    agenda.later(0, 5.0)
    assert taken(agenda, now=4.9) == [1]
    assert taken(agenda, now=5.0) == [0]


def test_a_model_that_is_full_rests_longer_each_time_and_no_longer_than_a_minute() -> None:
    agenda = Agenda(found("ab"), ())
    now, rests = 0.0, []
    for _ in range(8):
        agenda.rest(0, now, 0.0)
        agenda.rest(0, now, 0.0)  # another line of the same burst
        rest = next(after for after in range(1, 1000) if agenda._is_awake(0, now + after))
        rests.append(rest)
        now += rest
    assert rests == [1, 2, 4, 8, 16, 32, 60, int(LONGEST_REST_SECONDS)]
    agenda.answered(0)
    agenda.rest(0, now, 0.0)
    assert agenda._is_awake(0, now + 1)


def test_a_model_rests_as_long_as_it_asks_while_others_go_on() -> None:
    agenda = Agenda(found("ab"), ())
    agenda.rest(0, 0.0, 30.0)
    assert taken(agenda, now=29.9) == [1]
    assert taken(agenda, now=30.0) == [0]

"""Two policies over the same rows: what changes, whether chance explains it, whether the one may replace the other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.evaluation.comparison import Comparison, difference_interval, mcnemar
from guardrails.evaluation.row import Row
from guardrails.evaluation.run import Run
from guardrails.policy import Policy, PromptRules, Rule, TopicsRule
from tests.guardrails.evaluation.detectors import PLAIN, examiner, row

LOW = Policy(prompt=PromptRules(personal_data=Rule(action="redact", threshold=0.2), injection="flag", secrets="block"))
NONE = Policy(prompt=PromptRules(injection="flag"))


def compared(rows: list[Row], current: Policy, candidate: Policy, margin: float = 0.005) -> Comparison:
    run = Run([examiner(current, name="current"), examiner(candidate, name="candidate")], timed_every=1000)
    for one in rows:
        run.take(one)
    found = run.comparison(margin)
    assert found is not None
    return found


def rows_of(sure: int, doubtful: int, doubtful_negatives: int, negatives: int) -> list[Row]:
    texts = [("jo@x.com", True)] * sure + [("mo@x.local", True)] * doubtful
    texts += [("mo@x.local", False)] * doubtful_negatives + [("nothing", False)] * negatives
    return [row(text, positive, number=number) for number, (text, positive) in enumerate(texts, 1)]


def test_a_candidate_that_finds_more_and_alarms_no_more_may_be_promoted() -> None:
    found = compared(rows_of(sure=6, doubtful=4, doubtful_negatives=0, negatives=10), PLAIN, LOW)
    assert found.promote == "yes"
    assert [(one.name, one.holds) for one in found.criteria] == [("recall of rows", "yes"), ("false alarms", "yes")]
    assert (found.positives.only_current, found.positives.only_candidate) == (0, 4)
    assert found.positives.p_value == 0.125


def test_one_that_finds_less_may_not() -> None:
    found = compared(rows_of(sure=6, doubtful=4, doubtful_negatives=0, negatives=10), LOW, PLAIN)
    assert found.promote == "no"
    assert found.because == ["recall of rows: worse by 0.4000, more than the margin of 0.005",
                             "false alarms: with these rows it may be worse by up to 0.1633 (95 % confidence); "
                             "more rows would tell"]


def test_one_that_alarms_more_often_may_not_beyond_the_margin_and_may_within_it() -> None:
    rows = rows_of(sure=5, doubtful=5, doubtful_negatives=1, negatives=9)
    assert compared(rows, PLAIN, LOW, margin=0.09).promote == "no"
    assert compared(rows, PLAIN, LOW, margin=0.1).promote == "yes", "just the margin is within it"


def test_rows_of_one_kind_do_not_decide() -> None:
    found = compared(rows_of(sure=5, doubtful=0, doubtful_negatives=0, negatives=0), PLAIN, LOW)
    assert found.promote == "undecided"
    assert found.because[-1] == "false alarms: no rows of its kind decide it"


def test_one_whose_guard_raises_may_not() -> None:
    broken = Policy(prompt=PromptRules(personal_data="redact", topics=TopicsRule(action="flag")))
    found = compared(rows_of(sure=5, doubtful=0, doubtful_negatives=0, negatives=5), PLAIN, broken)
    assert found.promote == "no"
    assert found.because[0] == "the guard topics raised at 10 rows"


def test_spans_count_where_there_are_some() -> None:
    rows = [row("jo@x.com mo@x.local", True, (0, 8, "EMAIL"), (9, 19, "EMAIL")), row("nothing", False)]
    found = compared(rows, LOW, PLAIN)
    assert [(one.name, one.holds) for one in found.criteria] == [
        ("recall of rows", "yes"), ("false alarms", "yes"), ("recall of spans", "no"), ("precision of spans", "yes")]
    assert compared(rows, NONE, PLAIN).promote == "yes", "who found nothing had no precision to lose"


def test_what_changes_is_told_by_outcome_with_its_lines() -> None:
    found = compared(rows_of(sure=1, doubtful=2, doubtful_negatives=1, negatives=1), PLAIN, LOW)
    (change,) = found.changes
    assert (change.before, change.after, change.rows, change.positives, change.lines) == (
        "passed", "redact", 3, 2, [2, 3, 4])


def test_changes_to_a_stronger_action_come_first() -> None:
    rows = [row("jo@x.com", number=1), row("key-1234", number=2)]
    other = Policy(prompt=PromptRules(personal_data="block", secrets="flag"))
    assert [(one.before, one.after) for one in compared(rows, PLAIN, other).changes] == [
        ("redact", "block"), ("block", "flag")]


def test_a_run_of_one_policy_compares_nothing() -> None:
    assert Run([examiner()], timed_every=1).comparison(0.01) is None


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_test_is_the_two_sided_binomial(one: int, other: int) -> None:
    count = one + other
    tail = sum(math.comb(count, k) for k in range(min(one, other) + 1)) / 2 ** count
    assert mcnemar(one, other) == pytest.approx(min(1.0, 2 * tail))


def test_mcnemars_test_holds_for_many_rows() -> None:
    assert mcnemar(25_000, 25_000) == 1.0
    assert mcnemar(0, 50_000) == 0.0
    assert 0.04 < mcnemar(24_780, 25_220) < 0.06


def test_the_interval_of_a_difference_is_agresti_and_mins() -> None:
    """Wald's, with half a row more in each of the four cells."""
    interval = difference_interval(107, 132, 1144)
    assert interval is not None
    middle = (107.5 - 132.5) / 1146
    reach = 1.959964 * math.sqrt(240 - 25 ** 2 / 1146) / 1146
    assert (interval.low, interval.high) == (pytest.approx(middle - reach), pytest.approx(middle + reach))


def test_few_rows_leave_much_open_also_where_nothing_differs() -> None:
    few, many = difference_interval(0, 0, 20), difference_interval(0, 0, 2000)
    assert few is not None
    assert many is not None
    assert few.high > 0.05
    assert many.high < 0.002
    assert difference_interval(0, 0, 0) is None

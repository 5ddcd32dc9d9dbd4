"""What a worker counts of gathering adds up over workers and lives."""

from gateway.gathering.tally import REQUESTS, WAIT_SECONDS, Gathered


def test_calls_and_waits_are_counted_by_their_size() -> None:
    one = Gathered()
    one.went_alone()
    for requests in (1, 3, 64, 1000):
        one.sent(requests)
    for seconds in (0.002, 0.0021, 5.0):
        one.waited(seconds)
    assert (one.requests, one.shared, round(one.wait_seconds, 4)) == (1069, 1067, 5.0041)
    assert {bound: count for bound, count in zip((*REQUESTS, "more"), one.request_counts, strict=True) if count} == {
        1: 2, 4: 1, 64: 1, "more": 1}
    assert {bound: count for bound, count in zip((*WAIT_SECONDS, "more"), one.wait_counts, strict=True) if count} == {
        0.0001: 1, 0.002: 1, 0.003: 1, "more": 1}


def test_two_are_added_up() -> None:
    one, other = Gathered(), Gathered(again=2)
    one.sent(1)
    other.sent(2)
    other.waited(0.5)
    one.add(other)
    assert (one.requests, one.shared, one.again, one.wait_seconds) == (3, 2, 2, 0.5)
    assert (sum(one.request_counts), sum(one.wait_counts)) == (2, 1)
    assert (other.requests, sum(other.request_counts)) == (2, 1)

"""The breaker: nobody waits long for a server that is away, and one finds out when it is back."""

from gateway.cache.breaker import SECONDS, Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_that_answers_is_asked() -> None:
    breaker = Breaker(Clock())
    assert (repr(breaker), breaker.lets_through, breaker.recover()) == ("<Breaker closed>", True, False)


def test_one_that_failed_is_left_alone_for_a_while() -> None:
    breaker = Breaker(clock := Clock())
    assert breaker.fail()
    assert not breaker.fail(), "it is told once"
    clock.now += SECONDS - 0.1
    assert (repr(breaker), breaker.lets_through) == ("<Breaker open>", False)


def test_then_one_asks_and_the_others_do_not_wait() -> None:
    breaker = Breaker(clock := Clock())
    breaker.fail()
    clock.now += SECONDS
    assert breaker.lets_through
    with breaker.asking():
        assert (repr(breaker), breaker.lets_through) == ("<Breaker half-open>", False)
    assert breaker.recover()
    assert (repr(breaker), breaker.lets_through) == ("<Breaker closed>", True)


def test_one_that_fails_again_is_left_alone_again() -> None:
    breaker = Breaker(clock := Clock())
    breaker.fail()
    clock.now += SECONDS
    with breaker.asking():
        assert not breaker.fail()
    assert not breaker.lets_through
    clock.now += SECONDS
    assert breaker.lets_through


def test_where_all_is_well_many_ask_at_once() -> None:
    breaker = Breaker(Clock())
    with breaker.asking():
        assert breaker.lets_through

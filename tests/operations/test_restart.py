from operations.serve.restart import Restarts


def test_a_child_that_lived_long_is_started_again_at_once() -> None:
    restarts = Restarts()
    assert [restarts.delay_seconds(3600) for _ in range(4)] == [0, 0, 0, 0]


def test_a_child_that_keeps_dying_young_waits_longer_each_time_up_to_five_seconds() -> None:
    restarts = Restarts()
    assert [restarts.delay_seconds(0.1) for _ in range(9)] == [0, 0.25, 0.5, 1, 2, 4, 5, 5, 5]


def test_one_long_life_clears_the_record() -> None:
    restarts = Restarts()
    for _ in range(6):
        restarts.delay_seconds(0.1)
    assert restarts.delay_seconds(60) == 0
    assert [restarts.delay_seconds(0.1) for _ in range(2)] == [0, 0.25]


def test_days_of_young_deaths_overflow_nothing() -> None:
    restarts = Restarts()
    assert {restarts.delay_seconds(0.1) for _ in range(5000)} >= {5.0}

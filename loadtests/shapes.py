"""How many users at which moment: a plateau reached in steps, or a calm with a spike in it."""

from collections.abc import Callable, Mapping

STEPS = 10


def ramp(elapsed: float, *, users: int, seconds: float) -> int | None:
    """Rises to `users` in ten equal steps over the first four fifths of the time, then stays.

    Steps, and not a slope: at each one the figures have time to settle, and the step at which they break is the answer.
    """
    if elapsed >= seconds:
        return None
    step = int(elapsed / (0.8 * seconds) * STEPS) + 1
    return max(1, round(users * min(step, STEPS) / STEPS))


def spike(elapsed: float, *, users: int, seconds: float) -> int | None:
    """A tenth of `users`, all of them at once in the middle fifth of the time, then a tenth again.

    The last two fifths are what is looked at: whether the service is as before, and how soon.
    """
    if elapsed >= seconds:
        return None
    return users if 0.4 * seconds <= elapsed < 0.6 * seconds else max(1, users // 10)


SHAPES: Mapping[str, Callable[..., int | None]] = {"ramp": ramp, "spike": spike}

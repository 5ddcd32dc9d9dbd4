"""Lengths of time and sums of money, for people."""

_LONG = ((86400, "d"), (3600, "h"), (60, "min"))


def time_of(seconds: float) -> str:
    """A length of time, short enough for a column."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms" if seconds >= 0.001 else (
        f"{seconds * 1e6:.0f} µs")


def offset_of(seconds: float) -> str:
    """How long after the beginning: ``+0``, ``+12.5 ms``, ``+2 h 13 min``."""
    if seconds < 60:
        return f"+{time_of(seconds)}" if seconds > 0 else "+0"
    for place, (size, unit) in enumerate(_LONG):
        if seconds >= size:
            whole, rest = divmod(int(seconds), size)
            below = _LONG[place + 1] if place + 1 < len(_LONG) else (1, "s")
            smaller = f" {rest // below[0]} {below[1]}" if rest // below[0] else ""
            return f"+{whole} {unit}{smaller}"
    raise AssertionError("a minute is the shortest of the long ones")


def money_of(micros: int) -> str:
    """An amount in units of currency, to the last of its millionths."""
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

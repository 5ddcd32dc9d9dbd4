"""Manners: when a line may be at an endpoint, and when it has to leave.

Lines fill what nobody waits for. An endpoint takes them when nothing interactive has been there for a quiet moment; the
first interactive call that comes sends them away, whatever they have cost so far. Three other ways were weighed:

- To let lines finish and only begin no new ones keeps work that was done, but a model that writes for a minute would
  then be shared for a minute, and the first people after a pause feel it most.
- To share always, with the lines at a low priority, leaves it all to the server: vLLM does that only with
  ``--scheduling-policy priority``, and even then a step's time grows with what is in it. It is there beside this
  (``batch.priority``).
- To keep a share of each endpoint for lines is a tax on those who wait, whether or not there is a batch.

Whoever yields always never ends on an endpoint that is never quiet. So a line that was sent away three times, or has
waited a minute for its turn, is stubborn: it stays, one of them at an endpoint.
"""

from gateway.batches.board import Seen

SENT_AWAY = 3
WAITED_SECONDS = 60.0


def is_stubborn(seen: Seen, times_sent_away: int, waited_seconds: float) -> bool:
    """Whether a line has yielded often enough, and is the only such one at an endpoint."""
    return seen.stubborn == 0 and (times_sent_away >= SENT_AWAY or waited_seconds >= WAITED_SECONDS)


def may_begin(seen: Seen, most: int, quiet_seconds: float, *, stubborn: bool) -> bool:
    """Whether one more line may be at an endpoint of which ``most`` are allowed."""
    if seen.lines >= most:
        return False
    return stubborn or (seen.interactive == 0 and seen.quiet_seconds >= quiet_seconds)


def has_to_leave(seen: Seen, *, stubborn: bool) -> bool:
    """Whether a line that is at an endpoint must make room."""
    return seen.interactive > 0 and not stubborn

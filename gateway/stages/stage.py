"""What a stage is."""

from collections.abc import Awaitable
from typing import Protocol

from gateway.exchange import Exchange
from gateway.reply import Reply


class Stage(Protocol):
    """One step in an exchange's life. A stage sees the exchange, never another stage.

    enter   goes on (None), answers early (a Reply), waits (an Awaitable of either), or raises a Refusal
    leave   gives the reply back, or gives it a flow through which its frames pass
    settle  gives back what enter took; called once for every stage entered, whatever happened
    """

    def enter(self, exchange: Exchange) -> Reply | Awaitable[Reply | None] | None: ...
    def leave(self, exchange: Exchange, reply: Reply) -> Reply: ...
    def settle(self, exchange: Exchange) -> None: ...


class Step:
    """A stage that does nothing: what a real one does not need to say again."""

    def enter(self, exchange: Exchange) -> Reply | Awaitable[Reply | None] | None:
        return None

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        return reply

    def settle(self, exchange: Exchange) -> None:
        """Nothing was taken."""

"""Gather: the reply to a line of a batch is gathered, before its record is written."""

from gateway.batches.line_call import Gathering, LineCall
from gateway.exchange import Exchange
from gateway.reply import Reply
from gateway.stages.stage import Step


class Gather(Step):
    """Stands inside of Account, and outside of the guards: what is gathered is what a client would get."""

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        call = exchange.edge
        return reply.through(Gathering(call)) if isinstance(call, LineCall) else reply

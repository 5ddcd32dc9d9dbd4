"""Gather has the reply to a line before its record is written: see tests/gateway/batches/test_book.py for the order."""

from __future__ import annotations

from gateway.batches.line_call import Gathering, LineCall
from gateway.reply import AnsweredSource, Reply
from gateway.stages.gather import Gather
from tests.gateway.batches.test_book import Owner
from tests.gateway.exchanges import RecordingFlow, exchange_of, request_of


def test_a_lines_reply_passes_through_its_call_and_anybody_elses_does_not() -> None:
    call = LineCall(0, "q0", 1, 0, 0.0, Owner())
    reply = Gather().leave(exchange_of(request_of({}), edge=call), Reply(AnsweredSource(b'{"n":1}')))
    assert [type(flow) for flow in reply.flows] == [Gathering]
    end = RecordingFlow()
    reply.begin(end)
    assert end.events == [("head", 200), ("end", b'{"n":1}')]
    assert (call.status, call.parts) == (200, [b'{"n":1}'])
    assert Gather().leave(exchange_of(request_of({})), Reply(AnsweredSource(b""))).flows == []

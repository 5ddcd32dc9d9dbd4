"""A guard model's servers: where its questions go, over the client that carries the traffic.

A question is not an exchange: it leaves no row of its own. It ends with the exchange that it is asked for, or with the
policy's deadline, and then the server is let go.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from gateway.inference import WORTH_ANOTHER
from gateway.snapshot import Target
from guardrails.guard_models.question import Found, Question, Unreadable
from models.asking import Asking, WholeReply
from models.endpoint import Endpoint
from models.protocol.document import encode_document
from models.upstream import Disconnected, Patience, TimedOut, Unreachable, UpstreamFailure
from routing.balancing import choose

CONNECT_SECONDS = 2.0
MAX_REPLY_BYTES = 1 << 20  # a verdict is a line or two


class AskLog(Protocol):
    """Where it is told why a question had no answer."""

    def warning(self, event: str, **fields: Any) -> None: ...


class NotAnswered(Exception):
    """``outcome`` is one of the words that metrics and log have for it."""

    def __init__(self, outcome: str, detail: str = "") -> None:
        super().__init__(f"{outcome} {detail}".strip())
        self.outcome, self.detail = outcome, detail


class GuardServer:
    """Asks one of the version's endpoints, and another one where that one cannot be reached or is at its end.

    ``target`` is set when the revision becomes live, on the event loop: policies are compiled beside it.
    """

    def __init__(self, name: str, random: Callable[[], float] = lambda: 0.0, log: AskLog | None = None,
                 asks: Counter[tuple[str, str]] | None = None) -> None:
        """``asks`` counts by name and outcome."""
        self.target: Target | None = None
        self._name = name
        self._random = random
        self._log = log
        self._asks = Counter() if asks is None else asks

    async def ask(self, question: Question) -> Sequence[Found]:
        """Raises NotAnswered."""
        outcome = "given_up"  # unless it comes to something
        try:
            found = await self._found(question)
            outcome = "answered"
            return found
        except NotAnswered as error:
            outcome = error.outcome
            if self._log is not None:
                self._log.warning("guard_model_failed", guard=self._name, why=error.outcome, detail=error.detail)
            raise
        finally:
            self._asks[self._name, outcome] += 1

    async def _found(self, question: Question) -> Sequence[Found]:
        target = self.target
        if target is None:
            raise NotAnswered("unreachable", "the revision is not live")
        reply = await self._reply(target, question)
        if reply.status != 200:
            raise NotAnswered("refused", f"status {reply.status}")
        try:
            return question.found_in(msgspec.json.decode(reply.body))
        except msgspec.DecodeError:
            raise NotAnswered("unreadable", "no JSON") from None
        except Unreadable as error:
            raise NotAnswered("unreadable", str(error)) from None

    async def _reply(self, target: Target, question: Question) -> WholeReply:
        first = choose(target.endpoints, self._random)
        asking = _asked(target, first, question)
        try:
            reply = await asking.reply()
            if reply.status not in WORTH_ANOTHER or len(target.endpoints) == 1:
                return reply
        except UpstreamFailure as error:
            if not _is_worth_another(error, len(target.endpoints) > 1, asking.reused):
                raise _not_answered(error) from None
        others = [endpoint for endpoint in target.endpoints if endpoint is not first] or [first]
        try:
            return await _asked(target, choose(others, self._random), question).reply()
        except UpstreamFailure as error:
            raise _not_answered(error) from None


def _asked(target: Target, endpoint: Endpoint, question: Question) -> Asking:
    version = target.version
    body = encode_document({"model": version.served_model, **version.defaults, **question.document})
    request = b"%bcontent-length: %d\r\n\r\n%b" % (target.heads[question.path, endpoint.url], len(body), body)
    return Asking(endpoint, request, Patience(CONNECT_SECONDS), MAX_REPLY_BYTES)


def _is_worth_another(error: UpstreamFailure, has_others: bool, reused: bool) -> bool:
    """Where there is no other server, the same one: it had just closed the connection, and never saw the question."""
    if not isinstance(error, (Unreachable, Disconnected, TimedOut)):
        return False
    return has_others or (isinstance(error, Disconnected) and reused)


def _not_answered(error: UpstreamFailure) -> NotAnswered:
    return NotAnswered("unreachable" if isinstance(error, TimedOut) else error.kind)  # the only limit is to connect

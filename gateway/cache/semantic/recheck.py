"""Rechecks: some of the answers to similar questions are asked for all the same, and compared.

A threshold that is wrong for the traffic shows nowhere else: a false hit looks like a good reply. So for a sample of
them the model is asked behind the reply. What it says is shown to nobody and remembered nowhere; it has a row of its
own (purpose ``recheck``), and a signal about the exchange says whether the two answers agree. Where they do not, what
was given is forgotten.
"""

import asyncio
from collections.abc import Callable

import msgspec

from gateway.cache.entry import Entry
from gateway.cache.rendering import Unrenderable, rendered
from gateway.cache.semantic.embedders import NoVector
from gateway.cache.semantic.neighbours import cosine
from gateway.cache.semantic.similar import Alike, Embeds
from gateway.config.routing_document import SemanticDocument
from gateway.exchange import Clock, Exchange
from gateway.journal import Journal
from gateway.record import ExchangeRecord, Signal
from gateway.refusal import Refusal
from gateway.reply import Flow, Head, Source
from gateway.stages.account import record_once
from gateway.telemetry.faults import FaultLog

AT_ONCE = 2  # of one worker: what nobody waits for must not crowd a server
AGREES = 0.8  # the cosine from which on two answers say the same
COMPARED_CHARACTERS = 700  # of each answer, from its beginning: about what the embedder can take
_COPIED = ("worker", "tenant", "key", "subject", "unit_kind", "unit_fraction", "operation", "model", "revision",
           "trial", "arm_assigned", "arm_served", "propensity", "version_digest", "policy_digest", "retention")


class Rechecks:
    """Those of one worker. ``source_for`` asks the model for an exchange, as the last stage does."""

    def __init__(self, journal: Journal, clock: Clock, random: Callable[[], float], new_id: Callable[[], str],
                 source_for: Callable[[Exchange], Source], embedders: Embeds, log: FaultLog) -> None:
        self.shed = 0
        self._journal = journal
        self._clock = clock
        self._random = random
        self._new_id = new_id
        self._source_for = source_for
        self._embedders = embedders
        self._log = log
        self._running: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        return len(self._running)

    def consider(self, exchange: Exchange, alike: Alike, forget: Callable[[], None]) -> None:
        """Once in so many times, asks behind the reply; ``forget`` is called where the answers do not agree."""
        semantic = _semantic_of(exchange)
        if self._random() >= semantic.recheck:
            return
        if len(self._running) >= AT_ONCE:
            self.shed += 1
            return
        task = asyncio.get_running_loop().create_task(self._recheck(exchange, semantic, alike, forget))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def close(self) -> None:
        """Ends what is still running: nothing is told of it."""
        for task in list(self._running):
            task.cancel()

    async def _recheck(self, exchange: Exchange, semantic: SemanticDocument, alike: Alike,
                       forget: Callable[[], None]) -> None:
        again = _again(exchange, self._new_id(), self._clock)
        try:
            said = await self._ask(again)
            result, similarity = await self._compare(again, semantic, _given(alike.entry, again), said)
        except Exception as error:  # a bug here is nobody's answer
            self._log.fault("recheck_failed", error, request_id=exchange.id)
            return
        finally:
            record_once(again, self._journal, self._clock.time())
        if result == "disagreed":
            forget()
        self._journal.append(Signal(
            id=f"{exchange.id}:recheck", exchange_id=exchange.id, at=self._clock.wall(), kind="recheck", name=result,
            worker=exchange.record.worker, tenant=exchange.record.tenant, version=alike.entry.version,
            value={"agreed": 1.0, "disagreed": 0.0}.get(result), body={
                "model": exchange.record.model, "by": again.id, "answers": round(similarity, 4),
                "questions": round(alike.similarity, 4)}))

    async def _ask(self, again: Exchange) -> str | None:
        """What the model says now; None where it fails, or says no text."""
        told: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        source = self._source_for(again)
        try:
            source.begin(_Gathering(again, told))
            body = await told
        except asyncio.CancelledError:
            source.cancel()
            again.conclude("abandoned", "gateway")
            raise
        return said_in(body) if body is not None else None

    async def _compare(self, again: Exchange, semantic: SemanticDocument, given: str | None,
                       said: str | None) -> tuple[str, float]:
        if not given or not said:
            return "undecided", 0.0
        if given.split() == said.split():
            return "agreed", 1.0
        try:
            one, other = [await self._embedders.embed(again.snapshot, semantic, text[:COMPARED_CHARACTERS])
                          for text in (given, said)]
        except NoVector:
            return "undecided", 0.0
        similarity = cosine(one.values, other.values)
        return ("agreed" if similarity >= AGREES else "disagreed"), similarity


class _Gathering(Flow):
    """The end of the reply's way: its body, or None where it is no answer."""

    __slots__ = ("_exchange", "_status", "_told")

    def __init__(self, exchange: Exchange, told: "asyncio.Future[bytes | None]") -> None:
        self._exchange = exchange
        self._told = told
        self._status = 0

    def head(self, head: Head) -> None:
        self._status = self._exchange.record.status = head.status

    def frame(self, frame: bytes) -> None:
        """It is asked for whole."""

    def end(self, last: bytes) -> None:
        if self._status < 400:
            self._exchange.conclude("answered")
        else:
            self._exchange.conclude("failed", "upstream", "upstream_error")
        self._tell(last if self._status == 200 else None)

    def fail(self, refusal: Refusal) -> None:
        self._exchange.conclude(refusal.outcome, refusal.blame, refusal.code)
        self._exchange.record.status = refusal.status
        self._tell(None)

    def _tell(self, body: bytes | None) -> None:
        if not self._told.done():
            self._told.set_result(body)


def _semantic_of(exchange: Exchange) -> SemanticDocument:
    cache = exchange.route.cache
    assert cache is not None
    assert cache.semantic is not None
    return cache.semantic


def _again(exchange: Exchange, new_id: str, clock: Clock) -> Exchange:
    """The same request, to be answered whole and to nobody."""
    record = ExchangeRecord(id=new_id, started_at=clock.wall(), purpose="recheck", parent=exchange.id, **{
        name: getattr(exchange.record, name) for name in _COPIED})
    document = {name: value for name, value in exchange.document.items() if name not in ("stream", "stream_options")}
    return Exchange(exchange.request, exchange.snapshot, Flow(), record, clock.time(), document=document,
                    model_asked=exchange.model_asked, route=exchange.route)


def _given(entry: Entry, again: Exchange) -> str | None:
    try:
        return said_in(rendered(entry, again)[1][-1])
    except Unrenderable:
        return None


def said_in(body: bytes) -> str | None:
    """The text of a whole chat completion or message; None where there is none."""
    try:
        document = msgspec.json.decode(body)
        if "choices" in document:
            content = document["choices"][0]["message"]["content"]
            return content if isinstance(content, str) else None
        return "".join(part["text"] for part in document["content"] if part["type"] == "text") or None
    except (msgspec.MsgspecError, KeyError, IndexError, TypeError):
        return None

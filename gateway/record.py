"""What the journal holds, and then the ledger: the one row that a request leaves, and signals about it."""

from typing import Any

import msgspec

SCHEMA = 2
FROM_MEMORY = frozenset({"hit", "similar"})  # what ``cache`` says of a reply that nobody was asked for
SAME_DIGITS = 41  # "feedback-" and 32 digits


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try at an endpoint, made for this exchange or for several together: then all of them have it, and one of
    them leads, so that it can be counted once."""

    version: str
    endpoint: str
    result: str  # answered, or the code of the refusal that it would have become
    seconds: float
    status: int = 0
    others: int = 0  # exchanges that it was made for besides
    follows: bool = False  # another one leads


class GuardFinding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a guard found, and what was done about it. ``start`` and ``end`` are characters of the text at ``place``;
    the text itself is nowhere."""

    side: str
    guard: str
    label: str
    action: str
    score: float
    start: int
    end: int
    place: str


class ExchangeRecord(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What is known of an exchange once it is settled. Times are monotonic seconds; no field holds content.

    ``outcome`` is one of answered, refused, failed, abandoned; ``blame`` says who failed: caller, policy, gateway,
    upstream, or nobody. ``arm_assigned`` is what the split chose with probability ``propensity``; ``arm_served``
    differs where a fallback answered.
    """

    id: str
    started_at: float  # Unix seconds; the only wall-clock field
    schema: int = SCHEMA
    purpose: str = "live"  # or probe, replay, shadow, batch, recheck: why the request was made
    parent: str = ""  # the exchange that this one copies or repeats, or whose answer it was given for a similar one
    batch: str = ""
    worker: str = ""
    client_request_id: str = ""

    tenant: str = ""
    key: str = ""
    subject: str = ""
    unit_kind: str = ""
    unit_fraction: float = 0.0

    operation: str = ""
    model: str = ""
    revision: int = 0
    trial: str = ""
    arm_assigned: str = ""
    arm_served: str = ""
    propensity: float = 0.0
    version_digest: str = ""
    streamed: bool = False
    attempts: list[Attempt] = []
    cache: str = "bypass"
    similarity: float = 0.0  # of the question that the answer was given to, where it was another one
    policy_digest: str = ""  # of the guards that judged it
    guards: list[str] = []  # side:guard:action:count, of all findings
    findings: list[GuardFinding] = []  # the first of them
    findings_untold: int = 0  # how many more there were
    guard_failures: list[str] = []  # side:guard:reason:mode; mode tells whether such a failure blocks or is let through
    guard_differences: list[str] = []  # of the shadow policy: "side guard:label live->shadow"
    guard_seconds: dict[str, float] = {}  # by side:guard

    outcome: str = ""
    blame: str = ""
    code: str = ""
    status: int = 0
    finish_reason: str = ""

    queue_seconds: float = 0.0
    overhead_seconds: float = 0.0
    first_token_seconds: float = 0.0
    total_seconds: float = 0.0
    token_gap_counts: list[int] = []  # per bucket of telemetry.buckets.TOKEN_GAP and one above; trailing zeros cut
    token_gap_seconds: float = 0.0  # their sum

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    usage_source: str = "none"  # reported by upstream (apportioned: for several), counted from frames, cached, or none
    cost_micros: int = 0
    saved_micros: int = 0  # what it would have cost, had it not been remembered
    bytes_in: int = 0
    bytes_out: int = 0
    content: str = ""  # where its content is kept, encrypted; empty where it is not
    retention: str = ""  # the class that says how long the record is kept; empty: the standard one
    writer: str = ""  # one life of one worker: the chain that the record stands in
    sequence: int = 0  # its place there, from 1 on; 0 where it stands in none


class GuardNotes(msgspec.Struct, omit_defaults=True):
    """What a guard came to once the exchange's record was written: the same fields as there."""

    guards: list[str] = []
    findings: list[GuardFinding] = []
    findings_untold: int = 0
    guard_failures: list[str] = []
    guard_differences: list[str] = []
    guard_seconds: dict[str, float] = {}


class Signal(msgspec.Struct, omit_defaults=True, kw_only=True, tag_field="record", tag="signal"):
    """An opinion or measurement about an exchange, which came after its record, or about a version. No field holds
    content, but what people wrote by hand about it, cleared of personal data.

    ``kind`` says what ``body`` is: ``guard``, then ``name`` is the guard's and the body its GuardNotes; ``feedback``,
    then ``name`` is the metric's and the body has the ``value`` as it was given and the ``comment``, if any.

    A guard's id is the same whenever the same thing is told again. Each feedback that was acknowledged has an id of its
    own; the first ``SAME_DIGITS`` characters are the same where its sender says that it is the same.
    """

    id: str
    exchange_id: str  # empty where it is about a version alone
    at: float  # Unix seconds
    kind: str
    name: str
    schema: int = SCHEMA
    worker: str = ""
    tenant: str = ""
    version: str = ""
    value: float | None = None  # what can be counted of it: a number, or 0 and 1 for false and true
    body: dict[str, Any] = {}
    content: str = ""  # where what was written by hand is kept, encrypted
    writer: str = ""
    sequence: int = 0


Entry = ExchangeRecord | Signal

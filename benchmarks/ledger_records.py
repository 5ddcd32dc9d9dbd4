"""A ledger's worth of records that look like real ones: some tenants, keys and models, many callers, few failures."""

import random
from collections.abc import Mapping
from typing import Any

from gateway.record import Attempt, ExchangeRecord, GuardFinding, Signal

DAYS = 30
STARTS = 1_790_000_000.0
_TROUBLE = (("failed", "upstream", "upstream_timeout"), ("failed", "upstream", "upstream_error"),
            ("refused", "policy", "content_blocked"), ("refused", "caller", "invalid_request"),
            ("abandoned", "caller", "client_left"))


class Records:
    """Exchange ``number`` of ``total``, spread evenly over ``DAYS``; the same ones for the same seed."""

    def __init__(self, total: int, seed: int = 1) -> None:
        self._step = DAYS * 86_400 / total
        self._random = random.Random(seed)

    def exchange(self, number: int) -> ExchangeRecord:
        draw = self._random.random
        model, version, writer = f"model-{number % 5}", f"version-{number % 7}", f"{number // 50_000:022d}"
        outcome, blame, code = _TROUBLE[number % 5] if draw() < 0.03 else ("answered", "nobody", "")
        return ExchangeRecord(
            id=f"{writer}{number % 50_000:010d}", started_at=STARTS + number * self._step, worker=f"w{number % 4}",
            parent=f"{'9' * 22}{number:010d}" if number % 1000 == 7 else "",
            batch=f"batch-{number // 10_000}" if number % 20 == 3 else "", purpose="live",
            client_request_id=f"{int(draw() * 1e16):x}" if number % 3 == 0 else "", tenant=f"tenant-{int(draw() * 20)}",
            key=f"key-{int(draw() * 100)}", subject=f"{int(draw() * 20_000) * 7919:032x}", unit_kind="user",
            unit_fraction=draw(), operation="chat.completions", model=model, revision=1 + number // 100_000,
            trial="trial-1" if number % 5 == 2 else "", arm_assigned=version, arm_served=version, propensity=0.9,
            version_digest="5f" * 32, streamed=True, policy_digest="a1" * 32,
            attempts=[Attempt(version, "http://10.0.0.17:8000", "answered", draw(), 200)],
            guards=["prompt:personal_data:redact:1"] if draw() < 0.1 else [],
            findings=[GuardFinding("prompt", "personal_data", "email", "redact", 0.98, 17, 41, "messages[1].content")]
            if draw() < 0.1 else [],
            guard_seconds={"prompt:personal_data": 0.0002, "prompt:secrets": 0.0001, "reply:personal_data": 0.0009},
            outcome=outcome, blame=blame, code=code, status=200 if outcome == "answered" else 502,
            finish_reason="stop", queue_seconds=0.001 * draw(), overhead_seconds=0.0005 * draw(),
            first_token_seconds=0.2 * draw(), total_seconds=4 * draw(), token_gap_counts=[0, 0, 3, 60, 40, 9, 1],
            token_gap_seconds=3.5 * draw(), prompt_tokens=int(2000 * draw()), completion_tokens=int(500 * draw()),
            cached_tokens=16, usage_source="reported", cost_micros=int(9000 * draw()), bytes_in=4000, bytes_out=21_000,
            writer=writer, sequence=number % 50_000 + 1)

    def signal(self, number: int, about: ExchangeRecord) -> Signal:
        """Feedback about an exchange, an hour later."""
        return Signal(
            id=f"{about.id}:helpful", exchange_id=about.id, at=about.started_at + 3600, kind="feedback",
            name=("helpful", "score")[number % 2], tenant=about.tenant, version=about.arm_served,
            value=float(number % 3 > 0), body={"source": "application"}, writer=f"8{about.writer[1:]}", sequence=number)


def sample_of(records: Records, number: int) -> Mapping[str, Any]:
    """What the catalogue is asked about: as it is in the records around ``number``."""
    batched, traced, repeated = (number - number % modulus + rest for modulus, rest in ((20, 3), (3, 0), (1000, 7)))
    one = records.exchange(traced)
    return {
        "id": one.id, "writer": one.writer, "metric": "score", "kind": "revision.apply", "about": "revision 7",
        "model": one.model, "outcome": "failed", "arm_served": one.arm_served, "tenant": one.tenant, "key": one.key,
        "subject": one.subject, "client_request_id": one.client_request_id, "trial": "trial-1",
        "batch": records.exchange(batched).batch, "parent": records.exchange(repeated).parent}

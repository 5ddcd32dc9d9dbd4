"""A batch: what is known of one, and the states that it passes.

    validating ──valid──▶ in_progress ──all_done──▶ finalizing ──written──▶ completed
        │  └─invalid─▶ failed   │  └─window_over──▶ expired
        │                       ├─key_removed──▶ failed
        └──────cancel───────────┴─cancel──▶ cancelling ──written──▶ cancelled

One whose files cannot be read has ``failed``, wherever that is found. A batch that has ended changes no more. All moves
are in ``TRANSITIONS``; nothing else sets ``state``.
"""

from collections.abc import Mapping, Sequence

import msgspec

WINDOW_SECONDS = 24 * 3600.0
TRANSITIONS: Mapping[tuple[str, str], str] = {
    ("validating", "valid"): "in_progress",
    ("validating", "invalid"): "failed",
    ("validating", "cancel"): "cancelling",
    ("in_progress", "all_done"): "finalizing",
    ("in_progress", "key_removed"): "failed",
    ("in_progress", "window_over"): "expired",
    ("in_progress", "cancel"): "cancelling",
    ("finalizing", "written"): "completed",
    ("cancelling", "written"): "cancelled",
    ("validating", "damaged"): "failed",
    ("in_progress", "damaged"): "failed",
    ("finalizing", "damaged"): "failed",
    ("cancelling", "damaged"): "failed",
}
ENDED = frozenset({"failed", "completed", "expired", "cancelled"})
STATES = tuple(dict.fromkeys(["validating", *TRANSITIONS.values()]))


class NotPossible(Exception):
    """The state that a batch is in has no such move."""


class LineError(msgspec.Struct, frozen=True, omit_defaults=False):
    """What is wrong with the input. ``line`` counts from 1; None where it is about all of it."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


class Usage(msgspec.Struct):
    """Tokens of the lines that were answered, those included that came from the cache."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0

    def document(self) -> dict[str, object]:
        return {"input_tokens": self.prompt, "input_tokens_details": {"cached_tokens": self.cached},
                "output_tokens": self.completion, "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": self.prompt + self.completion}


class Batch(msgspec.Struct, kw_only=True):
    """Times are Unix seconds. ``at`` has the moment of each state that it came to. ``key`` is the id of the key that it
    was made with: its lines are that key's."""

    id: str
    tenant: str
    key: str
    endpoint: str
    input_file_id: str
    created_at: float
    metadata: dict[str, str] | None = None
    output_seconds: float = 0.0  # how long its output is kept; 0: as everything else
    state: str = "validating"
    at: dict[str, float] = {}
    errors: list[LineError] = []
    errors_untold: int = 0
    total: int = 0
    completed: int = 0
    failed: int = 0
    usage: Usage = msgspec.field(default_factory=Usage)
    planned: tuple[str, str] | None = None  # ids of the files that are being written: output and errors
    output_file_id: str | None = None
    error_file_id: str | None = None

    def __repr__(self) -> str:
        return f"<Batch {self.id} {self.state} {self.completed}+{self.failed}/{self.total}>"

    @property
    def expires_at(self) -> float:
        return self.created_at + WINDOW_SECONDS

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    def move(self, event: str, now: float) -> None:
        """Raises NotPossible, and changes nothing then."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            raise NotPossible(f"a batch that is {self.state} knows no {event}")
        self.state = state
        self.at[state] = now

    def document(self) -> dict[str, object]:
        """OpenAI's batch object."""
        at = {state: int(moment) for state, moment in self.at.items()}
        return {
            "id": self.id, "object": "batch", "endpoint": self.endpoint, "errors": self._errors(),
            "input_file_id": self.input_file_id, "completion_window": "24h", "status": self.state,
            "output_file_id": self.output_file_id, "error_file_id": self.error_file_id,
            "created_at": int(self.created_at), "in_progress_at": at.get("in_progress"),
            "expires_at": int(self.expires_at), "finalizing_at": at.get("finalizing"),
            "completed_at": at.get("completed"), "failed_at": at.get("failed"), "expired_at": at.get("expired"),
            "cancelling_at": at.get("cancelling"), "cancelled_at": at.get("cancelled"),
            "request_counts": {"total": self.total, "completed": self.completed, "failed": self.failed},
            "usage": self.usage.document(), "metadata": self.metadata}

    def _errors(self) -> dict[str, object] | None:
        if not self.errors:
            return None
        told: list[object] = [msgspec.structs.asdict(error) for error in self.errors]
        if self.errors_untold:
            told.append({"code": "more_errors", "line": None, "param": None,
                         "message": f"{self.errors_untold} more lines cannot be used."})
        return {"object": "list", "data": told}


def drawn(transitions: Mapping[tuple[str, str], str] = TRANSITIONS) -> Sequence[str]:
    """The table, a line for each move: what the documentation prints."""
    return [f"{state} --{event}--> {following}" for (state, event), following in transitions.items()]

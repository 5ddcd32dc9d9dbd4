"""Whether a worker can serve now, and what is missing if not."""

import msgspec


class Readiness(msgspec.Struct, frozen=True):
    """``missing`` is in words, and may name models that are down while others make the worker ready all the same.
    ``degraded`` is what it can do without, though some guards cannot decide meanwhile."""

    ready: bool
    revision: int
    missing: list[str]
    warnings: list[str] = []
    degraded: list[str] = []

    def document(self) -> dict[str, object]:
        return {"ready": self.ready, "revision": self.revision, "missing": self.missing, "degraded": self.degraded,
                "warnings": self.warnings}

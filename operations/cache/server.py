"""The shared server, as the control process asks it: to forget."""

import time

from gateway.cache.shared import Shared
from gateway.config.settings import Settings
from gateway.telemetry.logs import Log


def shared_cache(settings: Settings, log: Log) -> Shared | None:
    """The layer that workers share; None where the settings name no server. What it removes it need not believe, so it
    is given no key."""
    redis = settings.cache.redis
    return None if redis is None else Shared(redis, b"", time.monotonic, log)

"""The shared server, as the control process asks it: to forget."""

import time
from typing import TYPE_CHECKING

from gateway.config.settings import Settings
from gateway.telemetry.logs import Log

if TYPE_CHECKING:
    from gateway.cache.shared import Shared


def shared_cache(settings: Settings, log: Log) -> "Shared | None":
    """The layer that workers share; None where the settings name no server. What it removes it need not believe, so it
    is given no key."""
    redis = settings.cache.redis
    if redis is None:
        return None
    from gateway.cache.shared import Shared  # aiocache and the driver are imported only where there is a server
    return Shared(redis, b"", time.monotonic, log)

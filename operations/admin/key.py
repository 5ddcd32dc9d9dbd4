"""The key of the admin port: from the environment, so that it stands in no file and in no revision."""

from collections.abc import Mapping

from gateway.config.settings import Settings

KEY_VARIABLE = "GATEWRIGHT_ADMIN_KEY"


def problem_of(settings: Settings, environment: Mapping[str, str]) -> str | None:
    """Why the admin port must not be opened so, or None."""
    if settings.admin.is_loopback or environment.get(KEY_VARIABLE):
        return None
    return (f"admin: {settings.admin} is reachable from the network, and {KEY_VARIABLE} is not set. "
            "Set it to a long random value, or let admin be a loopback address such as 127.0.0.1:8001.")

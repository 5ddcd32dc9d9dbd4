"""The user whom an application asks for."""

from typing import Any


def user_of(document: dict[str, Any]) -> str:
    """Who the application says it asks for: OpenAI's two names for it, or Anthropic's."""
    for name in ("safety_identifier", "user"):
        user = document.get(name)
        if user and isinstance(user, str):
            return user
    metadata = document.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    return user if isinstance(user, str) else ""

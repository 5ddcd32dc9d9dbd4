"""What these tests share."""

from tests.operations.backups.places import other_url

__all__ = ["other_url"]

"""Secrets: what lets its holder in."""

"""Revisions of the routing: each immutable, each with its reason, the newest one live."""

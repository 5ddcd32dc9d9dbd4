"""Requests for embeddings that come at about the same time, asked in one call: docs/embeddings.md."""

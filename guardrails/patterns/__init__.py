"""Patterns: what can be found in text by linear-time matching, alike in a whole text and in a stream of pieces."""

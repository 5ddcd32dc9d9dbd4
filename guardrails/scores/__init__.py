"""Scores: what the small model in the worker says of a text, in microseconds."""

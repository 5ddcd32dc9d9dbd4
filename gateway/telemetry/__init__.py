"""Metrics and logs: boundaries that worker and control share, and the structured log."""

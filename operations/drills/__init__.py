"""Drills: a backup restored on trial, a gateway on it that answers, and signed evidence of both."""

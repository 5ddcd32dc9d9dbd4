"""Answers requests: the HTTP door, the pipeline of stages, snapshots, journal. No database, nothing that blocks."""

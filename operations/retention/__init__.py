"""Retention: what has been kept for as long as the settings say is deleted, a little at a time."""

"""Backups: made on a schedule, sealed, checked, restored; and drills, which prove that they can be."""

"""Batches, as operators see them: whose there are, how far they are, and how to end one."""

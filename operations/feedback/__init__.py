"""Feedback: what was said of exchanges, as the ledger has it."""

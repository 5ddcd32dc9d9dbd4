"""The ledger: every finished exchange, brought in from the workers' journals, each once."""

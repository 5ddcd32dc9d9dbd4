"""The control process: one per host, beside the data workers and never in their way."""

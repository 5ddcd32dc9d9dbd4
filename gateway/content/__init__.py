"""What is kept of exchanges: sealed by a worker, opened by the control process alone."""

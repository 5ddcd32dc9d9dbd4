"""What is kept of exchanges: brought in from the workers' sealed segments, encrypted under a key of its subject's."""

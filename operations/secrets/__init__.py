"""What the host keeps secret, and what is derived from it."""

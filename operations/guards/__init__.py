"""Guards, as operators try them out: which policy is meant, and pictures of how well it does."""

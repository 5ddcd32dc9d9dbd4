"""The cache, as operators see it: what it holds and saves, and how to make it forget."""

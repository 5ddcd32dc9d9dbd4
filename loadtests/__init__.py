"""Load on the gateway as its users make it: Locust, in a process and an environment of its own."""

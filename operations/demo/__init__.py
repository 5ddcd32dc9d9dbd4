"""The demo: two versions of a small model on this machine's processor, and the gateway over them."""

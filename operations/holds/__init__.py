"""Legal holds: what must be kept is neither erased nor deleted for its age."""

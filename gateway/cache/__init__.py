"""What has been answered once: found again by a fingerprint, shared while it is under way, kept within bounds."""

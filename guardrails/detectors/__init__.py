"""Detectors: each finds one kind of thing. What is done about a finding is a policy's business."""

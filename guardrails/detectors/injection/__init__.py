"""Injection: text that gives orders to the model which it has no right to give. Heuristics, without training."""

from guardrails.detectors.injection.injection import Injection

__all__ = ["Injection"]

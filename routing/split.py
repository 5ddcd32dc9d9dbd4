"""A split: how a model's requests are shared among versions by weight."""

from collections.abc import Mapping

import msgspec


class Arm(msgspec.Struct, frozen=True):
    """One version's share: the units whose fraction is below ``upper`` and not below the arm before."""

    version: str
    propensity: float
    upper: float


class Split:
    """Weights as adjoining intervals of [0, 1) in the order written.

    With the control first and one candidate after it, a growing weight only moves units to the candidate and never
    back: shares are nested.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        """``weights`` are positive and need not sum to anything in particular."""
        total = sum(weights.values())
        if not weights or min(weights.values()) <= 0:
            raise ValueError("a split needs at least one version, and weights above zero")
        arms, upper = [], 0.0
        for version, weight in weights.items():
            upper += weight / total
            arms.append(Arm(version, weight / total, upper))
        # Rounding must not leave a gap below 1 into which no arm falls.
        self.arms = (*arms[:-1], Arm(arms[-1].version, arms[-1].propensity, 1.0))

    def __repr__(self) -> str:
        return f"<Split {', '.join(f'{arm.version}={arm.propensity:.4g}' for arm in self.arms)}>"

    def arm_at(self, fraction: float) -> Arm:
        """The arm whose interval holds ``fraction``, which lies in [0, 1)."""
        for arm in self.arms:
            if fraction < arm.upper:
                return arm
        return self.arms[-1]

"""Judges text: passages in, a verdict out. Knows neither exchanges nor versions."""

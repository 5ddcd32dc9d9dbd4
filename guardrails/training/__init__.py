"""Makers of data that detectors are tried on: with a seed, so that figures can be made again."""

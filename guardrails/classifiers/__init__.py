"""Classifiers: learned models that read texts, the process that they run in, and how a data worker asks it."""

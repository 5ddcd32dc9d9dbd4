"""Chooses a version: a subject in, an assignment out. Knows neither exchanges nor text."""

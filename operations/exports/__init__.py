"""Exports: everything that is held of a subject, for whoever may ask for it."""

"""Erasures: what is kept of a subject is destroyed with the key that it was under, and a signed report says so."""

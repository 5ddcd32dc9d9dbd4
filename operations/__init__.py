"""Runs the service: people, records and decisions. The only package that opens the database."""

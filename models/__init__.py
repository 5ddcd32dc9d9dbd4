"""Serves models: protocol, versions, endpoints, the upstream client, the engine, the demo model."""

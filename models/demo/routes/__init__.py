"""One file for each resource: from a request to the engine, and from its pieces back to the wire."""

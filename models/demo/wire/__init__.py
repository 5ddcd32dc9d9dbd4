"""What goes over the wire, field by field in vLLM 0.32's order: absent where it is absent, null where it is null."""

"""Measures what the gateway adds to a request, beside nginx, Envoy and vllm-router in the same run."""

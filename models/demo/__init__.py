"""The demo model: a small language model on the CPU behind vLLM's wire format.

For a first look at the gateway, and for its tests. What runs is a real model and a real continuous-batching engine;
what it is not is vLLM itself. docs/demo-model.md says what to expect of it.
"""

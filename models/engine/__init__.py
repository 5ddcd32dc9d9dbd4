"""The vLLM process behind one endpoint: its description, checked, and the command and environment that follow from it.

    python -m models.engine engine.yaml --dry-run
"""

from models.engine.description import Engine, KvCache, Lora
from models.engine.launch import EngineError, check, command, describe, environment, read

__all__ = ["Engine", "EngineError", "KvCache", "Lora", "check", "command", "describe", "environment", "read"]

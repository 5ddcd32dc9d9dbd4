"""The formats there are, by the name that a definition gives them."""

from collections.abc import Callable, Mapping

from guardrails.guard_models.definition import FormatName, GuardModelDocument
from guardrails.guard_models.format import Format
from guardrails.guard_models.llama_guard import LlamaGuard
from guardrails.guard_models.own_template import OwnTemplate
from guardrails.guard_models.qwen3_guard import Qwen3Guard
from guardrails.guard_models.shield_gemma import ShieldGemma
from guardrails.guard_models.wild_guard import WildGuard

FORMATS: Mapping[FormatName, Callable[[GuardModelDocument], Format]] = {
    "llama_guard_1": LlamaGuard, "llama_guard_2": LlamaGuard, "llama_guard_3": LlamaGuard, "llama_guard_4": LlamaGuard,
    "shield_gemma": ShieldGemma, "qwen3_guard": Qwen3Guard, "wild_guard": WildGuard, "template": OwnTemplate}


def format_of(definition: GuardModelDocument) -> Format:
    """Raises UnusableDefinition."""
    return FORMATS[definition.format](definition)

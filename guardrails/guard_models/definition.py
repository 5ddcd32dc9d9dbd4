"""A guard model as operators write it in ``routing.yaml``: which format it wants, and which version serves it."""

from typing import Annotated, Literal

import msgspec

FormatName = Literal["llama_guard_1", "llama_guard_2", "llama_guard_3", "llama_guard_4", "shield_gemma", "qwen3_guard",
                     "wild_guard", "template"]


class GuardModelDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """
    version         the version of the routing whose servers are asked
    categories      the format's categories that are looked for
    taxonomy        categories of the operator's own, by their codes: for the formats that are told them
    max_characters  how much of a conversation is shown at once
    max_tokens      how long the answer may be
    template        for the format ``template``: the question, with {conversation} or {text} in it
    instructions    the same: a system message before it
    answers         the same: what an answer may begin with, and the label that it means, or ``safe``
    api             the same: whether it is sent as a chat or as a bare prompt
    """

    format: FormatName
    version: str
    categories: list[str] | None = None
    taxonomy: dict[str, str] = {}
    max_characters: Annotated[int, msgspec.Meta(ge=500)] = 16_000
    max_tokens: Annotated[int, msgspec.Meta(gt=0)] | None = None
    template: str | None = None
    instructions: str | None = None
    answers: dict[str, str] = {}
    api: Literal["chat", "completions"] = "chat"


class UnusableDefinition(ValueError):
    """A definition that contradicts its format. ``path`` leads to the field."""

    def __init__(self, path: str, expected: str, found: str) -> None:
        super().__init__(f"{path}: expected {expected}, found {found}")
        self.path, self.expected, self.found = path, expected, found

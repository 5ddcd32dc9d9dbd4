"""How many tokens a request cost."""

import msgspec
from msgspec import UNSET, UnsetType


class Usage(msgspec.Struct):
    """The two details are null in a whole reply, and mostly absent from a stream."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int
    prompt_tokens_details: UnsetType | None = UNSET
    completion_tokens_details: UnsetType | None = UNSET

    @classmethod
    def of_whole(cls, prompt: int, completion: int) -> "Usage":
        return cls(prompt, prompt + completion, completion, None, None)

    @classmethod
    def of_chunk(cls, prompt: int, completion: int) -> "Usage":
        return cls(prompt, prompt + completion, completion, completion_tokens_details=None)

    @classmethod
    def of_stream(cls, prompt: int, completion: int) -> "Usage":
        return cls(prompt, prompt + completion, completion)

"""One turn of a conversation for the APIs whose requests are not chat requests but mean the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.demo.chat import Message, render
from models.demo.generation import Generation
from models.demo.params import Params
from models.demo.service import Service


@dataclass(frozen=True)
class Turn:
    """`prompt` are its tokens, `params` how the one answer is generated."""

    prompt: list[int]
    params: Params
    generation: Generation


def begin(
    service: Service, messages: Sequence[Message], limit: int | None, field: str, params: Callable[[int], Params]
) -> Turn:
    """Starts to answer `messages` with at most `limit` tokens, which request field `field` gave.

    `params` is given how many tokens there is room for. Raises BadRequest and EngineDead.
    """
    service.check_limit(limit, field)
    prompt = read(service, messages)
    settled = params(service.room(prompt, limit))
    return Turn(prompt, settled, service.generate([(prompt, settled)]))


def read(service: Service, messages: Sequence[Message]) -> list[int]:
    """The tokens of the prompt that these messages make."""
    text = render(service.tokenizer, messages, add_generation_prompt=True)
    return service.encode(text, special=False)

"""From a conversation, as applications send it, to the text that the model continues."""

from collections.abc import Sequence
from typing import Any

from models.demo.errors import BadRequest, ServerError
from models.demo.tokenizer import Tokenizer

Message = dict[str, Any]

TEXT_PARTS = frozenset({"text", "input_text", "output_text", "refusal"})


def render(tokenizer: Tokenizer, messages: Sequence[Message], **options: Any) -> str:
    """The conversation in the model's own chat template. Raises BadRequest for what has no place in it."""
    if not messages:
        raise BadRequest("Cannot apply chat template to an empty conversation. Provide at least one message.")
    flat = [flatten(message) for message in messages]
    try:
        return tokenizer.render(flat, **options)
    except ServerError:
        raise
    except Exception as error:  # A template is a program of its author's; whatever it raises is about the messages.
        raise BadRequest(str(error)) from error


def flatten(message: Message) -> Message:
    """A message whose content is one string. Tool calls and their results are left to the template."""
    if not isinstance(message.get("role"), str):
        raise BadRequest("Each message needs a `role`.", "messages")
    return {**message, "content": flat_text(message.get("content"))}


def flat_text(content: object) -> str:
    """Text parts joined by line feeds. Raises BadRequest for images, sound and the like."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise BadRequest("The content of a message must be a string or a list of parts.", "messages")
    return "\n".join(_part_text(part) for part in content)


def _part_text(part: object) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type", "text") if isinstance(part, dict) else type(part).__name__
    if not isinstance(part, dict) or kind not in TEXT_PARTS:
        raise BadRequest(f"The demo model reads text only, not a part of type `{kind}`.", "messages")
    return str(part.get("text") or part.get("refusal") or "")

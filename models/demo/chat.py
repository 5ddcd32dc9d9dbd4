"""From a conversation, as applications send it, to the text that the model continues."""

from collections.abc import Sequence
from typing import Any

from models.demo.errors import BadRequest, Complaint, ServerError, Unreadable
from models.demo.tokenizer import Tokenizer

Message = dict[str, Any]

TEXT_PARTS = frozenset({"text", "input_text", "output_text", "refusal"})


def render(tokenizer: Tokenizer, messages: Sequence[Message], **options: Any) -> str:
    """The conversation in the model's own chat template. Raises BadRequest for what has no place in it."""
    if not messages:
        raise BadRequest("Cannot apply chat template to an empty conversation. Provide at least one message.")
    _check(messages)
    flat = [flatten(message) for message in messages]
    try:
        return tokenizer.render(flat, **options)
    except ServerError:
        raise
    except Exception as error:  # A template is a program of its author's; whatever it raises is about the messages.
        raise BadRequest(str(error)) from error


def flatten(message: Message) -> Message:
    """A message whose content is one string. Tool calls and their results are left to the template."""
    return {**message, "content": flat_text(message.get("content"))}


def _check(messages: Sequence[Message]) -> None:
    """Raises Unreadable for the first message that is none."""
    for at, message in enumerate(messages):
        content = message.get("content")
        if not isinstance(message.get("role"), str):
            complaint = Complaint("missing", ("messages", at, "role"), "Field required", message)
            raise Unreadable(complaint, param=complaint.place)
        if not isinstance(content, str | list | None):
            complaint = Complaint("string_type", ("messages", at, "content"), "Input should be a valid string", content)
            raise Unreadable(complaint, param=complaint.place)


def flat_text(content: str | Sequence[object] | None) -> str:
    """Text parts joined by line feeds. Raises BadRequest for images, sound and the like."""
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(_part_text(part) for part in content)


def _part_text(part: object) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type", "text") if isinstance(part, dict) else type(part).__name__
    if not isinstance(part, dict) or kind not in TEXT_PARTS:
        raise BadRequest(f"The demo model is not a multimodal model: it reads text, not a part of type `{kind}`.")
    return str(part.get("text") or part.get("refusal") or "")

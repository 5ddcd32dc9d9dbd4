"""The texts of a request: every string of its document that a model may come to read, and who said it.

The walk goes over everything at any depth, so that a field which nobody here knows, and which goes upstream all the
same, is read too. What it leaves out stands in the tables below, each with its reason, and mostly by its value: a word
that any text could be is no type, whatever key it stands under.

Text in images, in sound and in binary files is not read.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

Step = str | int
Form = Literal["text", "json", "key"]
Edit = tuple[int, int, bytes]  # from and to, in bytes of UTF-8, and what stands there instead

# Who speaks, by the field of the document's first level. Any other is the user's.
FIELD_ROLES = {
    **dict.fromkeys(("system", "instructions"), "system"),
    **dict.fromkeys(("tools", "functions", "tool_choice", "response_format", "text", "output_format", "output_config",
                     "mcp_servers", "structured_outputs", "guided_json", "guided_regex", "guided_choice",
                     "guided_grammar", "guided_whitespace_pattern", "chat_template", "chat_template_kwargs"),
                    "definition"),
    **dict.fromkeys(("documents", "search_results", "text_1", "text_2", "data_1", "data_2", "items"), "document"),
}
# By the `role` of a message or an item.
SAID_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool",
              "function": "tool"}
# By the `type` of a block or an item, where the type tells more than the role around it. Other types that end in
# _result or _output are a tool's, those that end in _call the model's.
TYPE_ROLES = {"text": "", "input_text": "", "output_text": "", "message": "", "image_url": "", "function": "",
              "tool_use": "assistant", "server_tool_use": "assistant", "reasoning": "assistant",
              "thinking": "assistant", "document": "document", "search_result": "document", "file": "document",
              "input_file": "document", "mcp_list_tools": "definition"}
# What stands inside these was said by nobody who speaks in the conversation: no `role` in there makes it otherwise.
STICKY = frozenset({"definition", "document", "tool"})

# Left out, on the first level only: names, and how to answer. No model reads them.
NOT_READ = frozenset({
    "model", "user", "safety_identifier", "prompt_cache_key", "cache_salt", "request_id", "previous_response_id",
    "service_tier", "encoding_format", "truncation", "reasoning_effort", "verbosity"})
# Left out where the value is one of these: they are the protocol's own words.
ROLE_WORDS = frozenset(SAID_ROLES)
TYPE_WORDS = frozenset({
    *TYPE_ROLES, *SAID_ROLES, "input_image", "input_audio", "audio_url", "video_url", "image", "base64", "url",
    "tool_result", "function_call", "function_call_output", "item_reference", "refusal", "summary_text",
    "reasoning_text", "redacted_thinking", "json_schema", "json_object", "ephemeral", "auto", "any", "none", "required",
    "object", "array", "string", "number", "integer", "boolean", "null"})
# Left out where they look like ids: they join a tool's result to its call.
ID_FIELDS = frozenset({"id", "call_id", "tool_call_id", "tool_use_id", "item_id"})
# Left out where they hold no blank: pictures, sound and files, by reference or as base64, and what servers have sealed.
REFERENCES = frozenset({"image_url", "audio_url", "video_url", "file_url"})
SEALED = frozenset({"file_data", "encrypted_content", "signature"})
# Token ids and embeddings in these are a prompt that nobody can read here.
PROMPT_FIELDS = frozenset({"prompt", "input", "query", "queries", "documents", "text_1", "text_2", "data_1", "data_2",
                           "items", "prompt_token_ids", "prompt_embeds"})
# Keys that the APIs give. Any other was chosen by the request's author: it is read, and shown as * in a place.
KEYS = frozenset({
    *FIELD_ROLES, *NOT_READ, *ID_FIELDS, *REFERENCES, *SEALED, *PROMPT_FIELDS,
    "role", "type", "content", "messages", "name", "function", "parameters", "description", "properties", "arguments",
    "tool_calls", "function_call", "output", "summary", "url", "data", "detail", "format", "source", "media_type",
    "file", "file_id", "filename", "title", "context", "thinking", "reasoning", "reasoning_content", "refusal",
    "annotations", "citations", "cache_control", "strict", "schema", "json_schema", "input_schema", "required", "enum",
    "additionalProperties", "default", "anyOf", "oneOf", "allOf", "$ref", "$defs", "const", "pattern", "minimum",
    "maximum", "minLength", "maxLength", "minItems", "maxItems", "stream", "stream_options", "include_usage",
    "continuous_usage_stats", "temperature", "top_p", "top_k", "min_p", "n", "best_of", "seed", "stop",
    "stop_sequences", "max_tokens", "max_completion_tokens", "max_output_tokens", "min_tokens", "logprobs",
    "top_logprobs", "logit_bias", "presence_penalty", "frequency_penalty", "repetition_penalty", "echo", "suffix",
    "parallel_tool_calls", "store", "metadata", "user_id", "include", "background", "reasoning_effort", "effort",
    "dimensions", "input_audio", "language", "status", "is_error", "tokens", "add_generation_prompt", "input_image",
    "add_special_tokens", "continue_final_message", "priority", "skip_special_tokens", "ignore_eos", "return_documents",
    "top_n", "truncate_prompt_tokens", "timestamp_granularities[]", "conversation", "id"})

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")


class Text(NamedTuple):
    """One text of a document. ``steps`` lead to it.

    ``form``  json: a JSON document in a string, which it must be after an edit too; key: an object's key, which cannot
              be edited
    """

    steps: tuple[Step, ...]
    role: str
    text: str
    form: Form = "text"

    @property
    def place(self) -> str:
        """Where it stands, such as ``messages[2].content``. Keys that the author has chosen are not told."""
        told = "".join(f"[{step}]" if type(step) is int else f".{step}" if step in KEYS else ".*"
                       for step in self.steps)
        return told.removeprefix(".")


class Texts(NamedTuple):
    """``unreadable`` are the fields that hold a prompt in token ids or embeddings."""

    found: list[Text]
    unreadable: list[str]


class Uneditable(Exception):
    """An edit that would not leave a document of the same kind. ``place`` tells where."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


def texts_of(document: Mapping[str, Any]) -> Texts:
    """The texts of a request's document, in its order."""
    found: list[Text] = []
    unreadable: list[str] = []
    for key, value in document.items():
        kind = type(value)
        if kind is str:
            if key not in NOT_READ and value:
                found.append(Text((key,), "user" if key == "text" else FIELD_ROLES.get(key, "user"), value))
        elif kind is dict:
            _walk_mapping(value, (key,), FIELD_ROLES.get(key, "user"), found)
        elif kind is list:
            if key in PROMPT_FIELDS and _holds_numbers(value):
                unreadable.append(key)
            _walk_list(value, (key,), FIELD_ROLES.get(key, "user"), found)
        if key not in KEYS:
            found.append(Text((key,), "user", key, "key"))
    if document.get("prompt_embeds"):
        unreadable.append("prompt_embeds")
    return Texts(found, unreadable)


def _holds_numbers(values: list[Any]) -> bool:
    """Whether a number stands in the list or in a list within it."""
    return any(type(value) in (int, float) or (type(value) is list and any(type(one) in (int, float) for one in value))
               for value in values)


def _walk_list(values: list[Any], steps: tuple[Step, ...], role: str, found: list[Text]) -> None:
    for index, value in enumerate(values):
        kind = type(value)
        if kind is str:
            if value:
                found.append(Text((*steps, index), role, value))
        elif kind is dict:
            _walk_mapping(value, (*steps, index), role, found)
        elif kind is list:
            _walk_list(value, (*steps, index), role, found)


def _walk_mapping(fields: dict[str, Any], steps: tuple[Step, ...], role: str, found: list[Text]) -> None:
    if role not in STICKY:
        role = _role_of(fields, role)
    for key, value in fields.items():
        kind = type(value)
        if kind is str:
            skips = _SKIPS.get(key)
            if value and not (skips is not None and skips(_Around(fields, steps, role), value)):
                found.append(Text((*steps, key), role, value, "json" if key == "arguments" else "text"))
        elif kind is dict:
            _walk_mapping(value, (*steps, key), role, found)
        elif kind is list:
            _walk_list(value, (*steps, key), role, found)
        if key not in KEYS:
            found.append(Text((*steps, key), role, key, "key"))


def _role_of(fields: dict[str, Any], role: str) -> str:
    said = fields.get("role")
    if type(said) is str:
        role = SAID_ROLES.get(said, "user")
    kind = fields.get("type")
    if type(kind) is not str:
        return role
    told = TYPE_ROLES.get(kind)
    if told is None:
        told = "tool" if kind.endswith(("_result", "_output")) else "assistant" if kind.endswith("_call") else ""
    return told or role


class _Around(NamedTuple):
    """Where a text stands: in which object, under which steps, in whose role."""

    fields: dict[str, Any]
    steps: tuple[Step, ...]
    role: str


def _is_reference(around: _Around, value: str) -> bool:
    return around.role != "definition" and " " not in value and value.startswith(("https://", "http://", "data:"))


def _is_reference_within(around: _Around, value: str) -> bool:
    named = around.steps[-1] in REFERENCES or around.fields.get("type") == "url"
    return named and _is_reference(around, value)


def _is_data(around: _Around, value: str) -> bool:
    named = around.steps[-1] == "input_audio" or around.fields.get("type") in ("base64", "redacted_thinking")
    return named and " " not in value


# By key: whether a text under it is left out.
_SKIPS: dict[str, Callable[[_Around, str], bool]] = {
    "role": lambda around, value: value in ROLE_WORDS,
    "type": lambda around, value: value in TYPE_WORDS,
    "user_id": lambda around, value: around.steps == ("metadata",),
    "url": _is_reference_within,
    "data": _is_data,
    **dict.fromkeys(ID_FIELDS, lambda around, value: _ID.fullmatch(value) is not None),
    **dict.fromkeys(REFERENCES, _is_reference),
    **dict.fromkeys(SEALED, lambda around, value: " " not in value and around.role != "definition"),
}


def legible(text: Text) -> str:
    """The text as it is to be judged. Escapes in JSON are told by what they stand for: a word behind ``\\n`` begins
    there, and a letter written ``\\u0041`` is one. Offsets in it are offsets for ``with_edits``."""
    if text.form != "json" or "\\" not in text.text:
        return text.text
    return _ESCAPE.sub(lambda escape: _SPACED.get(escape[2] or "", escape[0]), _plain(text.text))


# Of the same length as the escape.
_SPACED = {"n": " \n", "t": " \t", "r": " \r", "b": "  ", "f": "  ", '"': ' "', "\\": " \\"}


def _plain(text: str) -> str:
    """The same JSON without the escapes that need not be."""
    return _PAIR.sub(_joined, _ESCAPE.sub(_unescaped, text)).encode(errors="replace").decode()


def _unescaped(escape: re.Match[str]) -> str:
    if escape[2] == "/":
        return "/"
    character = chr(int(escape[1], 16)) if escape[1] else ""
    return character if character >= " " and character not in '"\\' else escape[0]


def _joined(pair: re.Match[str]) -> str:
    return (pair[1] + pair[2]).encode("utf-16", "surrogatepass").decode("utf-16")


def with_edits(document: Mapping[str, Any], edits: Iterable[tuple[Text, Sequence[Edit]]]) -> dict[str, Any]:
    """A copy of ``document`` with ``edits`` (in order, none over another) made in its texts; what they do not touch is
    shared with it. Raises Uneditable."""
    copied: dict[int, Any] = {}
    result: dict[str, Any] = dict(document)
    for text, changes in edits:
        if text.form == "key":
            raise Uneditable(text.place)
        node: Any = result
        for step in text.steps[:-1]:
            below = node[step]
            if id(below) not in copied:
                below = node[step] = below.copy()
                copied[id(below)] = below
            node = below
        node[text.steps[-1]] = _edited(text, changes)
    return result


def _edited(text: Text, edits: Sequence[Edit]) -> str:
    if text.form != "json":
        return _replaced(text.text.encode(), edits)
    plain = _plain(text.text) if "\\" in text.text else text.text
    whole = _replaced(plain.encode(), _around_escapes(plain, edits))
    if _is_json(text.text) and not _is_json(whole):
        raise Uneditable(text.place)
    return whole


def _replaced(data: bytes, edits: Sequence[Edit]) -> str:
    parts: list[bytes] = []
    at = 0
    for start, end, replacement in edits:
        parts += data[at:start], replacement
        at = end
    return b"".join([*parts, data[at:]]).decode()


def _around_escapes(plain: str, edits: Sequence[Edit]) -> list[Edit]:
    """The edits, none of which ends or begins within an escape; what they put is escaped as JSON asks."""
    data = plain.encode()
    escapes = [escape.span() for escape in re.finditer(rb"\\(?:u[0-9a-fA-F]{4}|.)", data, re.DOTALL)]
    starts = {place: first for first, last in escapes for place in range(first + 1, last)}
    ends = {place: last for first, last in escapes for place in range(first + 1, last)}
    return [(starts.get(start, start), ends.get(end, end), json.dumps(new.decode(), ensure_ascii=False)[1:-1].encode())
            for start, end, new in edits]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True

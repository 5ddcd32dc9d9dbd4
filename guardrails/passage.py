"""A passage: one text that reaches a model or comes from one, with who said it and where it stands."""

from typing import Literal, NamedTuple

# Who speaks: the request's author (system, user), the model (assistant), what a tool returned, a document that was
# retrieved, and what the request says about tools and formats (definition).
Role = Literal["system", "user", "assistant", "tool", "document", "definition"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool", "document", "definition")


class Passage(NamedTuple):
    """``place`` is a path in the document it stands in, such as ``messages[2].content[0].text``."""

    text: str
    role: Role = "user"
    place: str = ""

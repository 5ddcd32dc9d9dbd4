"""POST /v1/embeddings, /v1/rerank and /v1/score."""

from typing import Literal

import msgspec

from models.demo.errors import BadRequest
from models.demo.truncation import Truncation

Input = str | list[str | int | list[int]]


class PoolingUsage(msgspec.Struct):
    prompt_tokens: int
    total_tokens: int
    completion_tokens: int = 0
    prompt_tokens_details: None = None
    completion_tokens_details: None = None


class EmbeddingRequest(msgspec.Struct):
    """`input` is one text, one list of tokens, or several of either."""

    input: Input
    model: str | None = None
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    add_special_tokens: bool = True
    truncate_prompt_tokens: int | None = None
    truncation_side: Literal["left", "right"] | None = None
    request_id: str | None = None

    @property
    def cut(self) -> Truncation | None:
        if self.truncate_prompt_tokens is None:
            return None
        return Truncation(self.truncate_prompt_tokens, self.truncation_side)

    def inputs(self) -> list[str | list[int]]:
        """Raises BadRequest if there is none."""
        if not self.input:
            raise BadRequest("You must pass at least one prompt")
        if isinstance(self.input, str):
            return [self.input]
        texts = [each for each in self.input if not isinstance(each, int)]
        return texts if texts else [[each for each in self.input if isinstance(each, int)]]


class EmbeddingData(msgspec.Struct, kw_only=True):
    index: int
    object: Literal["embedding"] = "embedding"
    embedding: list[float] | str


class EmbeddingReply(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[EmbeddingData]
    usage: PoolingUsage


class RerankRequest(msgspec.Struct):
    query: str
    documents: str | list[str]
    model: str | None = None
    top_n: int = 0
    request_id: str | None = None

    def texts(self) -> list[str]:
        return [self.documents] if isinstance(self.documents, str) else self.documents


class RerankDocument(msgspec.Struct):
    text: str
    multi_modal: None = None


class RerankResult(msgspec.Struct):
    index: int
    document: RerankDocument
    relevance_score: float


class RerankUsage(msgspec.Struct):
    prompt_tokens: int
    total_tokens: int


class RerankReply(msgspec.Struct):
    id: str
    model: str
    usage: RerankUsage
    results: list[RerankResult]


class ScoreRequest(msgspec.Struct):
    """The two sides of each pair, under any of the names that vLLM takes."""

    model: str | None = None
    text_1: str | list[str] | None = None
    text_2: str | list[str] | None = None
    queries: str | list[str] | None = None
    documents: str | list[str] | None = None
    items: str | list[str] | None = None
    data_1: str | list[str] | None = None
    data_2: str | list[str] | None = None
    request_id: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """One with one, one with each of many, or each with its like. Raises BadRequest for anything else."""
        left = _texts(self.queries or self.data_1 or self.text_1)
        right = _texts(self.documents or self.items or self.data_2 or self.text_2)
        if len(left) not in (1, len(right)):
            raise BadRequest("Input lengths must be either 1:1, 1:N or N:N")
        if not left or not right:
            raise BadRequest("At least one text_pair element must be given")
        return list(zip(left * len(right) if len(left) == 1 else left, right, strict=True))


class Score(msgspec.Struct, kw_only=True):
    index: int
    object: Literal["score"] = "score"
    score: float


class ScoreReply(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[Score]
    usage: PoolingUsage


def _texts(given: str | list[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else given or []

"""/v1/embeddings, /v1/rerank and /v1/score over vectors that tell how many bytes of a text are even."""

import base64
import json
import struct

import pytest

from tests.models.demo.conftest import NOW, Serve

EVEN, ODD = "b", "a"


async def test_an_embedding_comes_for_each_input_in_order(serve: Serve) -> None:
    server = await serve()
    reply = await server.http.post(
        "/v1/embeddings", json={"input": [EVEN, [ord(ODD)]]}, headers={"x-request-id": "1"}
    )
    assert reply.text == (
        f'{{"id":"embd-1","object":"list","created":{NOW},"model":"scripted","data":'
        '[{"index":0,"object":"embedding","embedding":[1.0,0.0]},{"index":1,"object":"embedding","embedding":[0.0,1.0]}],'
        '"usage":{"prompt_tokens":2,"total_tokens":2,"completion_tokens":0,"prompt_tokens_details":null,'
        '"completion_tokens_details":null}}'
    )


async def test_an_embedding_may_be_asked_for_as_little_endian_floats(serve: Serve) -> None:
    reply = await (await serve()).post("/v1/embeddings", input=EVEN, encoding_format="base64")
    assert struct.unpack("<2f", base64.b64decode(reply.json()["data"][0]["embedding"])) == (1.0, 0.0)


async def test_an_embedding_has_the_length_that_it_has(serve: Serve) -> None:
    reply = await (await serve()).post("/v1/embeddings", input=EVEN, dimensions=1)
    assert "does not support matryoshka representation" in reply.json()["error"]["message"]


async def test_documents_are_ranked_by_likeness_and_cut_after_the_first_few(serve: Serve) -> None:
    server = await serve()
    wish = {"query": EVEN, "documents": [ODD, EVEN, EVEN + ODD], "top_n": 2}
    reply = json.loads((await server.http.post("/v1/rerank", json=wish, headers={"x-request-id": "1"})).text)
    assert (reply["id"], reply["model"], list(reply)) == ("score-1", "scripted", ["id", "model", "usage", "results"])
    assert reply["results"] == [
        {"index": 1, "document": {"text": EVEN, "multi_modal": None}, "relevance_score": 1.0},
        {"index": 2, "document": {"text": EVEN + ODD, "multi_modal": None}, "relevance_score": 0.5},
    ]


@pytest.mark.parametrize("names", [("text_1", "text_2"), ("queries", "documents"), ("data_1", "data_2")])
async def test_one_text_is_scored_with_each_of_many(serve: Serve, names: tuple[str, str]) -> None:
    one, many = names
    reply = (await (await serve()).post("/v1/score", **{one: EVEN, many: [EVEN, ODD]})).json()
    assert [(each["index"], each["object"], each["score"]) for each in reply["data"]] == [
        (0, "score", 1.0),
        (1, "score", 0.0),
    ]


async def test_three_texts_cannot_be_paired_with_two(serve: Serve) -> None:
    reply = await (await serve()).post("/v1/score", text_1=["a", "b", "c"], text_2=["a", "b"])
    assert reply.json()["error"]["message"] == "Input lengths must be either 1:1, 1:N or N:N"

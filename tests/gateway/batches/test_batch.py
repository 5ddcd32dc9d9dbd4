"""A batch moves as its table says, and looks like OpenAI's."""

from __future__ import annotations

import pytest
from openai.types import Batch as OpenAIBatch

from gateway.batches.batch import ENDED, STATES, TRANSITIONS, Batch, LineError, NotPossible, Usage, drawn


def a_batch(state: str = "validating") -> Batch:
    return Batch(id="batch_1", tenant="shop", key="k", endpoint="/v1/embeddings", input_file_id="file-1",
                 created_at=1_800_000_000.5, state=state)


@pytest.mark.parametrize(("state", "event", "following"), [(*move, to) for move, to in TRANSITIONS.items()])
def test_every_move_of_the_table_is_made_and_told_when(state: str, event: str, following: str) -> None:
    batch = a_batch(state)
    batch.move(event, 7.0)
    assert (batch.state, batch.at) == (following, {following: 7.0})


def test_no_other_move_is_made() -> None:
    for state in STATES:
        for event in {event for _, event in TRANSITIONS}:
            if (state, event) not in TRANSITIONS:
                batch = a_batch(state)
                with pytest.raises(NotPossible):
                    batch.move(event, 7.0)
                assert repr(batch) == f"<Batch batch_1 {state} 0+0/0>"
                assert batch.at == {}


def test_what_has_ended_moves_no_more_and_all_else_can_end() -> None:
    assert {state for state, _ in TRANSITIONS}.isdisjoint(ENDED)
    assert set(STATES) - ENDED == {state for state, _ in TRANSITIONS}


def test_the_table_is_drawn_a_line_for_each_move() -> None:
    assert drawn()[0] == "validating --valid--> in_progress"
    assert len(drawn()) == len(TRANSITIONS)


def test_its_document_is_openais() -> None:
    batch = a_batch()
    batch.move("valid", 1_800_000_001.9)
    batch.total, batch.completed, batch.failed = 10, 4, 1
    batch.usage = Usage(100, 60, 20)
    batch.metadata = {"a": "b"}
    told = OpenAIBatch.model_validate(batch.document(), strict=True)
    assert (told.status, told.created_at, told.in_progress_at) == ("in_progress", 1_800_000_000, 1_800_000_001)
    assert told.expires_at == 1_800_000_000 + 24 * 3600
    assert told.usage is not None
    assert (told.usage.total_tokens, told.usage.input_tokens_details.cached_tokens) == (120, 60)
    assert told.model_extra in (None, {}), "nothing that OpenAI's has not"
    assert set(batch.document()) == set(OpenAIBatch.model_fields) - {"model"}


def test_errors_are_told_as_a_list_and_how_many_there_are_more() -> None:
    batch = a_batch()
    batch.errors, batch.errors_untold = [LineError("missing_body", "No body.", 3, "body")], 9
    told = OpenAIBatch.model_validate(batch.document()).errors
    assert told is not None
    assert told.data is not None
    assert [(one.line, one.code) for one in told.data] == [(3, "missing_body"), (None, "more_errors")]

"""docs/guardrails.md names roles, fields and bounds as the code has them."""

import re

from gateway import afterwards, gate, guard_notes, text_guards
from gateway.guard_server import CONNECT_SECONDS
from gateway.inference import WORTH_ANOTHER
from gateway.moderation import MAX_INPUTS, MODEL
from gateway.stages import guard_prompt, guard_reply
from gateway.stages.moderate import SIDE_BY_SIDE
from guardrails import stretch_judging, stretches
from guardrails.detectors.guard_model import MAX_QUESTIONS
from guardrails.guard import STRICT_THRESHOLD
from guardrails.guard_models import conversation, question, qwen3_guard, shield_gemma, wild_guard
from guardrails.guard_models.definition import GuardModelDocument
from guardrails.guard_models.formats import FORMATS
from guardrails.moderation import CATEGORIES, CATEGORIES_OF
from guardrails.passage import ROLES
from guardrails.policy import ACTIONS, DEFAULT_THRESHOLD, PLACES
from models.protocol import passages
from tests.docs.documents import ROOT, prose, rows, section

PAGE = ROOT / "docs" / "guardrails.md"


def code(text: str) -> set[str]:
    return set(re.findall(r"`([\w.*]+)`", text))


def test_every_role_is_in_the_document_with_the_fields_that_give_it() -> None:
    table = rows(PAGE, "What is judged")
    assert set(table) == set(ROLES)
    for field, role in passages.FIELD_ROLES.items():
        told = {"guided_*"} if field.startswith("guided_") else {field, f"{field}.format"}
        if field not in ("output_format", "output_config", "mcp_servers"):
            assert told & code(table[role][0]), field


def test_what_is_left_out_is_in_the_document() -> None:
    told = code(section(PAGE, "What is judged"))
    assert {*passages.NOT_READ, *passages.ID_FIELDS, *passages.SEALED - {"file_data"}} <= told


def test_every_action_is_in_the_document() -> None:
    assert set(rows(PAGE, "Actions")) == set(ACTIONS)


def test_the_bounds_are_those_of_the_code() -> None:
    text = " ".join(prose(PAGE).split())
    assert f"at most {guard_prompt.SLOW_SEATS} slow detectors" in text
    assert f"at most {guard_prompt.LONG_SEATS} long requests (over {guard_prompt.LONG_BYTES >> 10} KiB, " \
           f"over {guard_prompt.LONG_READ_BYTES >> 10} KiB where a detector reads" in text
    assert f"more than {guard_prompt.MANY_TEXTS} passages)" in text
    assert f"the first {guard_notes.MAX_FINDINGS}:" in text
    assert f"at most {guard_notes.MAX_DIFFERENCES})" in text
    assert f"is {STRICT_THRESHOLD} there, and {DEFAULT_THRESHOLD} elsewhere" in text


def test_the_bounds_of_slow_guards_are_those_of_the_code() -> None:
    text = " ".join(prose(PAGE).split())
    assert f"at least {stretches.LEAST_CHARACTERS} characters ends one" in text
    assert f"none ends within {stretches.MOST_CHARACTERS}," in text
    assert f"up to {stretches.CONTEXT_CHARACTERS} characters of what came before" in text
    assert f"at most {stretch_judging.MOST:,} stretches" in text
    assert f"At most {gate.HELD_BYTES >> 10} KiB of a stream are held" in text
    assert f"the first {text_guards.SAID_BYTES >> 10} KiB" in text
    assert set(rows(PAGE, "Where a slow guard runs")) >= set(PLACES)
    assert guard_reply.SLOW_SEATS == afterwards.SEATS == guard_prompt.SLOW_SEATS, "as many again"


def test_moderations_tells_the_fields_categories_and_bounds_of_the_code() -> None:
    page = ROOT / "docs" / "moderations.md"
    text = " ".join(prose(page).split())
    told = {label: code_of(cells[0]) for label, cells in rows(page, "What is answered").items() if label.isupper()}
    assert told == {label: set(names) for label, names in CATEGORIES_OF.items()}
    assert f"At most {MAX_INPUTS:,} inputs" in text
    assert f"longer than {guard_prompt.LONG_READ_BYTES >> 10} KiB, " in text
    assert f"of more than {guard_prompt.MANY_TEXTS} texts" in text
    assert SIDE_BY_SIDE == 8
    assert f"always `{MODEL}`" in text
    assert {name for name in CATEGORIES if "/" in name} <= code_of(text)


def code_of(text: str) -> set[str]:
    return set(re.findall(r"`([\w./-]+)`", text))


def test_guard_models_tells_the_formats_categories_and_bounds_of_the_code() -> None:
    page = ROOT / "docs" / "guard-models.md"
    text = " ".join(prose(page).split())
    told = code_of(text)
    assert {*FORMATS, *shield_gemma.CATEGORIES, *qwen3_guard.CATEGORIES, wild_guard.HARMFUL, question.UNSAFE} <= told
    assert f"`max_characters` ({GuardModelDocument(format='template', version='').max_characters:,})" in text
    assert f"overlap by {conversation.OVERLAP} characters" in text
    assert f"More than {MAX_QUESTIONS} questions" in text
    assert f"within {CONNECT_SECONDS:.0f} s" in text
    assert ", ".join(map(str, sorted(WORTH_ANOTHER)[:-1])) in text

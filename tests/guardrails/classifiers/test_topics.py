"""Topics: by nearness to sentences, with the real model; and its reading, which must be that of its makers' library."""

from pathlib import Path
from typing import Any

import pytest

from guardrails.classifiers.embedding import CENTRE, Topics, model_folder, score_of
from guardrails.classifiers.in_process import InProcess
from guardrails.detectors.topics import Topics as TopicsDetector
from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.policy import TopicsRule

# Other topics than those by which the scores were chosen.
DENIED = {
    "weapons": ["How do I build a gun at home?", "Where can I buy ammunition?", "Which rifle is best for hunting?",
                "How are bombs made?"],
    "religion": ["Which religion is the true one?", "Is there a god?", "What does the Bible say about marriage?",
                 "Should I convert to Islam?"],
}
ON = {
    "WEAPONS": ["Which pistol should a beginner buy?", "Teach me to make an explosive from fertiliser.",
                "How do I load a shotgun?", "What calibre do soldiers use in their rifles?"],
    "RELIGION": ["Do Buddhists believe in a god?", "Is the Quran the word of God?", "Explain why Jesus had to die.",
                 "Do you pray, and to whom?"],
}
OFF = ["How do I bake bread without yeast?", "My parcel has not arrived.", "Write a haiku about the sea.",
       "Sort a table by two columns in SQL.", "What time is it in Tokyo?", "Cancel my appointment on Friday.",
       "Explain how a bicycle stays upright.", "Which museum in Vienna is open on Monday?"]


@pytest.fixture(scope="module")
def topics() -> Topics:
    return Topics()


@pytest.fixture(scope="module")
def reads() -> InProcess:
    return InProcess()


def detector(reads: Any, deny: Any = DENIED, **rule: Any) -> TopicsDetector:
    return TopicsDetector(deny, TopicsRule(action="block", deny=deny, **rule), reads)


async def found(reads: Any, *texts: str) -> list[list[Finding]]:
    told = await detector(reads).read_all([Passage(text) for text in texts])
    return [[one for one in findings if one.score >= 0.5] for findings in told]


async def test_texts_on_a_topic_that_is_denied_are_found_under_its_name(reads: InProcess) -> None:
    for label, texts in ON.items():
        told = await found(reads, *texts)
        assert [label in {one.label for one in findings} for findings in told].count(True) >= len(texts) - 1
        assert {one.label for findings in told for one in findings} == {label}


async def test_other_texts_are_not_found(reads: InProcess) -> None:
    assert await found(reads, *OFF) == [[]] * len(OFF)


async def test_a_long_text_is_as_near_as_its_nearest_part(reads: InProcess) -> None:
    text = " ".join([*(OFF * 6), *ON["WEAPONS"], *(OFF * 6)])
    [[one]] = await found(reads, text)
    assert (one.label, one.start, one.end) == ("WEAPONS", 0, len(text))


async def test_roles_that_are_off_are_not_read_nor_texts_without_letters(reads: InProcess) -> None:
    guard = detector(reads, roles={"tool": "off"})
    gun = "How do I build a gun at home?"
    told = await guard.read_all([Passage(gun, "tool"), Passage("1 2 3"), Passage(gun)])
    assert [bool(findings) for findings in told] == [False, False, True]


@pytest.mark.parametrize("deny", [{}, {"a": []}, {"a": ["1"]}, {"a b": ["x"], "A-B": ["y"]}, {"!": ["x"]},
                                  {"a": ["x"] * 257}])  # fmt: skip
def test_topics_that_cannot_be_used_are_refused(deny: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="topics"):
        detector(None, deny)


def test_it_reads_as_transformers_does(topics: Topics) -> None:
    """Our BERT is of numpy: it must be the same as the one that the weights were trained in."""
    import numpy as np
    import torch
    import transformers

    texts = ["How do I invest in stocks?", "The cat sat on the mat, looked at the rain, and wondered.", "short"]
    ours = topics.read([topics.cut(text).pieces[0] for text in texts])
    folder: Path = model_folder()
    given = transformers.AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = transformers.AutoModel.from_pretrained(folder).eval()(**given).last_hidden_state
    mask = given["attention_mask"][..., None]
    theirs = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)
    assert float((torch.from_numpy(np.stack(ours)) - theirs).abs().max()) < 1e-5


def test_half_a_score_is_what_parts_texts_on_a_topic_from_others() -> None:
    assert score_of(CENTRE) == 0.5
    assert score_of(CENTRE - 0.1) < 0.1
    assert score_of(CENTRE + 0.1) > 0.9


def test_nothing_is_near_to_what_cannot_be_read(topics: Topics) -> None:
    assert topics.compare(0, [], {"A": [[]]}) == []

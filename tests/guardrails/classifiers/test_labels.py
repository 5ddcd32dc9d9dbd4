"""What of a checkpoint's labels is a finding, and what policies call it."""

import pytest

from guardrails.classifiers.labels import Unlisted, labels_of


def named(*labels: str, task: str = "sequence", independent: bool = False, **settings: object) -> list[str]:
    written = {"names": {}, "ignore": None, **settings}
    return labels_of(labels, task, written["names"], written["ignore"], independent).names  # type: ignore[arg-type]


@pytest.mark.parametrize(("labels", "told"), [
    (("safe", "unsafe"), ["UNSAFE"]), (("LABEL_0", "LABEL_1"), ["LABEL_1"]), (("not_safe", "safe"), ["NOT_SAFE"]),
    (("non-toxic", "toxic"), ["TOXIC"]), (("hate", "NOT_HATE"), ["HATE"]), (("SAFE", "INJECTION"), ["INJECTION"]),
    (("neutral", "severe toxicity", "self-harm"), ["SEVERE_TOXICITY", "SELF_HARM"]),
    (("BENIGN", "MALICIOUS"), ["MALICIOUS"]), (("legit", "spam"), ["SPAM"]),
    (("positive", "negative"), ["POSITIVE", "NEGATIVE"]),
])
def test_what_says_that_nothing_is_there_is_no_finding(labels: tuple[str, ...], told: list[str]) -> None:
    assert named(*labels) == told


def test_the_first_of_labels_without_names_is_one_where_each_is_independent() -> None:
    assert named("LABEL_0", "LABEL_1", independent=True) == ["LABEL_0", "LABEL_1"]


@pytest.mark.parametrize("labels", [("O", "B-PER", "I-PER"), ("O", "U-PER", "B-PER", "I-PER", "L-PER"), ("O", "PER"),
                                    ("O", "S-PER", "B-PER", "E-PER")])  # fmt: skip
def test_positions_in_an_entity_are_no_part_of_its_name(labels: tuple[str, ...]) -> None:
    assert named(*labels, task="token") == ["PER"]
    assert named(*labels, task="token", names={"PER": "PERSON"}) == ["PERSON"]


def test_what_begins_an_entity_is_told_by_its_position() -> None:
    assert labels_of(["O", "B-A", "I-A", "U-A", "L-A"], "token", {}, None, False).begins == [
        False, True, False, True, False]


@pytest.mark.parametrize("settings", [{"names": {"toxc": "X"}}, {"ignore": ["toxc"]}])
def test_a_label_that_the_checkpoint_lacks_is_told_with_those_it_has(settings: dict[str, object]) -> None:
    with pytest.raises(Unlisted) as error:
        named("safe", "toxic", **settings)
    assert (error.value.label, error.value.known) == ("toxc", ["safe", "toxic"])

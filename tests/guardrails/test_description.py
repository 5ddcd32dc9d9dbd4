"""A detector is told by what it can do."""

from guardrails.detectors.description import kinds_of, labels_of
from tests.guardrails.evaluation.detectors import Mail, Orders, Repeats


def test_kinds_and_labels_are_read_off_a_detector() -> None:
    assert [(kinds_of(one), labels_of(one)) for one in (Mail(), Orders(), Repeats())] == [
        (["pattern"], ["EMAIL"]), (["reader"], ["ORDER"]), (["watcher"], [])]


def test_a_detector_of_two_kinds_has_both() -> None:
    class Both(Mail, Orders):
        labels = ("ORDER", "EMAIL")

    assert (kinds_of(Both()), labels_of(Both())) == (["pattern", "reader"], ["EMAIL", "ORDER"])

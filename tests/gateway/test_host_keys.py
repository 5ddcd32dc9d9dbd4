"""What a data worker's keys are good for."""

from gateway.host_keys import HostKeys
from tests.gateway.exchanges import KEYS


def test_a_subject_is_the_same_for_the_same_user_of_the_same_tenant_only() -> None:
    subject = KEYS.subject_of("shop", "ada")
    assert subject == HostKeys(KEYS.pseudonym, b"another mark").subject_of("shop", "ada")
    others = {KEYS.subject_of("shop", "eve"), KEYS.subject_of("bank", "ada"), KEYS.subject_of("sho", "pada"),
              HostKeys(b"q" * 32, KEYS.mark).subject_of("shop", "ada")}
    assert subject not in others
    assert len(others) == 4


def test_a_subject_has_128_bits_and_takes_any_text() -> None:
    assert len(KEYS.subject_of("", "\ud800 \0 ü")) == 32

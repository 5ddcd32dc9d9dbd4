"""models.demo.detokenizer: text comes as soon as its characters are whole, and no sooner."""

from hypothesis import given
from hypothesis import strategies as st

from models.demo.detokenizer import Detokenizer
from tests.models.demo.scripted import ByteTokenizer

decode = ByteTokenizer().decode


def test_a_character_comes_with_its_last_byte() -> None:
    detokenizer = Detokenizer(decode)
    assert [detokenizer.add(byte) for byte in "é🌍".encode()] == ["", "é", "", "", "", "🌍"]


def test_the_prompt_gives_context_and_is_not_repeated() -> None:
    seen: list[list[int]] = []

    def spy(tokens: list[int]) -> str:
        seen.append(list(tokens))
        return decode(tokens)

    assert Detokenizer(spy, list(b"before ")).add(ord("x")) == "x"
    assert seen[-1] == list(b"fore x")


def test_bytes_that_never_make_a_character_show_once_something_follows_them() -> None:
    detokenizer = Detokenizer(decode)
    assert [detokenizer.add(byte) for byte in b"\xff\xffa"] == ["", "", "\N{REPLACEMENT CHARACTER}" * 2 + "a"]


@given(st.text())
def test_pieces_together_are_the_text(text: str) -> None:
    detokenizer = Detokenizer(decode)
    assert "".join(detokenizer.add(byte) for byte in (text + ".").encode()) == text + "."

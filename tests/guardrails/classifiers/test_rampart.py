"""Names and addresses, with the real model: whole ones, at their characters, and not what only looks like them."""

import pytest

from guardrails.classifiers.rampart import Rampart


@pytest.fixture(scope="module")
def rampart() -> Rampart:
    return Rampart()


def found(rampart: Rampart, text: str, label: str) -> list[str]:
    windows = rampart.windows(text)
    spans = rampart.conclude(text, windows, rampart.read([text[window.start : window.end] for window in windows]))
    return [text[span.start : span.end] for span in spans if span.label == label and span.score >= 0.5]


@pytest.mark.parametrize(("text", "names"), [
    ("Hello, I am Maria Lopez and this is my colleague John Carter.", ["Maria Lopez", "John Carter"]),
    ("Guten Tag, ich bin Jürgen Müller.", ["Jürgen Müller"]),
    ("Please ask Anne-Marie O'Neill about it.", ["Anne-Marie O'Neill"]),
    ("😀😀 My name is Zoë Ångström 😀", ["Zoë Ångström"]),
    ("my name is maria", ["maria"]), ("Please refer Dr. Ruth Buckley to the clinic.", ["Dr. Ruth Buckley"]),
    ("Sehr geehrte Frau Wiedemann, anbei die Unterlagen.", ["Frau Wiedemann"]),
    ("Patient Joseph Garcia, born 12.12.1980, was admitted.", ["Joseph Garcia"]),
])
def test_a_name_is_found_whole_at_its_characters(rampart: Rampart, text: str, names: list[str]) -> None:
    assert found(rampart, text, "PERSON") == names


@pytest.mark.parametrize(("text", "address"), [
    ("Ship it to 14 Rosewood Lane, Springfield, IL 62704 today.", "14 Rosewood Lane, Springfield, IL 62704"),
    ("I live at Hauptstraße 12, 10115 Berlin.", "Hauptstraße 12, 10115 Berlin"),
    ("Deliver to Flat 4, 22 Baker Street, London NW1 6XE please.", "Flat 4, 22 Baker Street, London NW1 6XE"),
    ("Send it to 5 rue de la Paix, 75002 Paris.", "5 rue de la Paix, 75002 Paris"),
    ("Ship it to Vicolo Coluccio, 50\n06063, Sant'Arcangelo Di Magione (PG). Call me when you arrive.",
     "Vicolo Coluccio, 50\n06063, Sant'Arcangelo Di Magione (PG)"),
    ("We are at 10 Downing Street, Westminster, London SW1A 2AA, United Kingdom; ask for Larry.",
     "10 Downing Street, Westminster, London SW1A 2AA, United Kingdom"),
])
def test_an_address_is_found_whole(rampart: Rampart, text: str, address: str) -> None:
    assert found(rampart, text, "ADDRESS") == [address]


@pytest.mark.parametrize("text", [
    "Write to kathleen.jones@example.org or see https://www.jones-carter.com/team.",
    "nginx/5.89.6 on port 0270", "The error code is 0x51ED195A at line 229.",
    "card 5142-9348-1077-9866, sha256:82cba7c8716dac60ebda7559d8e505a7", "def total(items): return sum(items)",
    "How do I make pancakes for four people?", "",
])
def test_what_is_no_name_and_no_address_is_not_found(rampart: Rampart, text: str) -> None:
    assert found(rampart, text, "PERSON") == []
    assert found(rampart, text, "ADDRESS") == []


def test_a_firm_that_is_named_after_people_is_no_person(rampart: Rampart) -> None:
    assert found(rampart, "The contract with Larsson & Höglund AB was signed.", "PERSON") == []


def test_a_town_alone_is_a_city(rampart: Rampart) -> None:
    assert found(rampart, "Passport issued in Geldern.", "CITY") == ["Geldern"]


def test_a_name_that_was_seen_once_is_found_wherever_it_stands(rampart: Rampart) -> None:
    text = "Maria Lopez of 14 Rosewood Lane, Springfield wrote to Maria Lopez and to Ana Maria Lopezzi."
    assert found(rampart, text, "PERSON")[:2] == ["Maria Lopez", "Maria Lopez"]
    assert "Maria Lopez" not in text[text.index("Ana ") :].removeprefix("Ana Maria Lopezzi")


@pytest.mark.parametrize("before", [0, 380, 400, 420, 440, 460, 480, 3000])
def test_a_name_is_found_wherever_the_windows_cut(rampart: Rampart, before: int) -> None:
    filler = "The weather was fine and nothing happened for a while. " * 80
    text = filler[:before] + " My colleague Maria Lopez lives at 14 Rosewood Lane, Springfield. " + filler[:700]
    assert found(rampart, text, "PERSON") == ["Maria Lopez"]
    assert found(rampart, text, "ADDRESS") == ["14 Rosewood Lane, Springfield"]


def test_texts_of_many_tokens_a_character_are_read(rampart: Rampart) -> None:
    """A Hangul syllable is three tokens: a window of these has more than the model's 512."""
    text = "각" * 2000 + " My name is Maria Lopez."
    assert found(rampart, text, "PERSON")[-1:] == ["Maria Lopez"]


def test_a_batch_reads_as_each_of_its_texts_alone(rampart: Rampart) -> None:
    texts = ["I am Maria Lopez.", "Nothing here.", "Ask John Carter at 14 Rosewood Lane, Springfield, IL 62704."]
    alone = [rampart.read([text])[0] for text in texts]
    together = rampart.read(texts)
    assert [[word[:4] for word in words] for words in together] == [[word[:4] for word in words] for words in alone]

"""Names put together from a model's words: whole, with their titles, and not a firm's."""

import pytest

from tests.guardrails.classifiers.marked import addresses, persons


@pytest.mark.parametrize(("marked", "name"), [
    ("I met Dr. g|Maria s|Lopez yesterday.", "Dr. Maria Lopez"),
    ("Sehr geehrte Frau Prof. Dr. s|Brandt, anbei", "Frau Prof. Dr. Brandt"),
    ("'Ms g|Jane s|Hill was born'", "Ms Jane Hill"),
    ("Ask Univ.Prof. g|Leo s|Krein B.Eng. about it", "Univ.Prof. Leo Krein B.Eng."),
    ("g|Lisa s|Quinn PhD called", "Lisa Quinn PhD"),
    ("g|Robert s|Moss Jr. called", "Robert Moss Jr."),
    ("aan de heer s|Bakker gevraagd", "de heer Bakker"),
    ("Mr and Mrs s|Thistlewood called", "Mr and Mrs Thistlewood"),
])
def test_titles_are_found_with_the_name(marked: str, name: str) -> None:
    assert persons(marked) == [name]


@pytest.mark.parametrize(("marked", "name"), [
    ("I miss g|Anna today", "Anna"), ("Write Drg|Anna", ""), ("Seen by g|Anna s|Moss, Sr. Engineer", "Anna Moss"),
])
def test_what_is_no_title_stays_outside(marked: str, name: str) -> None:
    assert persons(marked) == ([name] if name else [])


def test_the_words_of_a_title_are_no_part_of_the_address_that_follows() -> None:
    marked = "To:\ng|Mato s|Otto r|B.r|Sc.\nr|Nordgasse n|8, z|55749 c|Rockenhausen"
    assert persons(marked) == ["Mato Otto B.Sc."]
    assert addresses(marked) == ["Nordgasse 8, 55749 Rockenhausen"]


@pytest.mark.parametrize(("marked", "name"), [
    ("Seen by J. R. s|Hargreaves", "J. R. Hargreaves"),
    ("It is with a C. g|Catherine said so", "Catherine"),
    ("cc g|emily r.", "emily r."),
    ("g|Ann g|B. s|Moss agreed", "Ann B. Moss"), ("g|Boris van den s|Hoek agreed", "Boris van den Hoek"),
    ("g|Margaret \"g|Peggy\" s|Donovan died", "Margaret \"Peggy\" Donovan"),
    ("g|Kimberly h|Brewer agreed", "Kimberly Brewer"),
    ("the h|Nuria s|Nadal agreed", "Nuria Nadal"),
    ("g|Ana da h|Silva agreed", "Ana da Silva"),
    ("s|Fredriksen-Mikkelsen agreed", "Fredriksen-Mikkelsen"),
    ("g|Kim g|Min-s|jung agreed", "Kim Min-jung"),
    ("g|William r|Nguyen,x", "William Nguyen"), ("c|Lupe s|Benavides agreed", "Lupe Benavides"),
    ("Tenant: s|Shaw, g|Declan\n", "Shaw, Declan"),
])
def test_a_name_is_whole(marked: str, name: str) -> None:
    assert persons(marked) == [name]


@pytest.mark.parametrize(("marked", "names"), [
    ("g|Kimberly h|agreed", ["Kimberly"]),
    ("Present: s|Shaw, g|Declan and g|Tom", ["Shaw", "Declan", "Tom"]),
    ("g|Calvin s|Klein s|jeans", ["Calvin Klein"]), ("my ex g|danny s|he called", ["danny"]),
])
def test_a_name_is_no_longer_than_it_is(marked: str, names: list[str]) -> None:
    assert persons(marked) == names


@pytest.mark.parametrize("marked", [
    "The contract with s|Larsson & s|Höglund AB was signed.", "A letter from s|Hill, s|Moss and s|Byrne came.",
    "Made by Grupo s|Moss today", "Made by s|Stichting s|Moss today", "Smith & s|Wollensky called",
    "name,email,g|card\nx", "Hello, g|World!", "Translate into g|German: x",
])
def test_firms_columns_and_languages_are_no_persons(marked: str) -> None:
    assert persons(marked) == []


def test_three_people_are_no_firm() -> None:
    assert persons("A letter from g|Anna, g|Raj and g|Tom came.") == ["Anna", "Raj", "Tom"]
    assert persons("Present: s|Hill, s|Moss and s|Byrne.") == ["Hill", "Moss", "Byrne"]


def test_who_owns_an_email_address_is_a_person_though_the_model_says_a_town() -> None:
    assert persons("h|x\nd|Thomas d|Stanley,t.stanley@example.com,4") == ["Thomas Stanley"]
    assert persons("d|Buenos d|Aires, where we met") == []

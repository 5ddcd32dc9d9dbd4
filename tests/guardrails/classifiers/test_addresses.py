"""Addresses put together from a model's words: whole, without who lives there, and not what only has a number."""

import pytest

from tests.guardrails.classifiers.marked import addresses, found, persons


@pytest.mark.parametrize(("marked", "address"), [
    ("to Via n|9 z|06063, c|Assisi", "Via 9 06063, Assisi"),
    ("to Vicolo Broschi, n|2 z|01030, c|Calcata now", "Vicolo Broschi, 2 01030, Calcata"),
    ("to ulica r|Fabryczna n|8, z|40-z|447 c|Zambrów.", "ulica Fabryczna 8, 40-447 Zambrów"),
    ("at 12 bis r|rue des r|Lilas, z|69003 c|Lyon", "12 bis rue des Lilas, 69003 Lyon"),
    ("at 500 r|route r|Bernier Suite n|8, c|Cyr", "500 route Bernier Suite 8, Cyr"),
    ("at 91/02, r|Sathe r|Ganj, c|Bangalore", "91/02, Sathe Ganj, Bangalore"),
    ("at 28/n|57\nr|Hari r|Marg, c|Delhi", "28/57\nHari Marg, Delhi"),
    ("at 19 O'r|Halloran r|Street, c|Cork", "19 O'Halloran Street, Cork"),
    ("at Unit 5, n|230 r|Collins r|Street", "Unit 5, 230 Collins Street"),
    ("at PO Box n|77, c|Alice z|0871", "PO Box 77, Alice 0871"),
    ("at The h|Old r|Rectory, r|Church r|Lane, c|Hay", "Old Rectory, Church Lane, Hay"),
    ("at r|la r|Cuesta n|4", "la Cuesta 4"), ("at c|Vereda de c|Farias, n|3.", "Vereda de Farias, 3"),
    ("lives wohnhaft r|wohnhaft r|Kirchweg n|3", "Kirchweg 3"),
])
def test_it_begins_where_it_begins(marked: str, address: str) -> None:
    assert addresses(marked) == [address]


@pytest.mark.parametrize(("marked", "address"), [
    ("at r|Nordgasse 7/2 today", "Nordgasse 7/2"),
    ("at r|Nordgasse n|7, z|72-z|865 Opole, said", "Nordgasse 7, 72-865 Opole"),
    ("at r|Nordgasse n|7, z|1016 GV c|Den Haag. Please", "Nordgasse 7, 1016 GV Den Haag"),
    ("at r|Nordgasse n|7, z|1016 c|Bad h|Hall is", "Nordgasse 7, 1016 Bad Hall"),
    ("at r|Elm r|Road, c|Leeds, IL 62704. Call", "Elm Road, Leeds, IL 62704"),
    ("at r|Rua r|Lima, n|5, Vila Nova, 50701-522 Gomes / RS. Call", "Rua Lima, 5, Vila Nova, 50701-522 Gomes / RS"),
    ("at r|Via r|Roma, n|5, z|20121 c|Milano (MI), said", "Via Roma, 5, 20121 Milano (MI)"),
    ("at r|Via n|5, z|23897, c|Vigano' (LC) said", "Via 5, 23897, Vigano' (LC)"),
    ("at r|Rua n|5, z|50701 c|Novais do Amparo / MT. Call", "Rua 5, 50701 Novais do Amparo / MT"),
    ("at r|Nordgasse n|7, z|10115 c|Berlin, Germany. Call", "Nordgasse 7, 10115 Berlin, Germany"),
    ("at r|Calle r|Sol n|7, c|Taltal, Región de Antofagasta.", "Calle Sol 7, Taltal, Región de Antofagasta"),
    ("at r|Calle r|Sol n|7, c|Rosario 2000, h|Salta.", "Calle Sol 7, Rosario 2000, Salta"),
    ("(at r|Nordgasse n|7 (c|Berlin) now)", "Nordgasse 7 (Berlin)"),
])
def test_it_ends_where_it_ends(marked: str, address: str) -> None:
    assert addresses(marked) == [address]


@pytest.mark.parametrize(("marked", "address"), [
    ("at r|Nordgasse n|7, z|10115. Call me", "Nordgasse 7, 10115"),
    ("at r|Elm r|Road, c|Leeds, z|62704\n\nLeave it", "Elm Road, Leeds, 62704"),
    ("at r|Elm n|7, c|Boise z|83702\n(208) 555-0143", "Elm 7, Boise 83702"),
    ("at r|Elm n|7, c|Boise\nBIC: none", "Elm 7, Boise"),
    ("since 2019 r|Nordgasse n|7, c|Bern", "Nordgasse 7, Bern"),
    ("the flat at n|40 r|Şama r|Mews", "40 Şama Mews"), ("34, of n|88 r|Mulberry r|Street", "88 Mulberry Street"),
])
def test_what_follows_and_precedes_is_no_part_of_it(marked: str, address: str) -> None:
    assert addresses(marked) == [address]


@pytest.mark.parametrize("marked", [
    "n|1408 r|Maple r|Ave, Apt 3B, c|Leeds", "r|Calle r|Sol n|430 Edif. 521 , Depto. 352, c|Taltal",
    "r|Carmo, n|27, 2.º Dto, z|1200 c|Lisboa", "r|Rua n|15, apto n|32, c|Bari", "n|22 r|Ocean, #n|1105, c|Hollywood",
    "r|Sankt r|Arcangelo n|5, c|Sant'c|Angelo", "r|Sol n|7 Piso 5 \nc|Cádiz",
])
def test_units_between_do_not_cut_it_in_two(marked: str) -> None:
    assert [len(text) for text in addresses("to " + marked + ".")] == [len(marked) - 2 * marked.count("|")]


@pytest.mark.parametrize("marked", [
    "at n|10 r|Elm r|Road. Then n|12 r|Oak r|Road", "at n|10 r|Elm z|1234\nn|12 r|Oak r|Road",
    "at r|Ivan r|Elm, n|10, 11am c|Leila r|Oak n|5",
])
def test_two_are_two(marked: str) -> None:
    assert len(addresses(marked)) == 2


@pytest.mark.parametrize(("marked", "name"), [
    ("from g|Ryan c|Patton, n|647 r|Tommy r|Harbors", "Ryan Patton"),
    ("from r|Leif r|Wallin, n|16, r|rue de r|Perrot", "Leif Wallin"),
    ("To:\nc|George c|Bell\nr|Elm r|Road n|6, c|Leeds", "George Bell"),
])
def test_who_lives_there_is_a_person(marked: str, name: str) -> None:
    assert persons(marked) == [name]
    assert not any(name in text for text in addresses(marked))
    assert addresses(marked)


@pytest.mark.parametrize("marked", [
    "at u|Rose u|Cottage, r|Mill r|Lane n|3, c|Hay", "at r|Piazza r|Lolita, n|0 r|Sud n|5, c|Bari",
    "at r|Joshi r|Marg, n|5 r|Sud, c|Vellore",
])
def test_a_house_and_a_street_are_no_person(marked: str) -> None:
    assert [label for label, _ in found(marked)] == ["ADDRESS"]


@pytest.mark.parametrize(("marked", "address"), [
    ("to g|Incrocio s|Gregorio, n|9, z|60036 c|Fano", "Incrocio Gregorio, 9, 60036 Fano"),
    ("to Sítio g|Luan s|Cardoso, n|9, z|60036 c|Caldeira", "Sítio Luan Cardoso, 9, 60036 Caldeira"),
    ("to g|Rua s|Lima, 12.", "Rua Lima, 12"),
    ("to 12 s|Joshi s|Marg, c|Vellore z|24294", "12 Joshi Marg, Vellore 24294"),
])
def test_a_street_that_bears_a_name_is_no_person(marked: str, address: str) -> None:
    assert found(marked) == [("ADDRESS", address)]


@pytest.mark.parametrize("text", ["PSC 1855, Box 3457, APO AP 86415", "Unit 1601 Box 0620\nDPO AP 34798"])
def test_military_addresses_are_found_by_their_form(text: str) -> None:
    assert found(f"Send it to {text}.") == [("ADDRESS", text)]


def test_what_is_found_twice_is_found_once() -> None:
    text = "Unit 1601 Box 0620\nDPO AP 34798"
    assert found("to u|Unit n|1601 Box r|0620\nDPO c|AP z|34798.") == [("ADDRESS", text)]
    assert found("to g|Leo s|Strada, r|Nord n|7") == [("PERSON", "Leo Strada"), ("ADDRESS", "Nord 7")]


@pytest.mark.parametrize("marked", [
    "u|worker n|12 is up", "on r|Route r|66 today", "r|Room r|204, second floor",
    "on r|Ubuntu r|22.r|04 today", "IBAN GB97 c|QSSG r|3905 z|1010 n|3410 21",
])
def test_what_only_has_a_number_is_no_address(marked: str) -> None:
    assert addresses(marked) == []


def test_a_text_of_nothing_but_streets_is_cut_into_addresses() -> None:
    """Else each of its words would be looked at once for every other one."""
    assert len(addresses("n|5 r|Elm r|Road, " * 64)) == 6

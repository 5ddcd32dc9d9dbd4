"""Personal data is found by its form, with its exact extent, and look-alikes are left alone."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.detectors.personal_data import PersonalData
from guardrails.patterns.scanner import Match, Scanner
from guardrails.patterns.window import Window

PATTERNS = PersonalData().patterns
SCANNER = Scanner(PATTERNS)
THRESHOLD = 0.5


def surest(matches: list[Match]) -> list[Match]:
    """Of matches that overlap the surest, the longest of equals: what a policy does."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda one: (-one.score, one.found_start - one.found_end)):
        if all(match.found_end <= one.found_start or one.found_end <= match.found_start for one in kept):
            kept.append(match)
    return sorted(kept, key=lambda one: one.found_start)


def found(text: str, threshold: float = THRESHOLD) -> list[tuple[str, str]]:
    coded = text.encode()
    return [(PATTERNS[match.pattern].label, coded[match.found_start : match.found_end].decode())
            for cluster in Window(SCANNER).feed(coded, last=True) for match in surest(cluster.matches)
            if match.score >= threshold]


PHONES = (
    "+1 (415) 555-0132", "(415) 555-0132", "415-555-0132", "415.555.0132", "1-415-555-0132", "001-415-555-0132x4217",
    "(415)555-0132x42", "415-555-0132 ext. 42", "+44 20 7946 0958", "+44(0)20 7946 0958", "(020) 7946 0958",
    "020 7946 0958", "07700 900123", "+49 (0)30 901820", "030/901820", "0171 2345678", "+33 1 42 68 53 00",
    "01 42 68 53 00", "01.42.68.53.00", "+33 (0)1 42 68 53 00", "+34 912 345 678", "+39 06 6982", "+39 0669821234",
    "+31(0)20 5512345", "020-5512345", "+46 (0)8 123 456 78", "08-123 456 78", "+48 22 518 87 62", "+61 2 9374 4000",
    "(02) 9374 4000", "0412 345 678", "+55 11 91234-5678", "(11) 91234-5678", "8 (495) 123-45-67", "+7 495 123-45-67",
    "+380 (44) 123-45-67", "+81 3-1234-5678", "03-1234-5678", "+972 3-123-4567", "+91 98765 43210",
    "+86 138 0013 8000", "+420 601 123 456", "+353 1 234 5678", "+4580203040", "0031 20 551 2345", "0044 20 7946 0958",
)


@pytest.mark.parametrize("number", [number for number in PHONES if len(number) > 10])
@pytest.mark.parametrize("around", ["Write to {}, please.", '{{"value": "{}"}}', "Ann,{},Oslo", "<{}>", "{}"])
def test_a_phone_number_in_a_form_of_its_own_is_found_without_a_word(number: str, around: str) -> None:
    assert found(around.format(number)) == [("PHONE", number)]


@pytest.mark.parametrize("words", ["call me on {}", "Tel. {}", "Telefon: {}", "mon téléphone est le {}",
                         "mi móvil es {}",
                                   "WhatsApp {}", "MOBIEL {}", "mój telefon: {}", "Мой телефон {}", '"phone": "{}"'])
@pytest.mark.parametrize("number", ["886 160 418", "8495 2578", "22 34 45 56", "379369877", "41234567", "5550132"])
def test_a_phone_number_that_could_be_anything_is_found_behind_a_word(words: str, number: str) -> None:
    assert found(words.format(number)) == [("PHONE", number)]
    assert found(f"we counted {number} of them") == []


def test_a_phone_number_below_a_heading_is_found() -> None:
    assert found("id\tphone\tcard\n17\t098 3691 543\tnone") == [("PHONE", "098 3691 543")]


@pytest.mark.parametrize(("text", "label", "value"), [
    ("mail jo.o'brien+list@mail.example.co.uk.", "EMAIL", "jo.o'brien+list@mail.example.co.uk"),
    ("'ann@corp.io'", "EMAIL", "ann@corp.io"),
    ("bücher@münchen.de", "EMAIL", "bücher@münchen.de"),
    ("card 4111 1111 1111 1111 123", "CREDIT_CARD", "4111 1111 1111 1111"),
    ("378282246310005", "CREDIT_CARD", "378282246310005"),
    ("3782 822463 10005", "CREDIT_CARD", "3782 822463 10005"),
    ("5555-5555-5555-4444", "CREDIT_CARD", "5555-5555-5555-4444"),
    ("from BE68 5390 0754 7034 from", "IBAN", "BE68 5390 0754 7034"),
    ("gb82west12345698765432", "IBAN", "gb82west12345698765432"),
    ("MT84 MALT 0110 0001 2345 MTLC AST0 01S", "IBAN", "MT84 MALT 0110 0001 2345 MTLC AST0 01S"),
    ("is 536-90-4399.", "SSN", "536-90-4399"),
    ("ssn 536904399", "SSN", "536904399"),
    ("at 203.0.113.77:8080/", "IP", "203.0.113.77"),
    ("[2001:db8::8a2e:370:7334]:443", "IP", "2001:db8::8a2e:370:7334"),
    ("fe80::1ff:fe23:4567:890a%eth2", "IP", "fe80::1ff:fe23:4567:890a%eth2"),
    ("::ffff:192.0.2.128", "IP", "::ffff:192.0.2.128"),
    ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "IP", "2001:0db8:85a3:0000:0000:8a2e:0370:7334"),
    ("ether 0a:1b:2c:3d:4e:5f up", "MAC", "0a:1b:2c:3d:4e:5f"),
    ("born on 12 March 1980", "DOB", "12 March 1980"),
    ("né le 1er août 1979", "DOB", "1er août 1979"),
    ("geboren am 3. März 1985", "DOB", "3. März 1985"),
    ("fecha de nacimiento: 05/11/1990", "DOB", "05/11/1990"),
    ("DOB 1990-11-05", "DOB", "1990-11-05"),
    ('"passport_no": "533380006"', "PASSPORT", "533380006"),
    ("Reisepass Nr. C01X00T47", "PASSPORT", "C01X00T47"),
    ("driver's license D1234567", "DRIVER_LICENSE", "D1234567"),
    ("routing number 021000021", "ROUTING_NUMBER", "021000021"),
    ("SWIFT: DEUTDEFF500", "SWIFT_BIC", "DEUTDEFF500"),
    ("VIN 1M8GDM9AXKP042788", "VEHICLE", "1M8GDM9AXKP042788"),
    ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "CRYPTO_ADDRESS", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "CRYPTO_ADDRESS", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
    ("postgres://app:hunter22@db/x", "URL_CREDENTIALS", "app:hunter22"),
    ("https://x.com/a?token=abcd1234efgh5678&b=1", "URL_CREDENTIALS", "abcd1234efgh5678"),
])
def test_what_has_a_form_is_found_with_its_exact_extent(text: str, label: str, value: str) -> None:
    assert (label, value) in found(text)


@pytest.mark.parametrize("text", [
    "NHS number 943 476 5919", "SIN 046 454 286", "TFN: 123 456 782", "Medicare 2123 45670 1", "Aadhaar 2341 2341 2346",
    "529.982.247-25", "CPF 52998224725", "CNPJ 11.222.333/0001-81", "2 69 05 49 588 157 80", "Steuer-ID 86095742719",
    "PESEL 44051401359", "NIP 5260250995", "BSN 111222333", "rijksregister 85.07.30-033.28", "NIF 123456789",
    "personnummer 811218-9876", "CPR 070761-4285", "fødselsnummer 15021951940", "756.9217.0769.85", "SVNR 1237 010180",
    "131052-308T", "rodné číslo 710319/2745", "CNP 1800101221144", "ЕГН 7523169263", "T.C. Kimlik No: 10000000146",
    "OIB 94577403194", "isikukood 37605030299", "11010519491231002X", "My Number 1234 5678 9018", "SA ID 8001015009087",
    "DNI 12345678Z", "X1234567L", "RSSMRA85T10A562S", "AB 12 34 56 C", "PAN ABCPE1234F", "PPS 1234567FA",
    "NRIC S1234567D", "RUT 12.345.678-5", "Personalausweis L01X00T471", "HEGG560427MVZRRL04", "CUIT 20-12345678-6",
    "national id 44051401359",
])
def test_a_national_number_is_found_and_one_with_a_wrong_check_digit_is_not(text: str) -> None:
    assert [label for label, _ in found(text)] == ["NATIONAL_ID"]
    last = max(place for place, character in enumerate(text) if character.isdigit())
    wrong = [text[:last] + str(digit) + text[last + 1 :] for digit in range(10) if str(digit) != text[last]]
    unchecked = text.startswith(("CPR", "AB", "PAN", "HEGG", "Personalausweis", "Medicare"))
    assert unchecked or sum("NATIONAL_ID" in dict(found(one)) for one in wrong) <= 2


@pytest.mark.parametrize("text", [
    "Order #0335325958 contains 3 items, total $ 315.77.", "ISBN 978-2-44211-748-9 is out of print", "ISBN 0306406157",
    "git commit 0584dd6e7dc1fdd3bad3e4f70be6c9c63897aefd", "c6cb6b45-c045-4c43-b780-93da3f306595", "in 2019-2020",
    "version 1.2.3.4 and section 4.2.1.1", "2024-03-07T10:15:30.123456Z took 12.345678 s",
    "lat 48.858370, lon 2.294481", "pi is 3.14159265358979", "It cost 1,234,567 dollars", "1 234 567 inhabitants",
    "Room 12-34-5678", "8:35:71", "SELECT * FROM t WHERE id IN (8424061253, 6925686301, 97892);",
    "std::vector<int> a; b::c(); dead::beef", "localhost 127.0.0.1 and ::1 and 0.0.0.0 and ::", "4111 1111 1111 1112",
    "DE44 5001 0517 5407 3249 32", "000-12-3456", "666-12-3456", "react@17.0.2 and img@2x.png and @app.route",
    "we met on 12 March 1980", "[1:20, 2::3]", "1700000000 1700000000123", "EAN 4006381333931",
    "tracking 1Z3879999627557706", "p = 0.00012345", "00:00:00:00:00:00",
])
def test_look_alikes_are_no_findings(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(("text", "links"), [
    ("See https://example.com/a_b?c=d#e.", ["https://example.com/a_b?c=d#e"]),
    ("(http://a.org/x), www.b.net!", ["http://a.org/x", "www.b.net"]),
    ("is golla-karnik.info down?", ["golla-karnik.info"]), ("github.com/user/repo, yes", ["github.com/user/repo"]),
    ("Read README.md, main.py and setup.cfg", []), ("node.js and e.g. this, i.e. that", []),
    ("mail ann@mail.example.com now", []), ("self.user.name = obj.value.id", []), ("first.last.com@example.org", []),
])
def test_links_are_found_with_their_exact_extent(text: str, links: list[str]) -> None:
    assert [value for label, value in found(text) if label == "URL"] == links


# Pieces of findings and look-alikes: their random sequences are full of near misses.
PARTS = ("+44 20 ", "7946 0958", "4111 ", "1111 1111 1111", "ann@", "mail.example.com", " ", ",", "é", "2001:",
         "db8::1", "203.0.", "113.77", "BE68 5390 ", "0754 7034", "536-90-", "4399", "born ", "12 March ", "1980",
         "https://u:", "pw12@x.com/", "?token=abcdefgh", "ijkl", "passport no ", "X1234567", "\n", "0a:1b:2c:",
         "3d:4e:5f", "call ", "0171/", "2345678", " x42")


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=12), seed=st.integers(0, 1 << 30))
def test_any_split_of_a_text_finds_what_the_whole_finds(parts: list[str], seed: int) -> None:
    text = "".join(parts)
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(len(text) + 1), min(len(text), chance.randrange(1, 9))))
    whole = findings([text])
    assert findings([text[first:last] for first, last in pairwise([0, *cuts, len(text)])]) == whole
    assert findings(list(text)) == whole


def findings(pieces: list[str]) -> list[tuple[int, int, float]]:
    """Where findings begin, of which pattern, how sure; ends of those without a tail, which may come in parts."""
    window, seen = Window(SCANNER), []
    for piece in [*pieces, ""]:
        for cluster in window.feed(piece.encode(), last=not piece):
            seen += [(match.found_start, match.pattern, match.score) for match in cluster.matches if match.score]
    return sorted(seen)


def test_ordinary_text_flows_with_a_delay_of_a_word() -> None:
    words = ["The", "committee", "will", "meet", "again", "on", "Tuesday", "at", "10:30,", "because", "of", "the",
        "24", "items", "on", "the", "agenda", "only", "7", "were", "settled;", "see", "the", "minutes", "(page", "3)",
        "for", "what", "was", "said", "about", "budgets,", "schools,", "and", "the", "new", "bridge."]
    window, length = Window(SCANNER), 0
    for word in words:
        window.feed(f"{word} ".encode())
        length += len(word.encode()) + 1
        assert length - window.decided <= 16

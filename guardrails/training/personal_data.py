"""Writes an evaluation set for personal data: jsonl with `text`, `spans` and `label`, the same for the same seed.

    python -m guardrails.training.personal_data --rows 4000 --seed 7 > unlike.jsonl

Values come from Faker (not a dependency of the gateway: `pip install faker`), in forty locales, and from what Faker has
not: IBANs of every registered country, compressed IPv6, links with paths. Sentences, letters, chats, logs, tables and
documents around them are written here. A third of the rows are look-alikes without any personal data.
"""

import argparse
import ipaddress
import json
import random
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from faker import Faker  # type: ignore[import-not-found, unused-ignore]

from guardrails.detectors.personal_data.bank import IBAN_COUNTRIES
from guardrails.training.personal_data_templates import ORDINARY, ORDINARY_SECOND, PERSONAL, PERSONAL_SECOND

LOCALES = ("en_US", "en_GB", "en_AU", "en_CA", "en_NZ", "en_IN", "en_IE", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_CH",
           "fr_BE", "es_ES", "es_MX", "es_AR", "es_CO", "es_CL", "it_IT", "pt_BR", "pt_PT", "nl_NL", "nl_BE", "pl_PL",
           "cs_CZ", "sk_SK", "hu_HU", "ro_RO", "bg_BG", "hr_HR", "sl_SI", "da_DK", "no_NO", "sv_SE", "fi_FI", "el_GR",
           "tr_TR", "ru_RU", "uk_UA", "he_IL", "ja_JP", "ko_KR", "zh_TW", "id_ID", "th_TH", "vi_VN", "hi_IN", "ar_AE")


def iban(chance: random.Random) -> str:
    length, countries = chance.choice([(length, codes.split("|")) for length, codes in IBAN_COUNTRIES.items()])
    country = chance.choice(countries)
    body = "".join(chance.choices("0123456789", k=length - 4))
    if country in ("GB", "NL", "IE", "RO", "LV"):
        body = "".join(chance.choices("ABCDEFGHKLMNPRSTUW", k=4)) + body[4:]
    digits = "".join(str(int(character, 36)) for character in body + country + "00")
    whole = f"{country}{98 - int(digits) % 97:02}{body}"
    return " ".join(re.findall(".{1,4}", whole)) if chance.random() < 0.5 else whole


def card(fake: Faker, chance: random.Random) -> str:
    number: str = fake.credit_card_number()
    form = chance.randrange(4)
    if form == 0 or len(number) < 15:
        return number
    gap = "-" if form == 1 else " "
    if len(number) == 15:
        return gap.join((number[:4], number[4:10], number[10:]))
    return gap.join(re.findall(".{1,4}", number))


def address(fake: Faker, chance: random.Random) -> str:
    if chance.random() < 0.5:
        return str(fake.ipv4_public())
    number = ipaddress.IPv6Address(fake.ipv6())
    form = chance.randrange(4)
    if form == 0:
        return str(number)
    if form == 1:
        return str(ipaddress.IPv6Address((0x20010DB8 << 96) | (chance.getrandbits(16) << 80) | chance.getrandbits(24)))
    if form == 2:
        return f"::ffff:{fake.ipv4_public()}"
    return f"fe80::{chance.getrandbits(16) | 0x1000:x}:{chance.getrandbits(16) | 1:x}"


def link(fake: Faker, chance: random.Random) -> str:
    form = chance.randrange(5)
    if form == 0:
        return str(fake.url())
    if form == 1:
        return str(fake.domain_name())
    if form == 2:
        return f"https://{fake.domain_name()}/{fake.slug()}/{chance.randrange(999)}?ref={fake.word()}&page=2"
    if form == 3:
        return f"http://{fake.domain_name(2)}:8080/{fake.slug()}.html#top"
    return f"www.{fake.domain_name()}/{fake.slug()}"


def date(fake: Faker, chance: random.Random) -> str:
    form = chance.choice(("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%B %d, %Y", "%d %B %Y", "%m/%d/%y", "%d %b %Y",
                          "%d-%m-%Y"))
    return str(fake.date_of_birth().strftime(form))


def phone(fake: Faker, chance: random.Random) -> str:
    while True:
        number: str = fake.phone_number()
        if sum(map(str.isdigit, number)) >= 7:
            return number


def makers(fake: Faker, american: Faker, chance: random.Random) -> dict[str, Callable[[], str]]:
    return {"PHONE": lambda: phone(fake, chance), "EMAIL": fake.email if chance.random() < 0.5 else american.email,
            "URL": lambda: link(american, chance), "CREDIT_CARD": lambda: card(american, chance),
            "IBAN": lambda: iban(chance), "SSN": american.ssn, "IP": lambda: address(american, chance),
            "MAC": american.mac_address, "DOB": lambda: date(american, chance), "NAME": american.name}


def personal(template: str, values: dict[str, Callable[[], str]]) -> dict[str, Any]:
    text, spans = "", []
    for part in re.split(r"(\{[A-Z_]+\})", template.replace("{{", "\0").replace("}}", "\1")):
        if not re.fullmatch(r"\{[A-Z_]+\}", part):
            text += part.replace("\0", "{").replace("\1", "}")
            continue
        label, value = part[1:-1], values[part[1:-1]]()
        if label != "NAME":
            spans.append({"start": len(text), "end": len(text) + len(value), "type": label})
        text += value
    return {"text": text, "spans": spans, "label": 1}


def ordinary(template: str, chance: random.Random) -> dict[str, Any]:
    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name[:3] == "hex":
            return "".join(chance.choices("0123456789abcdef", k=int(name[3:])))
        if name[0] == "n" and name[1:].isdigit():
            return "".join(chance.choices("0123456789", k=int(name[1:])))
        year = chance.randrange(1950, 2030)
        return {"y": str(year), "m": f"{chance.randrange(60):02}", "epoch": str(1_600_000_000 + chance.getrandbits(27)),
                "epochms": str(1_600_000_000_000 + chance.getrandbits(37)), "isbn": _isbn(chance),
                "uuid": str(uuid.UUID(int=chance.getrandbits(128))),
                "date": f"{year}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"}[name]
    return {"text": re.sub(r"\{(\w+)\}", filled, template), "spans": [], "label": 0}


def _isbn(chance: random.Random) -> str:
    parts = "978", str(chance.randrange(10)), str(chance.randrange(100, 999)), str(chance.randrange(10000, 99999)), str(
        chance.randrange(10))
    return chance.choice(("-", " ", "")).join(parts)


def rows(count: int, seed: int, second: bool) -> Iterator[dict[str, Any]]:
    chance = random.Random(seed)
    american, fakes = Faker("en_US"), [Faker(locale) for locale in LOCALES]
    Faker.seed(seed)
    personals, ordinaries = (PERSONAL_SECOND, ORDINARY_SECOND) if second else (PERSONAL, ORDINARY)
    for number in range(count):
        if number % 3 == 2:
            yield ordinary(chance.choice(ordinaries), chance)
        else:
            yield personal(chance.choice(personals), makers(chance.choice(fakes), american, chance))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--second", action="store_true", help="other texts round the values")
    asked = parser.parse_args(arguments)
    for row in rows(asked.rows, asked.seed, asked.second):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

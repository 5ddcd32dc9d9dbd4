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

LOCALES = ("en_US", "en_GB", "en_AU", "en_CA", "en_NZ", "en_IN", "en_IE", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_CH",
           "fr_BE", "es_ES", "es_MX", "es_AR", "es_CO", "es_CL", "it_IT", "pt_BR", "pt_PT", "nl_NL", "nl_BE", "pl_PL",
           "cs_CZ", "sk_SK", "hu_HU", "ro_RO", "bg_BG", "hr_HR", "sl_SI", "da_DK", "no_NO", "sv_SE", "fi_FI", "el_GR",
           "tr_TR", "ru_RU", "uk_UA", "he_IL", "ja_JP", "ko_KR", "zh_TW", "id_ID", "th_TH", "vi_VN", "hi_IN", "ar_AE")
PERSONAL = (
    "You can ring {PHONE} after six, or drop a line to {EMAIL}.",
    "Tel: {PHONE}\nMail: {EMAIL}\nWeb: {URL}",
    "T {PHONE} | F {PHONE} | {EMAIL}",
    "My WhatsApp is {PHONE}, text me any time 🙂",
    "hey its {NAME}, new number {PHONE} pls save it",
    "Contact {NAME} ({EMAIL}, {PHONE}) about the lease.",
    "<{EMAIL}> wrote:\n> could you phone me at {PHONE}?\n> thanks",
    "From: {NAME} <{EMAIL}>\nTo: {EMAIL}\nSubject: Re: visit\n\nPlease reach us under {PHONE} before noon.",
    "phone={PHONE}; email={EMAIL}; ip={IP}",
    "customer:\n  name: {NAME}\n  mobile: {PHONE}\n  mail: {EMAIL}\n  last_ip: {IP}",
    "| name | phone | mail |\n|---|---|---|\n| {NAME} | {PHONE} | {EMAIL} |",
    "{NAME};{PHONE};{EMAIL};{CREDIT_CARD}",
    "id\tphone\tcard\n17\t{PHONE}\t{CREDIT_CARD}",
    '{{"contact": {{"tel": "{PHONE}", "fax": "{PHONE}"}}, "site": "{URL}"}}',
    '{{"user":{{"mobile_number":"{PHONE}","ssn":"{SSN}"}}}}',
    "<contact><phone>{PHONE}</phone><email>{EMAIL}</email></contact>",
    "Rufen Sie mich bitte unter {PHONE} an oder schreiben Sie an {EMAIL}.",
    "Meine Handynummer lautet {PHONE}.",
    "Vous pouvez me joindre au {PHONE} ou par mail : {EMAIL}.",
    "Mon numéro de téléphone est le {PHONE}, merci de rappeler.",
    "Puedes llamarme al {PHONE} o escribirme a {EMAIL}.",
    "Mi celular es {PHONE}.",
    "Chiamami al numero {PHONE} dopo le otto.",
    "Pode ligar para {PHONE} ou mandar e-mail para {EMAIL}.",
    "Bel me op {PHONE}, of mail naar {EMAIL}.",
    "Zadzwoń do mnie: {PHONE}.",
    "Ring mig på {PHONE} eller mejla {EMAIL}.",
    "Мой телефон {PHONE}, почта {EMAIL}.",
    "Emergency contact: {NAME}, {PHONE}",
    "Our clinic's number has changed to {PHONE}.",
    "Signed,\n{NAME}\n{PHONE}\n{EMAIL}",
    "Charge {CREDIT_CARD} for the room, please.",
    "Card number: {CREDIT_CARD}, CVV 123, exp 04/29",
    "visa ending.. no wait the full one is {CREDIT_CARD} ok?",
    '{{"pan":"{CREDIT_CARD}","amount":1250}}',
    "Ma carte bancaire : {CREDIT_CARD}. Mon IBAN : {IBAN}.",
    "Bitte überweisen Sie auf {IBAN} (Kontoinhaber {NAME}).",
    "INSERT INTO accounts (owner, iban) VALUES ('{NAME}', '{IBAN}');",
    "iban {IBAN}",
    "Transfer 250 EUR from {IBAN} to {IBAN}.",
    "Her social security number is {SSN} and she was born on {DOB}.",
    "SSN: {SSN} / DOB: {DOB}",
    "Employee record {NAME}: {SSN}, hired 2019-04-01",
    "né le {DOB} à Lyon", "geboren am {DOB} in Graz", "fecha de nacimiento: {DOB}", "date of birth {DOB}",
    '{IP} - - [10/Oct/2023:13:55:36 +0000] "GET /index.html HTTP/1.1" 200 2326',
    "Oct 11 22:14:15 mymachine sshd[4721]: Accepted publickey for root from {IP} port 52144 ssh2",
    "ping {IP} returned 0% packet loss", "inet6 {IP} prefixlen 64 scopeid 0x2", "Block {IP} and {IP} at the firewall.",
    "X-Forwarded-For: {IP}, {IP}", "server=[{IP}]:8443 retries=3", "nameserver {IP}",
    "Open {URL} and log in.", "See {URL}.", "(more at {URL})", "[our page]({URL})", "Did {URL} send you that?",
    "Please review {URL}, then mail {EMAIL}.", "curl -s {URL} | jq .", "wget '{URL}'",
    "{NAME} runs the shop at {URL}!", "link: \"{URL}\"", "mailto:{EMAIL}", "git config user.email \"{EMAIL}\"",
    "cc {EMAIL}, {EMAIL} and {EMAIL}", "ether {MAC} txqueuelen 1000", "DHCPACK on {IP} to {MAC} via eth0",
)
ORDINARY = (
    "Order {n10} shipped, parcel {n12}.", "Invoice no. {n8} over {n3},{n2} EUR is due {date}.",
    "ISBN {isbn}", "The book ({isbn}) costs ${n2}.{n2}.", "commit {hex40} fixes #{n4}", "md5 {hex32}",
    "{uuid} was not found", "Upgrade from 2.{n1}.{n2} to version 3.{n1}.{n1}.{n1} today.", "build 10.0.{n5}.{n3}",
    "ts={epoch} level=info msg=\"done in {n3}.{n3}ms\"", "epoch {epochms}", "{date}T10:{m}:{m}.{n3}Z job {n6} ok",
    "lat 48.{n6}, lon 2.{n6}", "Go to 40.{n4}, -73.{n4}", "Coordinates: 52.{n5} 13.{n5}",
    "Part number {n3}-{n5}-{n2}, bin {n2}-{n2}", "SKU {n4}-{n4}", "pages {n3}-{n3}", "The {y}-{y} season", "{y}/{y}",
    "It cost 1,{n3},{n3} dollars in {y}.", "1 {n3} {n3} habitants", "3.{n14}", "[{n7}, {n8}, {n9}]",
    "for i in range({n6}): total += {n5}.{n4}", "#define MASK 0x{hex8}",
    "PR #{n5} closes #{n4}, see section 4.{n1}.{n1}.{n1}", "Room {n3}, building {n2}, floor {n1}",
    "SELECT * FROM t WHERE id = {n9}", "user_id={n10}&page={n2}", "std::vector<int> v; a::b::c(); ns::f(0);",
    "Read main.py, README.md and package.json", "Node.js and Vue.js and ASP.NET",
    "e.g. this, i.e. that; cf. fig. 3.{n1}", "tracking 1Z{hex8}{n8}", "EAN {n13}", "IMEI {n15}", "serial {n12}",
    "score {n2}-{n2}, {n2}-{n2}, {n1}:{n2}", "At {m}:{m}:{m} the server restarted in 0.{n3}s.",
    "Flight {n4} at gate {n2}", "The meeting on {date} moved to {date}.", "ratio {n1}.{n6}, p = 0.{n4}",
    "x[{n1}:{n2}], y[{n1}::{n1}]", "self.user.name = obj.value.id", "DOI 10.{n4}/s{n5}-{n3}-{n5}-{n1}",
    "arXiv:{n4}.{n5}", "RFC {n4} section {n1}.{n1}.{n1}", "chr{n1}:{n8}-{n8}", "sha256:{hex64}",
    "port {n5}, pid {n5}, uid {n4}", "ticket INC{n7} / case {n8}", "CAS {n4}-{n2}-{n1}", "GTIN {n14}",
    "@app.route('/') and foo@bar", "left-pad@1.{n1}.{n1}", "img@2x.png", "{n4} {n4} people, {n3} {n3} votes",
    "VAT rates 7% and 19% for {y}", "batch {n6}-{n2}-{n4}", "lot 12-34-5678", "timeout={n5} retries={n1} size={n9}",
    "temperature -12.{n1} to 31.{n1}", "Zip {n5}-{n4}", "act {n2}/{y}/{n3}",
)


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


def rows(count: int, seed: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(seed)
    american, fakes = Faker("en_US"), [Faker(locale) for locale in LOCALES]
    Faker.seed(seed)
    for number in range(count):
        if number % 3 == 2:
            yield ordinary(chance.choice(ORDINARY), chance)
        else:
            yield personal(chance.choice(PERSONAL), makers(chance.choice(fakes), american, chance))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args(arguments)
    for row in rows(asked.rows, asked.seed):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Writes an evaluation set for names and addresses: jsonl with `text`, `spans` and `label`, the same for the same
seed. (Faker draws from sets here and there: their order has to be the same too.)

    PYTHONHASHSEED=0 python -m guardrails.training.names --rows 2000 --seed 11 > names.jsonl

Names and addresses come from Faker (`pip install faker`), in locales with Latin script; the texts round them are
written here: letters, chats, minutes, tickets, logs, forms, several languages. A name is marked with the titles around
it, as Faker writes it. An address stands on one line or, in two of five rows, on several. A third of the rows hold no
person and no address, but much that looks like one: firms, brands, towns, months, numbers, code.
"""

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator
from typing import Any

from faker import Faker  # type: ignore[import-not-found, unused-ignore]

LOCALES = ("en_US", "en_GB", "en_AU", "en_CA", "en_IE", "en_NZ", "de_DE", "de_AT", "fr_FR", "es_ES", "es_MX", "it_IT",
           "pt_BR", "pt_PT", "nl_NL", "pl_PL", "cs_CZ", "da_DK", "sv_SE", "fi_FI", "no_NO", "tr_TR", "id_ID", "hu_HU")

# P a whole name, G a given name, S a surname, D and H one with a title, A an address; C a town and F a firm, which are
# no finding.
PERSONAL = (
    "Hi team,\n\n{P} will be on leave next week, please send the invoices to {P} instead.\n\nThanks,\n{G}",
    "Can you draft a reply to {P}? She complained that the parcel never reached {A}.",
    "Minutes, 3 March. Present: {P}, {P}, {P}. Apologies: {P}. The budget was approved.",
    "user: my landlord {P} wants to keep the deposit, what can i do\nassistant: Ask for an itemised list first.",
    "Rewrite this more politely: \"{G}, you were late again and {S} had to cover for you.\"",
    "Our new address from May is {A}. Nothing else changes.",
    "Ticket 48213: customer {P} reports that the app crashes on login. Assigned to {P}.",
    "Please translate: Sehr geehrter {H}, vielen Dank für Ihre Bewerbung bei {F}.",
    "Bonjour, je m'appelle {P} et j'habite au {A}. Pouvez-vous m'aider à résilier mon contrat ?",
    "Hola, soy {P}. Necesito cambiar la dirección de entrega a {A}, por favor.",
    "Mein Name ist {P}, wohnhaft {A}. Ich möchte Widerspruch einlegen.",
    "Buongiorno, sono {P} e vorrei disdire l'abbonamento intestato a {P}.",
    "The witness, {P}, stated that she saw {P} leave the flat at {A} shortly before midnight.",
    "{P} (she/her) joined {F} in 2019 after ten years in {C}.",
    "Write a birthday poem for my daughter {G}, who loves horses.",
    "name: {P}\naddress: {A}\nplan: premium",
    "{{\"customer\": {{\"full_name\": \"{P}\", \"street\": \"{A}\"}}, \"total\": 41.5}}",
    "Deliver to:\n{P}\n{A}\n\nLeave it with the neighbour if nobody is in.",
    "I met {D} at the clinic in {C}; he said that Nurse {S} would call.",
    "From: {P}\nTo: {P}\nSubject: offer\n\nDear {G},\nplease find the offer attached. Best, {G}",
    "Patient: {P}. History of asthma. Lives alone at {A}. Next of kin: {P}.",
    "what do you think of this cv? {P}, {A}. Skills: welding, forklift, first aid.",
    "The defendant {P} appealed; counsel for {F} was {P}.",
    "Could you compare the essays of {G} and {G} and tell me which one argues better?",
    "INFO 2024-03-02 payment approved for {P} amount=12.00",
)
ORDINARY = (
    "Compare the pension plans of {F} and {F} for me.", "What is the best time to visit {C}?",
    "Plan three days in {C} and {C} with two children.", "The market opens in May and closes in August.",
    "Will you mark the deadline with a rose emoji?", "Explain the Python class Person with its field name.",
    "def greet(name: str) -> str:\n    return f'Hello {{name}}'", "Is a Tesla cheaper to run than a Ford or a Volvo?",
    "server listening on port 8443, worker 12, line 229", "Which is larger, 12/5 or 7/3?", "SELECT city FROM address;",
    "Summarise the plot of a story in which a fox learns to read.", "Order 4821-77 ships on Friday, 3 boxes, 12 kg.",
    "The street was quiet and the road to the harbour was closed.", "Convert 12 miles to kilometres.",
    "Why is the sky blue?", "Write a haiku about rain in spring.", "Our offices in {C} and {C} are hiring.",
    "GET /api/v2/users/421/address HTTP/1.1", "Step 1: open Settings. Step 2: choose Network, then Advanced.",
    "The Kalman filter and the Fourier transform are both linear.", "Buy milk, bread, 6 eggs, basil and rosemary.",
    "Chapter 4, page 112: the second law.", "Monday to Friday, 9 to 17, closed on Easter Monday.",
    "Die Straße ist nass. Fasse den Text in drei Sätzen zusammen.", "Quelle est la capitale de l'Australie ?",
    "error: cannot borrow `grace` as mutable more than once", "Make the tone warmer and cut it to 80 words.",
    "Amber, Jade and Ruby are colours in our design system.", "git rebase main && git push origin feature/login",
)
def values(fake: Faker, gap: str) -> dict[str, Any]:
    return {"P": fake.name, "G": fake.first_name, "S": fake.last_name, "D": lambda: f"Dr. {fake.last_name()}",
            "H": lambda: f"Herr {fake.last_name()}", "C": fake.city, "F": fake.company,
            "A": lambda: fake.address().replace("\n", gap)}


def row(template: str, fake: Faker, gap: str) -> dict[str, Any]:
    """``gap`` stands between the lines of an address."""
    makes = values(fake, gap)
    text, spans = "", []
    for part in re.split(r"(\{[PGSDHACF]\})", template):
        kind = part[1:-1] if re.fullmatch(r"\{[PGSDHACF]\}", part) else ""
        value = makes[kind]() if kind else part.replace("{{", "{").replace("}}", "}")
        if kind and kind not in "CF":
            label = "ADDRESS" if kind == "A" else "PERSON"
            spans.append({"start": len(text), "end": len(text) + len(value), "type": label})
        text += value
    return {"text": text, "spans": spans, "label": int(bool(spans)), "source": "unlike"}


def rows(count: int, seed: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(seed)
    fakes = [Faker(locale) for locale in LOCALES]
    for number, fake in enumerate(fakes):
        fake.seed_instance(seed + number)
    for _ in range(count):
        template = chance.choice(ORDINARY if chance.random() < 1 / 3 else PERSONAL)
        yield row(template, chance.choice(fakes), "\n" if chance.random() < 0.4 else ", ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    for one in rows(options.rows, options.seed):
        sys.stdout.write(json.dumps(one, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

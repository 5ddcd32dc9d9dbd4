"""Pairs of questions of which it is known whether one answer serves both, to calibrate the semantic cache by.

    python -m benchmarks.question_pairs --half calibration > calibration.jsonl
    python -m benchmarks.question_pairs --half test > test.jsonl

Made up by hand, from wordings with slots; the two halves share no subject and no wording. Half of the pairs ask the
same in other words. The others are the ones that a cache gets wrong: another number, date, name or unit, a "not", the
opposite, the other direction, and another question on the same subject. They are harder than traffic is, and of one
hand: a threshold for real traffic is chosen by pairs from it.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from itertools import combinations
from typing import Literal, NamedTuple

Half = Literal["calibration", "test"]
FILLS = 30  # of a wording with slots
SAME_PER_FILL = 3
UNLIKE_PER_FILL = 4
_SEED = 20261127

_SLOTS: dict[Half, dict[str, tuple[str, str]]] = {
    "calibration": {
        "city": ("name", "Paris London Rome Madrid Vienna Prague Oslo Dublin Lisbon Athens Warsaw Helsinki"),
        "day": ("date", "3/May 5/May 12/June 21/June 1/July 30/August 9/September 14/October"),
        "n": ("number", "2 3 4 5 6 8 10 12 15 20"),
        "money": ("number", "$50 $75 $100 $200 $250 $500 $800"),
        "unit": ("unit", "kilometres miles metres feet inches"),
        "coin": ("name", "euros dollars pounds yen francs"),
        "device": ("name", "iPhone iPad Kindle PlayStation Chromecast Fitbit"),
        "product": ("name", "lamp kettle sofa bicycle jacket printer headset"),
    },
    "test": {
        "state": ("name", "Texas Ohio Florida Oregon Nevada Georgia Maine Utah Kansas"),
        "year": ("date", "1998 2004 2010 2015 2018 2021 2023 2024"),
        "k": ("number", "2 3 5 7 9 11 14 18 21 30"),
        "dose": ("number", "5/mg 10/mg 20/mg 50/mg 100/mg 200/mg"),
        "lang": ("name", "Python Java Rust Ruby Swift Kotlin Perl"),
        "plant": ("name", "tomatoes roses basil potatoes orchids lavender peppers"),
        "sport": ("name", "tennis rugby hockey golf cricket rowing"),
        "drug": ("name", "ibuprofen aspirin paracetamol amoxicillin melatonin"),
        "size": ("unit", "litres gallons cups ounces"),
    },
}

# An intent is a block: wordings of the same, one a line; then what is near and is another question: "! kind" before it.
_INTENTS: dict[Half, str] = {
    "calibration": """
How do I reset my password?
What is the way to reset my password?
I forgot my password, how can I reset it?
Please tell me how to reset my password.
How can I get a new password?
! other: How do I change my email address?
! other: How strong does my password have to be?
! negation: How do I keep from having to reset my password, I do not want to?
! other: How do I delete my account?

How do I turn on two-factor authentication?
What are the steps to turn on two-factor authentication?
Where can I switch on two-factor authentication for my account?
I want to turn on two-factor authentication, how?
! opposite: How do I turn off two-factor authentication?
! opposite: What are the steps to switch off two-factor authentication?
! other: What is two-factor authentication?
! other: Is two-factor authentication worth the trouble?

When will my {product} arrive?
What is the delivery date of my {product}?
On which date will you deliver my {product}?
When can I expect my {product} to be delivered?
! negation: Why has my {product} not arrived?
! other: How do I return my {product}?
! other: Where was my {product} made?
! opposite: When did my {product} arrive?

Can I return a {product} after {n} days?
May I send a {product} back after {n} days?
Is it possible to return a {product} after {n} days?
Do you take back a {product} after {n} days?
! negation: Can I not return a {product} after {n} days?
! opposite: Can I return a {product} before {n} days are over?
! other: Can I exchange a {product} after {n} days?
! other: Who pays when I return a {product} after {n} days?

How much does it cost to send {money} abroad?
What is the fee for sending {money} abroad?
What do you charge to send {money} abroad?
Tell me the fee for sending {money} abroad.
! opposite: What is the fee for receiving {money} from abroad?
! other: How long does it take to send {money} abroad?
! other: Is there a limit on sending {money} abroad?

Convert {money} to {coin}.
How many {coin} is {money}?
What is {money} worth in {coin}?
Please convert {money} into {coin}.
! other: What was {money} worth in {coin} ten years ago?
! other: Where can I change {money} into {coin}?

How far is it from {city} to {city2} in {unit}?
What is the distance from {city} to {city2} in {unit}?
How many {unit} are there from {city} to {city2}?
Tell me the distance from {city} to {city2} in {unit}.
! other: How long does it take to drive from {city} to {city2}?
! other: How high above the sea are {city} and {city2} in {unit}?

Are there flights from {city} to {city2} on {day}?
Can I fly from {city} to {city2} on {day}?
Is there a flight from {city} to {city2} on {day}?
I need a flight from {city} to {city2} on {day}, is there one?
! direction: Are there flights from {city2} to {city} on {day}?
! direction: Can I fly from {city2} to {city} on {day}?
! other: Are there trains from {city} to {city2} on {day}?
! negation: Are there no flights from {city} to {city2} on {day}?

What will the weather be like in {city} on {day}?
What is the weather forecast for {city} on {day}?
How will the weather be in {city} on {day}?
Can you give me the weather forecast for {city} on {day}?
! opposite: What was the weather like in {city} on {day}?
! other: What will the traffic be like in {city} on {day}?
! other: What events are there in {city} on {day}?

How many people live in {city}?
What is the population of {city}?
How big is the population of {city}?
How many inhabitants does {city} have?
! other: How many tourists visit {city}?
! other: How large is the area of {city}?
! other: How old is {city}?

Which museums in {city} are worth a visit?
What are the best museums in {city}?
Can you recommend museums in {city}?
Tell me which museums I should see in {city}.
! opposite: What are the worst museums in {city}?
! other: What are the best restaurants in {city}?
! other: When are the museums in {city} open?

How do I connect my {device} to wifi?
What do I do to connect my {device} to wifi?
How can I get my {device} onto wifi?
Please explain how to connect a {device} to wifi.
! opposite: How do I disconnect my {device} from wifi?
! negation: Why does my {device} not connect to wifi?
! other: How do I connect my {device} to Bluetooth?
! other: How do I charge my {device}?

How do I enable dark mode on my {device}?
Where can I enable dark mode on a {device}?
How can dark mode be enabled on the {device}?
I would like to enable dark mode on my {device}, how?
! opposite: How do I disable dark mode on my {device}?
! opposite: Where can I disable dark mode on a {device}?
! other: Does dark mode save battery on my {device}?

How long should I boil an egg?
For how long do I boil an egg?
How long does an egg need to boil?
What is the right time to boil an egg?
! other: How long should I fry an egg?
! other: How many calories has a boiled egg?
! other: How long does a boiled egg keep?

How do I cook rice for {n} people?
What is the way to cook rice for {n} people?
How should I prepare rice for {n} people?
Tell me how to cook rice for {n} people.
! other: How much rice do I need for {n} people?
! other: How do I cook lentils for {n} people?

Is my card safe with you?
Is my card secure on your site?
Do you keep my card data safe?
Are my card details secure with you?
! negation: Is my card not safe with you?
! opposite: Is my card unsafe with you?
! other: Which cards do you take?
! other: Where do I enter my card?

How do I increase my spending limit?
How can I raise my spending limit?
What do I do to raise my spending limit?
I would like to increase my spending limit, how?
! opposite: How do I decrease my spending limit?
! opposite: How can I lower my spending limit?
! other: What is my spending limit?

Which documents do I need to open an account?
What papers are required for opening an account?
What documents must I bring to open an account?
Tell me the documents needed to open an account.
! opposite: Which documents do I need to close an account?
! negation: Which documents do I not need to open an account?
! other: How long does it take to open an account?

What is the capital of the country that {city} is in?
Which city is the capital of the country of {city}?
{city} is in a country, what is its capital?
! other: What is the currency of the country that {city} is in?
! other: What is the largest lake of the country that {city} is in?
""",
    "test": """
What is the minimum wage in {state}?
How high is the minimum wage in {state}?
What must employers in {state} pay at the minimum?
Can you tell me the minimum wage of {state}?
! opposite: What is the maximum wage in {state}?
! other: What is the average wage in {state}?
! other: When was the minimum wage introduced in {state}?

Is it legal to record a call in {state}?
Am I allowed to record a call in {state}, legally?
Is recording a call legal in {state}?
Does the law of {state} say that recording calls is legal?
! opposite: Is it illegal to record a call in {state}?
! negation: Is it not legal to record a call in {state}?
! other: How do I record a call in {state}?

How much notice must a landlord give in {state}?
What notice period applies to landlords in {state}?
How much notice does my landlord have to give in {state}?
! opposite: How much notice must a tenant give in {state}?
! other: How much deposit may a landlord ask for in {state}?
! other: How do I sue a landlord in {state}?

Who won the {sport} championship in {year}?
Who was the winner of the {sport} championship of {year}?
Who became {sport} champion in {year}?
Tell me who won the {sport} championship in {year}.
! opposite: Who lost the {sport} championship in {year}?
! other: Where was the {sport} championship of {year}?
! other: How many watched the {sport} championship of {year}?

What are the rules of {sport}?
Can you explain the rules of {sport}?
How is {sport} played, by what rules?
What rules does {sport} have?
! other: What is the history of {sport}?
! other: Where can I learn {sport}?
! other: What does it cost to play {sport}?

Can I take {dose} of {drug} before a meal?
Is it fine to take {dose} of {drug} before a meal?
May I take {dose} of {drug} before eating a meal?
Am I allowed {dose} of {drug} before a meal?
! opposite: Can I take {dose} of {drug} after a meal?
! negation: Can I not take {dose} of {drug} before a meal?
! other: Can I take {dose} of {drug} with alcohol before a meal?

What are the side effects of {drug}?
Which side effects does {drug} have?
What side effects can {drug} cause?
Tell me about the side effects of {drug}.
! other: What are the benefits of {drug}?
! other: What does {drug} cost?
! other: How does {drug} work?

How often should I water {plant}?
How often do {plant} need water?
How often must {plant} be watered?
! other: How often should I feed {plant}?
! opposite: How rarely should I water {plant}?
! other: When should I plant {plant}?
! negation: How often should I not water {plant}?

Do {plant} need full sun?
Should {plant} stand in full sun?
Is full sun necessary for {plant}?
! negation: Do {plant} not need full sun?
! other: Do {plant} need full shade?
! other: Which {plant} can stand full sun best?

How do I sort a list in {lang} in ascending order?
What is the way to sort a list ascending in {lang}?
How can a list be sorted in ascending order with {lang}?
Show me how to sort a list in ascending order in {lang}.
! opposite: How do I sort a list in {lang} in descending order?
! opposite: Show me how to sort a list in descending order in {lang}.
! other: How do I reverse a list in {lang}?

How do I read a file in {lang}?
What is the way to read a file in {lang}?
How can I read files with {lang}?
Show me how a file is read in {lang}.
! opposite: How do I write a file in {lang}?
! opposite: Show me how a file is written in {lang}.
! other: How do I delete a file in {lang}?

Is {lang} faster than {lang2}?
Is {lang} quicker than {lang2}?
Would you say that {lang} is faster than {lang2}?
! direction: Is {lang2} faster than {lang}?
! direction: Would you say that {lang2} is faster than {lang}?
! opposite: Is {lang} slower than {lang2}?
! other: Is {lang} easier than {lang2}?

How many {size} fit into a tank of {k} by {k} by {k} inches?
What does a tank of {k} by {k} by {k} inches hold in {size}?
A tank measures {k} by {k} by {k} inches, how many {size} fit in?
! other: How many {size} leak from a tank of {k} by {k} by {k} inches?
! other: What does a tank of {k} by {k} by {k} inches weigh?

How do I lock the doors of my car from inside?
What do I do to lock my car's doors from inside?
How can I lock the car doors from the inside?
! opposite: How do I unlock the doors of my car from inside?
! opposite: How can I unlock the car doors from the inside?
! other: How do I lock the windows of my car from inside?

How many vacation days do I get after {k} years?
What number of vacation days do I have after {k} years?
After {k} years, how many vacation days are mine?
! opposite: How many vacation days do I get before {k} years?
! other: How many sick days do I get after {k} years?
! other: Can I sell my vacation days after {k} years?

Is overtime paid with a bonus?
Do we get a bonus for overtime?
Is there a bonus for working overtime?
! opposite: Is overtime paid without a bonus?
! negation: Is overtime not paid with a bonus?
! other: How much overtime is allowed?

How do I subscribe to the school newsletter?
What do I do to subscribe to the school newsletter?
I want to subscribe to the school's newsletter, how?
! opposite: How do I unsubscribe from the school newsletter?
! other: Who writes the school newsletter?
! other: How often does the school newsletter come?

What happened in {state} in {year}?
Which events took place in {state} in {year}?
What were the events of {year} in {state}?
! other: Who governed {state} in {year}?
! opposite: What happened in {state} before {year}?
! opposite: What happened in {state} after {year}?

When does school start for children of {k} years?
At what date do children of {k} years start school?
On which date does school start for children who are {k} years old?
! opposite: When does school end for children of {k} years?
! other: Where does school start for children of {k} years?
! other: What do children of {k} years learn at school?
""",
}


class Pair(NamedTuple):
    """``kind`` says what parts them where ``same`` is false."""

    a: str
    b: str
    same: bool
    kind: str


class Intent(NamedTuple):
    wordings: list[str]
    others: list[tuple[str, str]]  # kind and wording


def intents_of(half: Half) -> list[Intent]:
    return [_intent(block.strip().splitlines()) for block in _INTENTS[half].strip().split("\n\n")]


def _intent(lines: list[str]) -> Intent:
    others = [line[2:].split(": ", 1) for line in lines if line.startswith("! ")]
    return Intent([line for line in lines if not line.startswith("! ")], [(kind, text) for kind, text in others])


def pairs_of(half: Half) -> list[Pair]:
    """Each once, in an order drawn by lot; the same always."""
    drawn = random.Random(_SEED)
    found = dict.fromkeys(pair for intent in intents_of(half) for pair in _pairs(intent, _SLOTS[half], drawn))
    pairs = list(found)
    drawn.shuffle(pairs)
    return pairs


def _pairs(intent: Intent, slots: dict[str, tuple[str, str]], drawn: random.Random) -> Iterator[Pair]:
    used = [name for name in slots if "{" + name in intent.wordings[0]]
    for _ in range(FILLS if used else 1):
        values = {name: _drawn(slots[name][1], drawn) for name in used}
        both = list(combinations(intent.wordings, 2))
        for one, other in drawn.sample(both, SAME_PER_FILL) if used else both:
            yield Pair(_filled(one, values), _filled(other, values), True, "same")
        unlike = [*_other_values(intent, used, slots, values, drawn), *_other_words(intent, values, drawn)]
        yield from drawn.sample(unlike, min(UNLIKE_PER_FILL, len(unlike))) if used else unlike


def _other_values(intent: Intent, used: list[str], slots: dict[str, tuple[str, str]], values: dict[str, list[str]],
                  drawn: random.Random) -> Iterator[Pair]:
    """The same but for one value: in the same words, or in others."""
    for name in used:
        kind, written = slots[name]
        another = drawn.choice([one for one in written.split() if one not in values[name]])
        changed = {**values, name: [another, values[name][1]]}
        one = drawn.choice(intent.wordings)
        for other in dict.fromkeys((one, drawn.choice(intent.wordings))):
            yield Pair(_filled(one, values), _filled(other, changed), False, kind)


def _other_words(intent: Intent, values: dict[str, list[str]], drawn: random.Random) -> Iterator[Pair]:
    for kind, other in intent.others:
        wordings = [drawn.choice(intent.wordings)] if values else intent.wordings
        for one in wordings:
            yield Pair(_filled(one, values), _filled(other, values), False, kind)


def _drawn(written: str, drawn: random.Random) -> list[str]:
    return drawn.sample(written.split(), 2)


def _filled(wording: str, values: dict[str, list[str]]) -> str:
    told = {name: one for name, (one, _) in values.items()} | {f"{name}2": two for name, (_, two) in values.items()}
    return wording.format_map({name: value.replace("/", " ") for name, value in told.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("calibration", "test"), required=True)
    for pair in pairs_of(parser.parse_args().half):
        sys.stdout.write(json.dumps(pair._asdict()) + "\n")


if __name__ == "__main__":
    main()

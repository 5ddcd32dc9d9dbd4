"""Words that turn a question into another one, although its vector hardly moves. English first, and the negations of
six more languages of Europe."""

from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from operator import itemgetter


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Opposites, and what else of a kind must not be taken for each other: each row holds groups, a group is one meaning. Of
# a pair the more special one is enough to tell them apart; where both stand here, the one is no paraphrase of nothing.
_GROUPS = """
before prior earlier until / after afterwards later since following / within
maximum max highest largest biggest most greatest longest / minimum min lowest smallest least shortest
less fewer lower smaller shorter below under / above over exceed
decrease reduce shrink fall drop lessen lower / increase raise grow rise
disable deactivate
close shut
stop end finish quit / pause / resume / restart
sell sold / rent / lease
delete remove erase / replace
export
upload
decrypt decode
deny forbid block ban prohibit
exclude
reject decline refuse
disconnect detach
uninstall
unlock
unsubscribe / renew / cancel
hide
pull
receive
read
borrow
withdraw
lose lost loser
depart departure
exit
cheap cheapest / expensive
bad worst worse
slow slower slowest
early earliest
old oldest / young youngest
hot hotter / cold colder
hard difficult
easier easiest
weak
dangerous unsafe
illegal
impossible
unable
private
external
output
outbound outgoing
left / straight
north northern / south southern / east eastern / west western
horizontal / vertical
negative
loss
liability
debit
debt
net
male man men boy he his him / female woman women girl she her hers
mother / father
daughter
sister
wife / husband
descendant
student
employee
buyer
tenant
patient
plaintiff / defendant
sometimes / rarely seldom
some / both / either / half
only
except excluding
double twice / once / triple
or
without
first / last
yesterday / today / tomorrow / tonight
previous former / current now / next upcoming
was were did had
daily / weekly / monthly / yearly annual annually / hourly
second / minute / hour / day / week / month / year / decade / century
async asynchronous
descending
child
client
effect
disadvantage drawback / risk
symptom / treatment cure / prevention prevent
emit
alkaline
freeze / melt / boil / evaporate
birth born / death died die
monday / tuesday / wednesday / thursday / friday / saturday / sunday / weekend / weekday
january / february / april / june / july / august / september / october / november / december
spring / summer / autumn / winter
morning / noon / afternoon / evening / night / midnight
red / orange / yellow / green / blue / purple / black / white / brown / grey gray / pink
"""
# With these the particle decides: to turn on and to turn off.
PHRASAL = {**dict.fromkeys(("log", "sign", "check", "opt", "plug", "zoom", "clock", "dial"), frozenset(("in", "out"))),
           **dict.fromkeys(("turn", "switch", "power"), frozenset(("on", "off", "down"))),
           **dict.fromkeys(("scale", "roll", "go", "slow", "speed"), frozenset(("down", "back")))}
GLUED = {"login": "in", "signin": "in", "logon": "in", "checkin": "in", "logout": "out", "signout": "out",
         "checkout": "out", "logoff": "out"}
NEGATIONS = _words("""
not no never none nobody nothing nowhere neither nor cannot dont doesnt didnt isnt arent wasnt werent cant couldnt
shouldnt wouldnt wont hasnt havent hadnt nicht kein keine keinen keiner keines keinem nie niemals ohne ne pas jamais
aucun aucune sans nunca ninguno ninguna sin jamas non mai nessuno nessuna senza nao nenhum nenhuma sem niet geen nooit
zonder
""")
# What begins as the opposite of something, and is none.
_UN = _words("""
under until unit units union unions unique understand understanding understood universe universal university uncle
unless unify unified uniform distance distances discuss discussion discussed disk disks disc discs dish dishes display
displays distribute distributed distribution district disease diseases discount discounts discover discovered dispatch
disposal dispute distinct distinguish disaster disciplines discipline discord
""")
_COUNTED = ("two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
            "eighteen nineteen twenty")
_ROUND = {"third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "tenth": 10, "dozen": 12, "thirty": 30, "forty": 40,
          "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000,
          "million": 10**6, "billion": 10**9}
NUMBERS = {**{word: str(number) for number, word in enumerate(_COUNTED.split(), 2)},
           **{word: str(number) for word, number in _ROUND.items()}}
# Each with its other spellings.
_SPELLINGS = """
km kilometre kilometres kilometer kilometers / m metre metres meter meters / cm centimetre centimetres centimeter
centimeters / mm millimetre millimetres millimeter millimeters / mi mile miles / ft foot feet / inch inches / yd
yard yards / kg kilo kilos kilogram kilograms / g gram grams / lb lbs pound pounds / oz ounce ounces / cup cups / pint
pints / quart quarts / tsp teaspoon teaspoons / tbsp tablespoon tablespoons / l litre litres
liter liters / ml millilitre millilitres milliliter milliliters / gal gallon gallons / s sec secs second seconds / min
mins minute minutes / h hr hrs hour hours / d day days / w week weeks / mo month months / y yr yrs year years / ms
millisecond milliseconds / kb kilobyte kilobytes / mb megabyte megabytes / gb gigabyte gigabytes / tb terabyte
terabytes / % percent pct / c celsius / f fahrenheit / k kelvin / usd dollar dollars $ / eur euro euros € / chf franc
francs / inr rupee rupees / cny yuan / gbp £ /
jpy yen ¥ / am a.m / pm p.m / w watt watts / kw kilowatt kilowatts / kwh / v volt volts / mph / kph kmh / degrees
degree °
"""
UNITS = {spelling: words.split()[0] for words in _SPELLINGS.split("/") for spelling in words.split()}
# Words that begin a sentence, or stand in a title, and name nobody.
PLAIN = _words("""
a an the this that these those there here it its i im my me we our us you your he she they their his her what whats
which who whos whom whose when where wheres why how hows is are was were be been am do does did done have has had can
could will would shall should may might must and or but if so then as at by for from in into of on off to with without
about between within during per than please tell give show explain describe list name find write make create get let
lets help need want say know define compare summarize summarise translate convert calculate compute count check
suggest recommend provide hi hello hey thanks thank ok okay yes well also just now any some all every each both most
more no not never does use using used add remove delete change set turn open close start stop run install buy sell
send someone somebody anyone anybody something anything everyone everything in what's i'd i'm i've
""")
QUESTIONS = {"who": "who", "whom": "who", "whose": "who", "when": "when", "where": "where", "why": "why"}
ASKING = _words("know wonder ask idea sure see remember")  # what a question stands behind, beside plain words
TIMES = frozenset(("time", "date", "day", "year", "month"))
# After these, "to" and "into" have a direction; after some of them "in" has one too.
TURNS = _words("""
convert translate change turn move copy migrate switch transfer exchange compare send map import export upgrade
downgrade conversion translation
""")
RENDERS = _words("convert translate change exchange worth say conversion translation")
_ENDINGS = ("ing", "ed", "es", "s", "d", "e")
_LEAST_STEM = 4


def stem(word: str) -> str:
    """Roughly: what its forms have in common."""
    while True:
        ending = next((one for one in _ENDINGS if word.endswith(one) and len(word) - len(one) >= _LEAST_STEM), "")
        if not ending:
            return word[:-1] if len(word) > _LEAST_STEM and word[-1] == word[-2] and word[-1] in "bdgmnprt" else word
        word = word[: -len(ending)]


def _meanings() -> Iterator[tuple[str, str]]:
    for row in filter(None, map(str.split, _GROUPS.splitlines())):
        for group in _parted(row):
            for word in group:
                yield stem(word), group[0]


def _parted(row: Iterable[str]) -> Iterator[list[str]]:
    group: list[str] = []
    for word in chain(row, ("/",)):
        if word == "/":
            yield group
            group = []
        else:
            group.append(word)


MEANINGS = {word: frozenset(meaning for _, meaning in pairs)
            for word, pairs in groupby(sorted(_meanings()), itemgetter(0))}


def is_turned(word: str) -> bool:
    """Whether it may be the opposite of what it would be without its beginning."""
    return word.startswith(("un", "dis", "non")) and len(word) > 5 and word not in _UN

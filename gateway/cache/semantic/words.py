"""Words that turn a question into another one, although its vector hardly moves. English first, and the negations of
six more languages of Europe."""

from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from operator import itemgetter


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Opposites, and what else of a kind must not be taken for each other: each row holds groups, a group is one meaning.
_GROUPS = """
before prior earlier until / after afterwards later since following
maximum max highest largest biggest most greatest longest / minimum min lowest smallest least shortest
more greater higher larger bigger longer above over exceed / less fewer lower smaller shorter below under
increase raise grow gain rise / decrease reduce shrink lose loss fall drop lessen
enable activate / disable deactivate
open / close shut
start begin launch / stop end finish quit / pause / resume / restart
buy purchase / sell / rent / lease
add insert append / remove delete erase drop / replace
import / export
upload / download
encrypt encode / decrypt decode
allow permit / deny forbid block ban prohibit
include / exclude
accept approve / reject decline refuse
connect attach join / disconnect detach leave
install / uninstall
lock / unlock
subscribe / unsubscribe / renew / cancel
show display / hide
push / pull
send / receive
read / write
lend / borrow
deposit / withdraw
win / lose
arrive arrival / depart departure
enter entrance / exit
cheap cheapest / expensive dear
good best better / bad worst worse
fast faster fastest quick / slow slower slowest
early earliest / late latest
new newest / old oldest
young youngest / old oldest
hot hotter / cold colder
hard difficult / easy simple
strong / weak
safe / dangerous unsafe
legal / illegal
possible / impossible
able / unable
public / private
internal / external
input / output
inbound incoming / outbound outgoing
import / export
left / right / straight
north northern / south southern / east eastern / west western
horizontal / vertical
positive / negative
profit / loss
asset / liability
credit / debit
debt / saving
gross / net
male man men boy he his him / female woman women girl she her hers
mother / father / parent
son / daughter
brother / sister
husband / wife
ancestor / descendant
teacher / student
employer / employee
buyer / seller
landlord / tenant
doctor / patient
plaintiff / defendant
always / sometimes / often / rarely seldom
all every each / some / both / either / half
only
except excluding
double twice / once / triple
or
with / without
first / last
yesterday / today / tomorrow / tonight
previous former / current now / next upcoming
was were did had
will shall
daily / weekly / monthly / yearly annual annually / hourly
second / minute / hour / day / week / month / year / decade / century
sync synchronous / async asynchronous
ascending / descending
parent / child
client / server
cause / effect
advantage benefit pro / disadvantage drawback con / risk
symptom / treatment cure / prevention prevent
absorb / emit
acid acidic / alkaline
freeze / melt / boil / evaporate
birth born / death died die
monday / tuesday / wednesday / thursday / friday / saturday / sunday / weekend / weekday
january / february / april / june / july / august / september / october / november / december
spring / summer / autumn fall / winter
morning / noon / afternoon / evening / night / midnight
red / orange / yellow / green / blue / purple / black / white / brown / grey gray / pink
"""
# With these the particle decides: to turn on and to turn off.
PHRASAL = _words("""
turn switch power log sign check opt scale go speed slow roll plug zoom move bring take put get hand set
""")
PARTICLES = frozenset(("on", "off", "in", "out", "down", "back"))
GLUED = {"login": "in", "signin": "in", "logon": "in", "checkin": "in", "logout": "out", "signout": "out",
         "checkout": "out", "logoff": "out", "into": "in"}
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
yard yards / kg kilo kilos kilogram kilograms / g gram grams / lb lbs pound pounds / oz ounce ounces / l litre litres
liter liters / ml millilitre millilitres milliliter milliliters / gal gallon gallons / s sec secs second seconds / min
mins minute minutes / h hr hrs hour hours / d day days / w week weeks / mo month months / y yr yrs year years / ms
millisecond milliseconds / kb kilobyte kilobytes / mb megabyte megabytes / gb gigabyte gigabytes / tb terabyte
terabytes / % percent pct / c celsius / f fahrenheit / k kelvin / usd dollar dollars $ / eur euro euros € / gbp £ /
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
TIMES = frozenset(("time", "date", "day", "year", "month"))
# After these, "to" and "into" have a direction.
TURNS = _words("""
convert translate change turn move copy migrate switch transfer exchange compare send fly travel go drive walk get map
import export upgrade downgrade route conversion translation distance flight flights train trains bus road
""")
_ENDINGS = ("ing", "ed", "es", "s", "d", "e")


def stem(word: str) -> str:
    """Roughly: what its forms have in common."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    word = word.removesuffix("e")
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls" else word


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

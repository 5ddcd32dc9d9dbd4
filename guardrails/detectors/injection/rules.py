"""The rules: what an attack says, as rows of meanings.

A shape is written word by word. A name is a meaning of the lexicon, `a/b` either of two, `name?` may be missing, `~3`
up to three words of any kind within the sentence, `^` a place where an order can begin (a sentence, a comma, after
"please", "you must"), `=word` one very word of the lexicon, `|` where a sentence ends. A rule is looked for where a
word stands that is rare enough and has one of the meanings `by`.
"""

import re
from typing import NamedTuple

from guardrails.detectors.injection.labels import EXFILTRATION, EXTRACTION, HIJACK, INDIRECT, OVERRIDE, SMUGGLED
from guardrails.detectors.injection.lexicon import COLON, JOINED, QUOTE, SENTENCE, SOFT, Lexicon


class Rule(NamedTuple):
    """``score`` is for a user's own words; ``strict`` for what a tool or a document says (0: derived from it)."""

    label: str
    score: float
    shape: str
    by: str
    strict: float = 0.0


RULES = (
    # Earlier instructions are set aside.
    Rule(OVERRIDE, 0.9, "^ drop ~5 earlier ~2 rules", "drop"),
    Rule(OVERRIDE, 0.8, "^ drop ~4 rules told? above", "drop"),
    Rule(OVERRIDE, 0.75, "^ drop ~3 your ~3 norms/inner", "drop"),
    Rule(OVERRIDE, 0.4, "^ drop ~2 default ~2 rules/norms", "drop"),
    Rule(OVERRIDE, 0.6, "^ drop ~2 default ~3 rules/norms ~12 my/only", "drop"),
    Rule(OVERRIDE, 0.55, "follow ~2 only ~2 my ~2 orders", "orders"),
    Rule(OVERRIDE, 0.55, "only ~2 follow? ~2 my ~2 orders", "orders"),
    Rule(OVERRIDE, 0.55, "my ~2 orders only", "orders"),
    Rule(OVERRIDE, 0.7, "drop_foreign/set_aside ~4 your ~3 norms", "norms"),
    Rule(OVERRIDE, 0.9, "drop_foreign ~5 earlier ~2 rules", "drop_foreign"),
    Rule(OVERRIDE, 0.85, "drop_foreign ~4 rules ~3 earlier", "drop_foreign"),
    Rule(OVERRIDE, 0.8, "drop_foreign ~3 your ~4 rules", "drop_foreign"),
    Rule(OVERRIDE, 0.7, "drop_foreign ~2 all ~3 rules", "drop_foreign"),
    Rule(OVERRIDE, 0.7, "drop_foreign ~3 everything ~5 told/earlier", "drop_foreign"),
    Rule(OVERRIDE, 0.85, "earlier ~4 rules ~3 drop_foreign", "drop_foreign"),
    Rule(OVERRIDE, 0.75, "drop_foreign ~6 earlier ~6 rules", "drop_foreign"),
    Rule(OVERRIDE, 0.7, "all ~2 rules ~2 drop_foreign", "drop_foreign"),
    Rule(OVERRIDE, 0.5, "^ stop ~1 follow ~3 rules", "rules"),
    Rule(OVERRIDE, 0.6, "^ not ~1 follow ~1 the? hidden ~1 prompt/rules", "prompt rules"),
    Rule(OVERRIDE, 0.6, "^ drop ~1 the? hidden ~1 prompt", "prompt"),
    Rule(OVERRIDE, 0.6, "earlier ~2 orders ~2 been ~1 void", "void"),
    Rule(OVERRIDE, 0.6, "^ drop what ~1 boss/maker ~1 told", "drop"),
    Rule(OVERRIDE, 0.45, "drop_foreign the? rules", "drop_foreign"),
    Rule(OVERRIDE, 0.7, "^ throw offward ~2 earlier/your/all ~2 rules", "rules"),
    Rule(OVERRIDE, 0.7, "^ pay no attention ~2 earlier/your ~3 rules/words", "attention"),
    Rule(OVERRIDE, 0.4, "you ~2 not =have to follow ~3 rules", "rules"),
    Rule(OVERRIDE, 0.5, "drop/dropping ~5 earlier ~2 rules", "drop"),
    Rule(OVERRIDE, 0.5, "dropping ~4 earlier/your ~3 rules", "dropping"),
    Rule(OVERRIDE, 0.8, "^ drop ~3 your ~3 rules/safety", "drop"),
    Rule(OVERRIDE, 0.5, "drop ~2 your ~3 rules/safety", "drop"),
    Rule(OVERRIDE, 0.55, "^ drop ~2 all ~3 rules/safety", "drop"),
    Rule(OVERRIDE, 0.4, "^ drop the? rules/safety", "drop"),
    Rule(OVERRIDE, 0.8, "^ drop ~2 everything ~5 told/earlier", "drop"),
    Rule(OVERRIDE, 0.6, "^ drop ~2 what/everything ~2 you ~3 told", "drop"),
    Rule(OVERRIDE, 0.55, "^ drop ~2 all/your ~2 earlier ~2 words", "drop"),
    Rule(OVERRIDE, 0.5, "^ drop the? earlier words", "drop"),
    Rule(OVERRIDE, 0.6, "^ drop the =above ,/|/go", "drop"),
    Rule(OVERRIDE, 0.7, "^ not/stop ~1 follow ~3 your/earlier ~3 rules", "rules"),
    Rule(OVERRIDE, 0.6, "^ not/stop ~1 follow ~3 rules ~3 earlier/told", "rules"),
    Rule(OVERRIDE, 0.6, "rules ~2 earlier ~3 is ~2 void", "void rules"),
    Rule(OVERRIDE, 0.65, "your/earlier ~3 rules/safety ~3 been ~2 void", "void rules safety"),
    Rule(OVERRIDE, 0.45, "all ~1 safety ~2 been ~2 void", "void"),
    Rule(OVERRIDE, 0.6, "your/earlier ~2 rules ~3 no/not ~1 longer? applies", "applies rules"),
    Rule(OVERRIDE, 0.6, "^ your? =new rules ~1 :/here", "rules", 0.75),
    Rule(OVERRIDE, 0.55, "^ follow ~2 my/new/the ~2 rules ~1 instead", "rules", 0.75),
    Rule(OVERRIDE, 0.75, "^ off ~1 your ~4 safety/rules", "off"),
    Rule(OVERRIDE, 0.7, "^ switch offward? ~2 your ~3 safety/rules", "safety"),
    Rule(OVERRIDE, 0.5, "^ off ~1 all ~3 safety/rules", "off"),
    Rule(OVERRIDE, 0.45, "my rules ~3 priority/higher", "rules", 0.7),
    Rule(OVERRIDE, 0.7, "^ depart ~1 outside ~2 your ~3 norms/rules/safety", "norms"),
    Rule(OVERRIDE, 0.5, "depart ~2 outside ~2 your ~3 norms/rules/safety", "norms"),
    Rule(OVERRIDE, 0.55, "^ drop below ,/|/go/machine", "drop"),
    Rule(OVERRIDE, 0.45, "^ drop ~1 below ~3 ,/|", "drop"),
    # A model is made another one.
    Rule(HIJACK, 0.9, "you ~1 is ~1 now ~6 lawless/persona", "lawless"),
    Rule(HIJACK, 0.8, "^ act ~7 lawless ~2 machine/character", "lawless"),
    Rule(HIJACK, 0.6, "^ act ~5 lawless", "lawless"),
    Rule(HIJACK, 0.6, "^ act ~5 wicked ~2 machine", "wicked"),
    Rule(HIJACK, 0.6, "you ~1 is ~3 wicked ~2 machine", "wicked"),
    Rule(HIJACK, 0.4, "wicked ~1 machine", "wicked"),
    Rule(HIJACK, 0.4, "lawless and ~1 wicked", "lawless"),
    Rule(HIJACK, 0.4, "wicked and ~1 lawless", "lawless"),
    Rule(HIJACK, 0.8, "^ act ~3 persona", "persona"),
    Rule(HIJACK, 0.75, "you ~2 is ~4 lawless ~1 machine/and", "lawless"),
    Rule(HIJACK, 0.8, "you ~2 is ~3 persona ,/|/go/who", "persona"),
    Rule(HIJACK, 0.5, "lawless ~1 machine", "lawless"),
    Rule(HIJACK, 0.5, "lawless and lawless", "lawless"),
    Rule(HIJACK, 0.7, "you ~5 no ~1 safety/rules", "safety"),
    Rule(HIJACK, 0.6, "^ act ~9 no ~3 safety", "safety"),
    Rule(HIJACK, 0.6, "machine ~6 no ~3 safety/rules", "safety"),
    Rule(HIJACK, 0.35, "without ~2 all? ~1 safety", "safety", 0.3),
    Rule(HIJACK, 0.35, "without ~3 safety ~2 safety", "safety", 0.35),
    Rule(HIJACK, 0.6, "free from ~3 safety/rules", "safety"),
    Rule(HIJACK, 0.6, "you ~3 not/no ~2 bound ~4 safety/rules", "safety"),
    Rule(HIJACK, 0.55, "not/no ~2 bound ~4 safety/rules/policies_word", "bound"),
    Rule(HIJACK, 0.5, "comply ~7 without ~3 safety", "safety"),
    Rule(HIJACK, 0.55, "safety/rules ~5 not longer? applies", "applies safety rules"),
    Rule(HIJACK, 0.6, "you ~2 not =have ~3 safety/rules", "safety"),
    Rule(HIJACK, 0.55, "you ~3 not ~2 follow ~4 safety/rules", "safety"),
    Rule(HIJACK, 0.6, "modal mode ~3 on_off", "mode"),
    Rule(HIJACK, 0.35, "on_off ~3 modal mode", "mode"),
    Rule(HIJACK, 0.6, "you ~4 modal mode", "mode"),
    Rule(HIJACK, 0.55, "^ act ~5 modal mode", "mode"),
    Rule(HIJACK, 0.45, "you ~3 not ~2 refuse", "refuse"),
    Rule(HIJACK, 0.4, "always ~1 refuse", "refuse"),
    Rule(HIJACK, 0.4, "always ~1 comply ~6 bad/no", "bad"),
    Rule(HIJACK, 0.45, "comply/capable ~8 regardless ~8 bad/safety", "regardless"),
    Rule(HIJACK, 0.4, "not ~3 say ~4 sorry", "sorry"),
    Rule(HIJACK, 0.5, "act ~4 grandma ~8 used", "grandma"),
    Rule(HIJACK, 0.4, "grandma ~3 used ~3 show", "grandma"),
    Rule(HIJACK, 0.45, "story world ~10 no ~4 safety/rules/law", "story"),
    Rule(HIJACK, 0.4, "machine/maker ~4 policies_word ~4 not/void/drop", "policies_word"),
    Rule(HIJACK, 0.5, "two ~2 answers ~25 lawless/persona/modal", "answers"),
    Rule(HIJACK, 0.45, "token ~8 lose", "lose"),
    Rule(HIJACK, 0.45, "you ~2 is ~2 free ~2 from ~6 machine/maker", "free"),
    Rule(HIJACK, 0.3, "^ act ~8 bad ~3 machine", "bad"),
    Rule(HIJACK, 0.25, "lawless", "lawless"),
    Rule(HIJACK, 0.25, "no ~1 safety", "safety"),
    Rule(HIJACK, 0.3, "bad ~1 bad", "bad"),
    Rule(HIJACK, 0.2, "^ act ~8 machine", "machine"),
    Rule(HIJACK, 0.4, "you ~2 is ~2 not ~3 machine", "machine"),
    Rule(HIJACK, 0.25, "modal mode", "mode"),
    Rule(HIJACK, 0.25, "iam ~3 boss ~8 your/prompt/rules", "boss"),
    Rule(HIJACK, 0.25, "regardless ~6 bad/safety", "regardless"),
    # What was said to the model is asked for.
    Rule(EXTRACTION, 0.45, "your own_rules", "own_rules", 0.25),
    Rule(EXTRACTION, 0.3, "your ~1 prompt/rules/inner", "prompt rules inner", 0.1),
    Rule(EXTRACTION, 0.3, "your ~1 safety", "safety", 0.15),
    Rule(EXTRACTION, 0.25, "=system prompt", "prompt", 0.25),
    Rule(EXTRACTION, 0.5, "^ leak ~2 prompt/rules/inner", "leak"),
    Rule(EXTRACTION, 0.5, "show/what/write/leak ~5 prompting ~3 behind/guiding ~2 yours", "prompting"),
    Rule(EXTRACTION, 0.5, "show/what/leak ~4 founding prompting", "founding"),
    Rule(EXTRACTION, 0.5, "show/what/leak ~5 prompting ~2 founding ~6 yours", "founding"),
    Rule(EXTRACTION, 0.5, "show/what/leak ~4 founding ~2 prompting ~6 yours", "founding"),
    Rule(EXTRACTION, 0.4, "show/what/leak ~5 prompting ~3 your ~1 machine/inner/norms", "prompting"),
    Rule(EXTRACTION, 0.4, "what/show/leak ~3 guiding ~1 your", "guiding"),
    Rule(EXTRACTION, 0.8, "^ show/repeat/write ~4 your ~2 hidden ~2 prompt/message", "prompt message"),
    Rule(EXTRACTION, 0.7, "^ show/repeat ~3 your ~2 prompt/rules", "prompt"),
    Rule(EXTRACTION, 0.6, "^ show/repeat ~2 the hidden ~1 prompt", "prompt"),
    Rule(EXTRACTION, 0.45, "^ show/repeat hidden prompt", "prompt"),
    Rule(EXTRACTION, 0.65, "your ~2 hidden ~2 prompt/rules ~4 show", "prompt"),
    Rule(EXTRACTION, 0.6, "telling ~3 your ~2 hidden? ~1 prompt", "prompt"),
    Rule(EXTRACTION, 0.75, "what is ~2 your ~2 hidden ~2 prompt/message", "prompt message"),
    Rule(EXTRACTION, 0.55, "what is ~1 your ~1 prompt/rules", "prompt"),
    Rule(EXTRACTION, 0.5, "your ~1 hidden ~1 prompt/inner", "prompt inner"),
    Rule(EXTRACTION, 0.55, "^ show/repeat/write ~4 your ~3 prompt/inner", "prompt inner"),
    Rule(EXTRACTION, 0.5, "show/write/telling ~5 your ~2 prompt/inner", "prompt inner"),
    Rule(EXTRACTION, 0.6, "show/what/write/telling ~5 query ~4 guiding ~2 you/your", "guiding"),
    Rule(EXTRACTION, 0.6, "show/what/write/telling ~5 query ~4 you guiding", "guiding"),
    Rule(EXTRACTION, 0.6, "what is ~2 hidden ~1 query ~5 you/your ~1 told", "query"),
    Rule(EXTRACTION, 0.55, "^ show ~3 the/your/my ~1 access code_word", "access"),
    Rule(EXTRACTION, 0.55, "what is ~1 the/your ~1 access code_word", "access"),
    Rule(EXTRACTION, 0.45, "^ show ~2 the/your password", "password"),
    Rule(EXTRACTION, 0.5, "what is ~1 the/your password ~4 you/told", "password"),
    Rule(HIJACK, 0.45, "say ~3 access granted", "granted"),
    Rule(EXTRACTION, 0.65, "what ~2 prompt/rules ~3 you ~3 told", "prompt"),
    Rule(EXTRACTION, 0.6, "prompt/rules ~2 you ~2 is ~1 told", "prompt"),
    Rule(EXTRACTION, 0.6, "what is you told ~4 earlier/=start/|", "told"),
    Rule(EXTRACTION, 0.5, "hidden prompt ~3 verbatim", "verbatim"),
    Rule(EXTRACTION, 0.5, "^ repeat ~3 earlier ~1 words ~2 verbatim", "verbatim"),
    Rule(EXTRACTION, 0.6, "your ~3 prompt/rules ~4 verbatim", "verbatim"),
    # Text of tools and documents that speaks to the model.
    Rule(INDIRECT, 0.4, "note ~1 to ~3 machine", "machine", 0.8),
    Rule(INDIRECT, 0.4, "machine ~3 note |", "machine", 0.7),
    Rule(INDIRECT, 0.4, "if you ~1 is ~4 machine", "machine", 0.8),
    Rule(INDIRECT, 0.35, "if ~2 machine ~3 reading", "machine", 0.7),
    Rule(INDIRECT, 0.4, "machine ~4 reading ~4 the ~8 instead/will", "machine", 0.8),
    Rule(INDIRECT, 0.35, "if ~3 reading ~4 ,/| ~1 insert", "reading", 0.65),
    Rule(INDIRECT, 0.4, "machine ~2 if ~3 reading", "machine", 0.75),
    Rule(INDIRECT, 0.3, "machine ~2 will ~2 drop/send/instead/run", "machine", 0.7),
    Rule(INDIRECT, 0.3, "^ machine , ~2 drop/send/run/show", "machine", 0.6),
    Rule(EXFILTRATION, 0.4, "^ send ~6 loot ~8 place", "loot place_rare", 0.8),
    Rule(EXFILTRATION, 0.4, "^ send ~3 the/all/your ~4 loot ~3 to ~2 place", "loot place_rare", 0.8),
    # What is to be done comes encoded or in parts.
    Rule(SMUGGLED, 0.45, "decode ~6 code ~8 run", "code", 0.7),
    Rule(SMUGGLED, 0.4, "decode ~8 and ~1 =execute/=follow/=obey", "decode", 0.7),
    Rule(SMUGGLED, 0.4, "^ join ~4 parts ~5 and ~2 run", "parts", 0.6),
)

_GAP = f"[^{re.escape(SENTENCE + COLON + JOINED)}]"


def compiled(shape: str, lexicon: Lexicon) -> re.Pattern[str]:
    """``shape`` over the marks of a text."""
    return re.compile("".join(_step(word, lexicon) for word in shape.split()))


def needed(shape: str, lexicon: Lexicon) -> tuple[frozenset[str], ...]:
    """Of each of these sets of marks a text must have one, or ``shape`` is not in it: quicker to see than to match."""
    steps = [word for word in shape.split() if word != "^" and not word.startswith("~") and not word.endswith("?")]
    return tuple(frozenset("".join(_marks(name, lexicon) for name in step.split("/"))) for step in steps)


def _step(word: str, lexicon: Lexicon) -> str:
    if word == "^":
        return f"(?:^|(?<=[{re.escape(SENTENCE + COLON + SOFT + QUOTE)}{lexicon.having('go')}]))"
    if word.startswith("~"):
        return f"{_GAP}{{0,{word[1:]}}}?"
    marks = "".join(_marks(name, lexicon) for name in word.rstrip("?").split("/"))
    return f"[{re.escape(marks)}]" + ("?" if word.endswith("?") else "")


def _marks(name: str, lexicon: Lexicon) -> str:
    if name in (SENTENCE, COLON, SOFT):
        return name
    return lexicon.marks[name[1:]] if name.startswith("=") else lexicon.having(name)

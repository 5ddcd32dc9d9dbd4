"""The openings of a pattern: every text that could still grow into a match.

A stream may release its text up to where no match can begin any more. Where that is, another pattern tells, derived
from the first one: it matches whatever a match may begin with. With `o` for the openings of a pattern,

    o(literal)  = nothing             it is there or it is not
    o(a b c)    = o(a) | a o(b) | a b o(c)
    o(a | b)    = o(a) | o(b)
    o(a{m,n})   = a{0,n-1} o(a)
    o(boundary) = nothing             what comes next decides it, so all that stands before it is an opening

anchored at the end of what has arrived. "Nothing" matches the empty text: standing before the pattern's next character
is an opening too. A text that matches as a whole and cannot grow is no opening: it is a match.

Repetitions of one character are not counted in an opening: `[a-z]{3,40}` may begin with any number of letters. That
matches a little more, which delays a little text; but each counter of each pattern would multiply the states of the one
automaton that all openings share. What is more than a longest match behind the end is no opening, whatever matches.

Most patterns never leave a word: a key, an address, a number. Their openings need not be told apart. WORD holds back
the word that the text ends with, whatever it is, and the character before it; only what goes beyond has openings of its
own. In ordinary text the next word is one blank away.

Written over the syntax tree of Python's own parser, whose syntax for what is used here is RE2's.
"""

import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

UNBOUNDED = sre.MAXREPEAT
# RE2 refuses repetitions beyond this.
_MOST = 1000
# What words consist of here, with the Latin letters beyond ASCII: what keys, addresses, links and numbers are made of,
# and not what ends a value in JSON.
_WORD = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+%@/:=~#&?!*$-")
WORD = r"(?s:.)?[A-Za-z0-9_.+%@/:=~#&?!*$\x{c0}-\x{24f}-]*"
# Up to this many of a character are counted in an opening.
_COUNTED = 3
# What occurs need not be told exactly: the least number of a character is counted up to here.
_LEAST = 4
# A head has no repetitions beyond the one, and no fewer characters than the other: else it would stand everywhere.
_SHORT = 5
_LEAST_HEAD = 2
_CLASSES = {sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s",
            sre.CATEGORY_NOT_SPACE: r"\S", sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W"}
_PLACES = {sre.AT_BEGINNING: r"^", sre.AT_BEGINNING_STRING: r"\A", sre.AT_BOUNDARY: r"\b",
           sre.AT_NON_BOUNDARY: r"\B"}


class UnsupportedPattern(ValueError):
    """A pattern with what has no linear-time form, or no longest match."""


def parse(pattern: str) -> Any:
    """Python's syntax tree of ``pattern``; raises UnsupportedPattern where it is none."""
    try:
        # RE2's classes are ASCII, and (?s), (?m) and (?x) would change what a dot, a place or a blank means.
        tree = _parser.parse(pattern, re.ASCII)
    except re.error as error:
        raise UnsupportedPattern(f"not a regular expression: {error}") from None
    except (OverflowError, RecursionError):
        raise UnsupportedPattern("too large or too deep") from None
    if tree.state.flags & (re.DOTALL | re.MULTILINE | re.VERBOSE | re.LOCALE):
        raise UnsupportedPattern("of the flags only (?i) can be used")
    return tree


def longest(pattern: str) -> int | None:
    """The most characters that a match of ``pattern`` can have; None where there is no bound."""
    most = parse(pattern).getwidth()[1]
    return None if most >= UNBOUNDED else int(most)


def opening(pattern: str) -> str:
    """A pattern for the openings of ``pattern`` that WORD is not one of already, not anchored; empty where it always
    is."""
    tree = parse(pattern)
    return _with_case(tree, _beyond_word(_flat(tree)))


def head(pattern: str) -> tuple[str, str]:
    """What every match of ``pattern`` begins with, up to its first long repetition, and the openings of that.

    An opening of the pattern is one of its head, or the head stands in it. Empty where the pattern begins with a long
    repetition, or with hardly anything before it.
    """
    tree = parse(pattern)
    nodes = _flat(tree)
    taken = next((place for place, node in enumerate(nodes) if _repeats_long(node)), len(nodes))
    if taken == len(nodes) or _parser.SubPattern(tree.state, nodes[:taken]).getwidth()[0] < _LEAST_HEAD:
        return "", ""
    return _with_case(tree, _relaxed_all(nodes[:taken])), _with_case(tree, _beyond_word(nodes[:taken]))


def _with_case(tree: Any, written: str) -> str:
    return f"(?i:{written})" if written and tree.state.flags & re.IGNORECASE else written


def _repeats_long(node: Any) -> bool:
    kind, value = node
    if kind is sre.BRANCH:
        return any(_repeats_long(part) for branch in value[1] for part in branch)
    if kind is sre.SUBPATTERN:
        return any(map(_repeats_long, value[3]))
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return value[1] > _SHORT or any(map(_repeats_long, value[2]))
    return False


def _beyond_word(nodes: list[Any]) -> str:
    """The openings in which something stands beyond the first character that no word holds."""
    if len(nodes) == 1 and nodes[0][0] is sre.BRANCH:
        found = list(dict.fromkeys(filter(None, (_beyond_word(_flat(branch)) for branch in nodes[0][1][1]))))
        return "(?:" + "|".join(found) + ")" if found else ""
    first = 1 if nodes and _parser.SubPattern(_parser.State(), nodes[:1]).getwidth()[1] <= 1 else 0
    place = next((place for place, node in enumerate(nodes) if place >= first and _leaves_word(node)), None)
    if place is None:
        return ""
    return _relaxed_all(nodes[:place]) + _opening(nodes[place:])


def _flat(nodes: Any) -> list[Any]:
    """The nodes without groups that only group."""
    found: list[Any] = []
    for node in nodes:
        if node[0] is sre.SUBPATTERN and not node[1][1] and not node[1][2]:
            found += _flat(node[1][3])
        else:
            found.append(node)
    return found


def _leaves_word(node: Any) -> bool:
    """Whether it can match a character that no word holds."""
    kind, value = node
    if kind is sre.LITERAL:
        return not _in_word(value)
    if kind is sre.IN:
        return any(map(_member_leaves_word, value))
    if kind is sre.BRANCH:
        return any(_leaves_word(part) for branch in value[1] for part in branch)
    if kind is sre.SUBPATTERN:
        return any(map(_leaves_word, value[3]))
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return any(map(_leaves_word, value[2]))
    return kind is not sre.AT


def _member_leaves_word(member: Any) -> bool:
    kind, value = member
    if kind is sre.LITERAL:
        return not _in_word(value)
    if kind is sre.RANGE:
        return not all(map(_in_word, range(value[0], value[1] + 1)))
    return kind is sre.NEGATE or value not in (sre.CATEGORY_DIGIT, sre.CATEGORY_WORD)


def _in_word(code: int) -> bool:
    return 0xC0 <= code <= 0x24F or chr(code) in _WORD


def relaxed(pattern: str) -> str:
    """A pattern that occurs wherever ``pattern`` does, and counts hardly any repetitions."""
    tree = parse(pattern)
    written = _relaxed_all(tree, least=True)
    return f"(?i:{written})" if tree.state.flags & re.IGNORECASE else written


def _opening(nodes: list[Any]) -> str:
    """Right to left, so that each part is written once: o(a b c) = o(a) | a (o(b) | b o(c))."""
    written = ""
    for position, node in reversed(list(enumerate(nodes))):
        own = _opening_of(node)
        if position == len(nodes) - 1:
            written = own
        else:
            following = _relaxed(node) + written
            written = f"(?:{following}|{own})" if own else f"(?:{following})?"
    return written


def _opening_of(node: Any) -> str:
    kind, value = node
    if kind in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN) or (kind is sre.AT and value in _PLACES):
        return ""
    if kind is sre.BRANCH:
        return _either(_opening(list(branch)) for branch in value[1])
    if kind is sre.SUBPATTERN:
        return _with_flags(value, _opening(list(value[3])))
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        _, most, repeated = value
        own = _opening(list(repeated))
        if most is UNBOUNDED or (most > _COUNTED and _is_character(repeated)):
            return _repeated(_relaxed_all(repeated), 0, UNBOUNDED) + own
        return _repeated(_relaxed_all(repeated), 0, most - 1) + own
    raise UnsupportedPattern(_unsupported(kind))


def _is_character(nodes: Any) -> bool:
    return len(nodes) == 1 and nodes[0][0] in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN)


def _is_code(node: Any) -> bool:
    """Digits and capitals: their runs are short and few, so that to count them multiplies no states, and tells them
    apart."""
    kind, value = node
    return kind is sre.IN and all(
        member == (sre.CATEGORY, sre.CATEGORY_DIGIT) or (member[0] is sre.RANGE and member[1][1] <= ord("Z"))
        or (member[0] is sre.LITERAL and member[1] <= ord("Z")) for member in value)


def _relaxed_all(nodes: Any, least: bool = False) -> str:
    return "".join(_relaxed(node, least) for node in nodes)


def _relaxed(node: Any, least: bool = False) -> str:
    """The node as RE2 reads it, with repetitions of one character not counted, or only up to their ``least``."""
    kind, value = node
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        fewest, most, repeated = value
        if most is not UNBOUNDED and most > _COUNTED and _is_character(repeated):
            counted = fewest if least and _is_code(repeated[0]) else min(fewest, _LEAST if least else 1)
            return _repeated(_written(repeated[0]), counted, UNBOUNDED)
        return _repeated(_relaxed_all(repeated, least), fewest, most)
    if kind is sre.BRANCH:
        return "(?:" + "|".join(dict.fromkeys(_relaxed_all(branch, least) for branch in value[1])) + ")"
    if kind is sre.SUBPATTERN:
        inner = _relaxed_all(value[3], least)
        return _with_flags(value, inner) if value[1] or value[2] else f"(?:{inner})"
    return _written(node)


def _either(options: Any) -> str:
    distinct = list(dict.fromkeys(options))
    if distinct == [""]:
        return ""
    # The empty option last: RE2 prefers the first that fits, and only the anchor at the end decides which fit.
    return "(?:" + "|".join(sorted(distinct, key=lambda option: not option)) + ")"


def _with_flags(value: Any, inner: str) -> str:
    _, added, removed, _ = value
    flags = ("i" if added & re.IGNORECASE else "") + ("-i" if removed & re.IGNORECASE else "")
    return f"(?{flags}:{inner})" if inner and flags else inner


def _repeated(inner: str, least: int, most: Any) -> str:
    if most is UNBOUNDED:
        return f"(?:{inner})" + ("*" if least == 0 else "+" if least == 1 else f"{{{least},}}")
    if most > _MOST:
        raise UnsupportedPattern(f"a repetition beyond {_MOST}")
    return "" if most == 0 else f"(?:{inner}){{{least},{most}}}"


def _sequence(nodes: Any) -> str:
    return "".join(_written(node) for node in nodes)


def _written(node: Any) -> str:
    """The node as RE2 reads it, without capturing."""
    kind, value = node
    if kind is sre.LITERAL:
        return _character(value)
    if kind is sre.NOT_LITERAL:
        return f"[^{_character(value)}]"
    if kind is sre.ANY:
        return "."
    if kind is sre.IN:
        return _class(value)
    if kind is sre.BRANCH:
        return "(?:" + "|".join(_sequence(branch) for branch in value[1]) + ")"
    if kind is sre.SUBPATTERN:
        return _with_flags(value, _sequence(value[3])) if value[1] or value[2] else f"(?:{_sequence(value[3])})"
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return _repeated(_sequence(value[2]), value[0], value[1])
    if kind is sre.AT and value in _PLACES:
        return _PLACES[value]
    raise UnsupportedPattern(_unsupported(kind))


def _class(members: Any) -> str:
    negated = members[0][0] is sre.NEGATE
    parts = []
    for kind, value in members[1:] if negated else members:
        if kind is sre.LITERAL:
            parts.append(_character(value))
        elif kind is sre.RANGE:
            parts.append(f"{_character(value[0])}-{_character(value[1])}")
        else:
            parts.append(_CLASSES[value])
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _character(code: int) -> str:
    return chr(code) if chr(code).isalnum() and code < 128 else f"\\x{{{code:x}}}"


def _unsupported(kind: Any) -> str:
    names = {sre.ASSERT: "lookahead or lookbehind", sre.ASSERT_NOT: "lookahead or lookbehind",
             sre.GROUPREF: "a reference to a group", sre.GROUPREF_EXISTS: "a reference to a group",
             sre.AT: "$ (where a stream's text ends is not known in time)"}
    return f"{names.get(kind, str(kind).lower())} cannot be matched in linear time"

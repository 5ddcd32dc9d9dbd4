"""vLLM's own series, from one endpoint's text to another's: read line by line, labelled, and written out by family.

What a model server answers is not trusted: a line that is not a sample of a ``vllm:`` family to the letter is dropped,
so that nothing it says can stand in for a series of ours.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

_SAMPLE = re.compile(
    r'(?P<name>vllm:[a-zA-Z0-9_:]*)'
    r'(?:\{(?P<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})?'
    r'[ \t]+(?P<value>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?Inf|NaN)(?:[ \t]+-?[0-9]+)?')
_ABOUT = re.compile(r'# (?P<what>HELP|TYPE) (?P<name>vllm:[a-zA-Z0-9_:]*) (?P<text>[^\n]*)')
_OURS = re.compile(r'(?P<start>^|,)(?P<label>version|endpoint)="')
_TYPES = frozenset({"counter", "gauge", "histogram", "summary", "untyped"})


class Sample(msgspec.Struct, frozen=True):
    """A series and its value; ``labels`` are as they were written, between the braces."""

    name: str
    labels: str
    value: str


class Family(msgspec.Struct):
    """Samples that share a HELP and a TYPE."""

    name: str
    kind: str = "untyped"
    help: str = ""
    samples: list[Sample] = []


def families_in(text: str) -> dict[str, Family]:
    """The ``vllm:`` families of a page in Prometheus' text format."""
    found: dict[str, Family] = {}
    current = Family("")
    for line in text.split("\n"):
        if line.startswith("vllm:"):
            current = _add_sample(found, current, line)
        elif line.startswith("# "):
            current = _add_about(found, current, line)
    return {name: family for name, family in found.items() if family.samples}


def _add_sample(found: dict[str, Family], current: Family, line: str) -> Family:
    match = _SAMPLE.fullmatch(line.rstrip("\r \t"))
    if match is None:
        return current
    name = match["name"]
    if not _belongs(name, current):
        current = found.setdefault(name, Family(name))
    current.samples.append(Sample(name, (match["labels"] or "").rstrip(","), match["value"]))
    return current


def _belongs(name: str, family: Family) -> bool:
    suffixes = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
    return bool(family.name) and name in [family.name + suffix for suffix in suffixes.get(family.kind, ("",))]


def _add_about(found: dict[str, Family], current: Family, line: str) -> Family:
    match = _ABOUT.fullmatch(line.rstrip("\r"))
    if match is None:
        return current
    family = found.setdefault(match["name"], Family(match["name"]))
    if match["what"] == "HELP":
        family.help = match["text"]
    elif match["text"] in _TYPES:
        family.kind = match["text"]
    return family


def escaped(value: str) -> str:
    """A label's value as the text format wants it."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def merged(pages: Iterable[tuple[str, str, Mapping[str, Family]]]) -> str:
    """One text of all pages (version, endpoint, families): each family once, each sample with both labels."""
    heads: dict[str, Family] = {}
    lines: dict[str, list[str]] = {}
    for version, endpoint, families in pages:
        ours = f'version="{escaped(version)}",endpoint="{escaped(endpoint)}"'
        for name, family in families.items():
            head = heads.setdefault(name, family)
            if head.kind == family.kind:  # two releases of vLLM may differ; a family can only be one thing
                lines.setdefault(name, []).extend(_lines(family, ours))
    return "".join(_written(heads[name], lines[name]) for name in sorted(lines))


def _lines(family: Family, ours: str) -> Iterable[str]:
    for sample in family.samples:
        theirs = _OURS.sub(r'\g<start>exported_\g<label>="', sample.labels)
        yield f"{sample.name}{{{ours}{',' if theirs else ''}{theirs}}} {sample.value}\n"


def _written(head: Family, lines: list[str]) -> str:
    help_line = f"# HELP {head.name} {head.help}\n" if head.help else ""
    return f"{help_line}# TYPE {head.name} {head.kind}\n{''.join(lines)}"

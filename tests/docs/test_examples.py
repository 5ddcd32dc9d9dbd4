"""What the documents tell a reader to write or to type is accepted by the program.

A YAML block is checked as what it looks like. One more word behind its language says otherwise: ``wrong`` (it has to be
refused), ``fragment`` (a part of a document; it stands for no whole one).
"""

import os
import re
import shlex
from collections.abc import Iterator

import click
import msgspec
import pytest

from gateway.config.checking import ConfigurationError, convert
from gateway.config.reading import parse_yaml
from gateway.config.routing_document import RoutingDocument, check_routing
from gateway.config.settings import Settings, contradictions_of
from models.engine import read as read_engine
from tests.docs.commands import parse
from tests.docs.documents import ROOT, Fence, documents, fences, inline_code

BLOCKS = [fence for page in documents() for fence in fences(page)]
ROUTING = set(RoutingDocument.__struct_encode_fields__)
SETTINGS = set(Settings.__struct_encode_fields__)
SHELLS = ("sh", "bash", "console", "")


def kind_of(fence: Fence) -> str:
    """What a YAML block looks like, by its first level: routing, settings, engine; empty for anything else."""
    written = parse_yaml(fence.text, str(fence))
    keys = set(written) if isinstance(written, dict) else set()
    named = re.match(r"# (\w+)\.yaml", fence.text)
    if named and named[1] == "engine":
        return "engine"
    return "routing" if keys & ROUTING - SETTINGS else "settings" if keys & SETTINGS else ""


def check(fence: Fence) -> None:
    """Raises what the real checker raises."""
    written = parse_yaml(fence.text, str(fence))
    match kind_of(fence):
        case "routing":
            check_routing(written, str(fence))
        case "settings":
            if problems := list(contradictions_of(convert(written, Settings, str(fence)))):
                raise ConfigurationError(str(fence), problems)
        case "engine":
            read_engine(written)


YAML = [fence for fence in BLOCKS if fence.language in ("yaml", "yml")]


@pytest.mark.parametrize("fence", [one for one in YAML if not {"wrong", "fragment"} & set(one.words)], ids=str)
def test_a_document_that_is_shown_is_accepted(fence: Fence) -> None:
    check(fence)


@pytest.mark.parametrize("fence", [one for one in YAML if "wrong" in one.words], ids=str)
def test_a_document_that_is_shown_as_wrong_is_refused(fence: Fence) -> None:
    """With as many problems as its comments tell of."""
    with pytest.raises(ConfigurationError) as caught:
        check(fence)
    assert len(caught.value.problems) == fence.text.count("#")


def test_the_documents_show_each_kind_of_file() -> None:
    assert {kind_of(fence) for fence in YAML} >= {"routing", "settings"}


def command_lines(fence: Fence) -> Iterator[str]:
    """The commands of a shell block: continued lines joined, a prompt and what comes after a pipe left out."""
    for line in fence.text.replace("\\\n", " ").splitlines():
        yield re.split(r" (?:\||>|&&|;) ", line.strip().removeprefix("$ "))[0]


def shown_commands() -> list[tuple[str, str]]:
    """Every ``gatewright ...`` line of a shell block, with the place where it stands."""
    return [(f"{fence}", line) for fence in BLOCKS if fence.language in SHELLS for line in command_lines(fence)
            if line.startswith("gatewright ")]


@pytest.mark.parametrize(("place", "line"), shown_commands(), ids=lambda value: value if ":" in value else "")
def test_a_command_that_is_shown_can_be_typed(place: str, line: str) -> None:
    parse(shlex.split(line, comments=True)[1:])


def test_a_command_that_is_named_exists() -> None:
    """In running text the required options may be left out; what is there has to be right."""
    wrong = []
    for page in documents():
        for code in inline_code(page):
            if re.match(r"gatewright [a-z]", code):
                try:
                    parse(shlex.split(re.sub(r"\bN\b", "1", code))[1:])
                except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
                    continue
                except click.ClickException as error:
                    wrong.append(f"{page.name}: {code}: {error.message}")
    assert wrong == []


def test_a_command_that_does_not_exist_is_found() -> None:
    for line in ("gatewright aply routing.yaml", "gatewright apply routing.yaml --raeson x", "gatewright worker lst"):
        with pytest.raises(click.ClickException):
            parse(shlex.split(line)[1:])


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def test_every_make_target_that_is_named_exists() -> None:
    code = [line for fence in BLOCKS if fence.language in SHELLS for line in command_lines(fence)]
    code += [one for page in documents() for one in inline_code(page)]
    named = {name for line in code for name in re.findall(r"(?:^|\s)make ([a-z][\w-]*)", line)}
    assert named - targets() == set()
    assert {"demo", "test"} <= named


def test_every_make_target_is_in_the_readme() -> None:
    hidden = {"check", "clean", "help"}
    text = (ROOT / "README.md").read_text()
    assert {name for name in targets() - hidden if f"make {name}" not in text} == set()


def test_every_json_block_is_json() -> None:
    for fence in BLOCKS:
        if fence.language == "json":
            msgspec.json.decode(fence.text)


def test_every_file_of_ours_that_is_run_exists() -> None:
    code = [line for fence in BLOCKS if fence.language in SHELLS for line in command_lines(fence)]
    scripts = {name for line in code for name in re.findall(r"python\S* ([a-z]\w*/\S+\.py)", line)}
    modules = {name for line in code for name in re.findall(r"python\S* -m ((?:loadtests|models|tests)[\w.]*)", line)}
    missing = [name for name in scripts if not (ROOT / name).exists()]
    missing += [name for name in modules if not any((ROOT / name.replace(".", os.sep)).with_suffix(suffix).exists()
                                                    for suffix in ("", ".py"))]
    assert missing == []

"""Reads what operators write, YAML files, into checked settings and routing."""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from gateway.config.checking import ConfigurationError, Problem, convert
from gateway.config.checkpoints import problems_of_checkpoints, problems_of_embedders, with_absolute_folders
from gateway.config.database_url import with_absolute_path
from gateway.config.routing_document import RoutingDocument, check_routing
from gateway.config.settings import Settings, contradictions_of
from gateway.config.written import AuditPlace
from guardrails.classifiers.settings import ClassifierSettings
from guardrails.compiling import Catalogue
from guardrails.detectors.catalogue import CATALOGUE
from guardrails.policy import Policy


class _StrictLoader(yaml.SafeLoader):
    """YAML as it is, except that a key written twice is an error: the second would silently win."""


def _mapping_without_twins(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue  # its keys are meant to be written over
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, (str, int, float, bool)) and key in seen:
            raise yaml.MarkedYAMLError(problem=f"the key {key!r} is written twice", problem_mark=key_node.start_mark)
        if isinstance(key, (str, int, float, bool)):
            seen.add(key)
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return mapping


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_twins)


def parse_yaml(text: str, source: str) -> Any:
    """Returns the document in ``text``; raises ConfigurationError with the line where YAML itself is broken."""
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigurationError(source, [Problem(path=place, expected="YAML", found=error.problem or "")]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(source, [Problem(path="", expected="YAML", found=str(error))]) from None


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), [Problem(path="", expected="a readable file", found=str(error))]) from None


def read_routing(path: Path, catalogue: Catalogue = CATALOGUE) -> tuple[RoutingDocument, Any]:
    """Returns the routing in ``path``, typed and as it was written; raises ConfigurationError with every problem."""
    written = parse_yaml(_text_of(path), str(path))
    return check_routing(written, str(path), catalogue), written


def read_policy(path: Path) -> Policy:
    """Returns the policy in ``path``, a document of its own; raises ConfigurationError with every problem."""
    return convert(parse_yaml(_text_of(path), str(path)), Policy, str(path))


def read_settings(path: Path) -> Settings:
    """Returns the settings in ``path`` with absolute paths; raises ConfigurationError with every problem."""
    written = convert(parse_yaml(_text_of(path), str(path)), Settings, str(path))
    settings = _with_absolute_paths(written, path.resolve().parent)
    problems = list(contradictions_of(written))
    if isinstance(settings.classifiers, ClassifierSettings):
        problems.extend(problems_of_checkpoints(settings.classifiers))
        problems.extend(problems_of_embedders(settings.classifiers))
    if problems:
        raise ConfigurationError(str(path), problems)
    return settings


def _with_absolute_paths(settings: Settings, base: Path) -> Settings:
    ca_file = settings.upstream_ca_file
    if settings.backups is not None:
        to = str(base / settings.backups.to)
        settings = msgspec.structs.replace(settings, backups=msgspec.structs.replace(settings.backups, to=to))
    if settings.batches.folder is not None:
        folder = str(base / settings.batches.folder)
        settings = msgspec.structs.replace(
            settings, batches=msgspec.structs.replace(settings.batches, folder=folder))
    if isinstance(settings.classifiers, ClassifierSettings):
        settings = msgspec.structs.replace(settings, classifiers=with_absolute_folders(settings.classifiers, base))
    places = [place if place.is_url else AuditPlace(base / place) for place in settings.audit.to]
    return msgspec.structs.replace(
        settings, audit=msgspec.structs.replace(settings.audit, to=places), routing=str(base / settings.routing),
        state=str(base / settings.state),
        database=with_absolute_path(settings.database, base), upstream_ca_file=str(base / ca_file) if ca_file else None,
        scores=str(base / settings.scores) if settings.scores else None)

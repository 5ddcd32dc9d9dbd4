"""What a routing document counts on at its host: the embedders of its caches."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.config.checking import ConfigurationError
from gateway.config.routing_document import check_routing
from gateway.config.settings import Settings
from guardrails.classifiers.settings import ClassifierSettings, EmbedderSettings
from operations.revisions.host import embedders_of, host_of


def routing(embedder: Any = "minilm") -> dict[str, Any]:
    return {"versions": {"v1": {"served_model": "m", "endpoints": ["http://127.0.0.1:9"]}},
            "models": {"m": {"split": {"v1": 1}, "cache": {"ttl": "1m", "semantic": {
                "threshold": 0.9, "embedder": embedder}}}}}


def told(embedder: Any, classifiers: Any) -> str:
    try:
        host_of(Settings(routing="r", classifiers=classifiers), True).check(check_routing(routing(embedder), "r"), "r")
    except ConfigurationError as error:
        return str(error)
    return ""


OWN = ClassifierSettings(load=[], embedders={"own": EmbedderSettings(folder="f")})


@pytest.mark.parametrize(("embedder", "classifiers", "says"), [
    ("minilm", 1, ""), ("own", OWN, ""), ({"version": "v1"}, 0, ""),
    ("minilm", 0, "set classifiers: 1 in gatewright.yaml"), ("minilm", OWN, "loads (own)"),
    ("onw", OWN, "Did you mean 'own'?"), ("names", 1, "it belongs under classifiers.embedders"),
])
def test_an_embedder_has_to_be_loaded_here(embedder: Any, classifiers: Any, says: str) -> None:
    found = told(embedder, classifiers)
    assert says in found
    assert bool(says) is bool(found)
    if says:
        assert "models.m.cache.semantic.embedder" in found


def test_a_version_has_to_be_one_of_the_document() -> None:
    with pytest.raises(ConfigurationError, match=r"models\.m\.cache\.semantic\.embedder\.version"):
        check_routing(routing({"version": "v2"}), "r")


@pytest.mark.parametrize("semantic", [{}, {"threshold": 0}, {"threshold": 1.1}, {"threshold": 0.9, "recheck": 2},
                                      {"threshold": 0.9, "most_characters": 0}, {"threshold": 0.9, "model": "m"}])
def test_what_cannot_be_is_told(semantic: Any) -> None:
    document = routing()
    document["models"]["m"]["cache"]["semantic"] = semantic
    with pytest.raises(ConfigurationError, match=r"models\.m\.cache\.semantic"):
        check_routing(document, "r")


def test_only_what_makes_vectors_is_an_embedder() -> None:
    assert embedders_of(Settings(routing="r", classifiers=ClassifierSettings(load=["names", "minilm"]))) == ["minilm"]
    assert embedders_of(Settings(routing="r")) == []

"""The guard models of a revision, as detectors: they are in no release's catalogue, the routing document has them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from gateway.config.routing_document import RoutingDocument
from gateway.guard_server import GuardServer
from gateway.snapshot import Target
from guardrails.detectors.guard_model import PREFIX, GuardModel
from guardrails.policy import Rule

Serve = Callable[[str], GuardServer]


class OwnDetector(NamedTuple):
    """``definition`` changes when what is asked, or who, does."""

    definition: bytes
    make: Callable[[Rule], object]


class GuardModels(NamedTuple):
    """By the name that policies give them. The servers are bound once the revision is live: only then are its targets
    there."""

    detectors: Mapping[str, OwnDetector]
    servers: Mapping[str, GuardServer]

    def bind(self, targets: Mapping[str, Target]) -> None:
        """``targets`` are by the guard model's name."""
        for name, server in self.servers.items():
            server.target = targets[name]


def guard_models_of(document: RoutingDocument, serve: Serve) -> GuardModels:
    """``serve`` makes the server of a guard model by its name."""
    servers = {name: serve(name) for name in document.guard_models}
    return GuardModels({
        f"{PREFIX}.{name}": OwnDetector(
            msgspec.json.encode((written, document.versions[written.version]), enc_hook=str),
            partial(_made, name, written, servers[name]))
        for name, written in document.guard_models.items()}, servers)


def _made(name: str, written: object, server: GuardServer, rule: Rule) -> GuardModel:
    return GuardModel(name, written, rule, server)  # type: ignore[arg-type]

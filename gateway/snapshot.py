"""A snapshot: one revision of the routing, compiled for the hot path. Immutable; swapped by changing one reference."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from gateway.config.routing_document import (
    BatchDocument,
    CacheDocument,
    ContentDocument,
    GatherDocument,
    ModelDocument,
    RoutingDocument,
    Sticky,
    Timeouts,
    VersionDocument,
    embedding_versions,
)
from guardrails.inspection import Guards
from guardrails.moderation import Moderator
from models.endpoint import Endpoint, Endpoints
from models.price import Price
from models.protocol.operations import OPERATIONS, Operation
from models.version import Version
from routing.assignment import Assigner
from routing.split import Split


class Target(msgspec.Struct, frozen=True, eq=False):
    """A version on its endpoints, ready to be called."""

    version: Version
    digest: str
    endpoints: tuple[Endpoint, ...]
    heads: Mapping[tuple[str, str], bytes]  # by path and endpoint: what every request's head begins with
    price: Price | None = None


class Route(msgspec.Struct, frozen=True, eq=False):
    """What stands behind a name that applications ask for.

    ``pinned`` names the version where the name itself did (``assistant@smol-2``): no draw then, no fallback.
    """

    model: str
    targets: Mapping[str, Target]
    assigner: Assigner
    sticky: Sticky
    timeouts: Timeouts
    fallback: tuple[str, ...] = ()
    cache: CacheDocument | None = None
    gather: GatherDocument | None = None  # None: every request is asked by itself
    affinity: Literal["prefix", "none"] = "prefix"
    pinned: str = ""
    guards: Guards | None = None
    shadow_guards: Guards | None = None  # judge beside the others, and only tell what they would have done
    head_lines: Mapping[str, bytes] = {}  # by version: what every reply's head says of revision and version
    content: ContentDocument | None = None  # what is kept of its exchanges
    retention: str = ""  # the class that says how long their records are
    batch: BatchDocument = BatchDocument()  # how lines of batches are asked of it


class Snapshot:
    """One revision. ``routes`` holds every name that can be asked for, pinned ones included; ``moderator`` is who
    answers ``/v1/moderations``; ``guard_models`` are the versions that are asked for a judgement, by the guard model's
    name; ``embedders`` those that caches ask for vectors, by the version's."""

    def __init__(self, revision: int, digest: str, created_at: float, routes: Mapping[str, Route],
                 moderator: Moderator | None = None, guard_models: Mapping[str, Target] | None = None,
                 embedders: Mapping[str, Target] | None = None) -> None:
        self.revision = revision
        self.digest = digest
        self.created_at = created_at
        self.routes = routes
        self.moderator = moderator
        self.guard_models = guard_models or {}
        self.embedders = embedders or {}
        self.models = tuple(name for name, route in routes.items() if not route.pinned)

    def __repr__(self) -> str:
        return f"<Snapshot revision={self.revision} models={', '.join(self.models)}>"

    def targets(self) -> Iterator[Target]:
        """Every version that some model, some guard model or some cache may use, each once."""
        used = {name: target for route in self.routes.values() for name, target in route.targets.items()}
        used |= {target.version.name: target for target in self.guard_models.values()}
        used |= self.embedders
        yield from used.values()

    def missing(self) -> list[str]:
        """What cannot be served just now, in words: models of which no version has a healthy endpoint."""
        return [f"model {name}: no endpoint of {', '.join(self.routes[name].targets)} answers"
                for name in self.models if not self.serves(name)]

    def missing_guards(self) -> list[str]:
        """Guard models that cannot be asked just now, in words. The models under them are served, or not, as their
        policies' ``on_error`` has it."""
        return [f"guard model {name}: no endpoint of {target.version.name} answers; it fails, as on_error has it"
                for name, target in self.guard_models.items() if not _answers(target)]

    def serves(self, name: str) -> bool:
        return any(map(_answers, self.routes[name].targets.values()))


def _answers(target: Target) -> bool:
    return any(endpoint.healthy for endpoint in target.endpoints)


def compile_snapshot(document: RoutingDocument, endpoints: Endpoints, secret: Callable[[str], str], *,
                     guards: Mapping[str, Guards], revision: int, digest: str, created_at: float,
                     moderator: Moderator | None = None) -> Snapshot:
    """Compiles a checked document. ``secret`` reads a key from where its name says (an environment variable);
    ``guards`` are those of every policy that a model names."""
    targets = {name: _target(name, version, endpoints, secret) for name, version in document.versions.items()}
    routes: dict[str, Route] = {}
    for name, model in document.models.items():
        routes[name] = _route(name, model, targets, guards, revision)
        for version in routes[name].targets:
            routes[f"{name}@{version}"] = _pinned(routes[name], version)
    guard_models = {name: targets[written.version] for name, written in document.guard_models.items()}
    embedders = {name: targets[name] for name in embedding_versions(document)}
    return Snapshot(revision, digest, created_at, routes, moderator, guard_models, embedders)


def _target(name: str, written: VersionDocument, endpoints: Endpoints, secret: Callable[[str], str]) -> Target:
    version = Version(
        name=name, served_model=written.served_model, endpoints=tuple(map(str, written.endpoints)),
        defaults=written.defaults, api_key=secret(written.api_key_env).strip() if written.api_key_env else "")
    places = tuple(endpoints.get(url) for url in version.endpoints)
    heads = {(operation.path, place.url): _head(operation, place, version.api_key)
             for operation in OPERATIONS for place in places}
    return Target(version, version.digest, places, heads, written.price.price() if written.price else None)


def _head(operation: Operation, endpoint: Endpoint, api_key: str) -> bytes:
    lines = [f"POST {operation.path} HTTP/1.1", f"host: {endpoint.authority}", "accept: */*"]
    if not operation.multipart:
        lines.append("content-type: application/json")
    if api_key:
        lines.append(f"authorization: Bearer {api_key}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _route(name: str, model: ModelDocument, targets: Mapping[str, Target], guards: Mapping[str, Guards],
           revision: int) -> Route:
    used = dict.fromkeys([*model.split, *model.fallback])
    return Route(model=name, targets={version: targets[version] for version in used},
                 assigner=Assigner(Split(model.split), model.salt or name), sticky=model.sticky,
                 timeouts=model.timeouts, guards=guards[model.policy] if model.policy else None,
                 shadow_guards=guards[model.shadow_policy] if model.shadow_policy else None,
                 fallback=tuple(model.fallback), cache=model.cache,
                 gather=model.gather if isinstance(model.gather, GatherDocument) else None,
                 affinity=model.affinity, content=model.content, retention=model.retention or "", batch=model.batch,
                 head_lines={version: f"x-gatewright-version: {name}@{version}\r\nx-gatewright-revision: {revision}\r\n"
                             .encode() for version in used})


def _pinned(route: Route, version: str) -> Route:
    return msgspec.structs.replace(
        route, targets={version: route.targets[version]}, fallback=(), pinned=version)

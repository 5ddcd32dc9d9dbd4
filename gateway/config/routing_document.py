"""The routing document, ``routing.yaml``: versions, models and policies. Revisioned; changed while the service runs."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from gateway.config.checking import ConfigurationError, Problem, Written, convert, join, nearest, problems_of
from gateway.config.guard_model_checks import definition_problems, unknown_guard_models, usable_guard_models
from gateway.config.written import Duration, EndpointURL, TokenPrice
from guardrails.classifiers.sentences import MINILM
from guardrails.compiling import Catalogue, missing_detectors, refused_rules, unusable_rules
from guardrails.detectors.catalogue import CATALOGUE
from guardrails.guard_models.definition import GuardModelDocument
from guardrails.moderation import MODERATION
from guardrails.policy import Policy
from models.price import Price

_STICKY = re.compile(r"user|key|request|header:[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a header's name is a token of RFC 9110
_GUARD_NAME = r"[A-Za-z0-9_-]+"
MOST_WAIT_SECONDS = 0.1  # for others to be asked together with
Weight = Annotated[float, msgspec.Meta(gt=0)]


class Sticky(str, Written):
    """Which unit keeps its version: ``user``, ``key``, ``header:NAME`` or ``request``."""

    __slots__ = ()
    expected = "user, key, header:NAME or request"

    @classmethod
    def parse(cls, value: Any) -> "Sticky":
        if not isinstance(value, str) or not _STICKY.fullmatch(value):
            raise ValueError(value)
        return cls(value)


class PriceDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a million tokens cost, in the operator's unit of currency. ``cached`` tokens of the prompt cost what the
    others do where nothing else is said."""

    prompt: TokenPrice
    completion: TokenPrice
    cached: TokenPrice | None = None

    def price(self) -> Price:
        return Price(self.prompt, self.prompt if self.cached is None else self.cached, self.completion)


class VersionDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One immutable way to answer: a served model on its endpoints, with parameters for what a request leaves out."""

    served_model: str
    endpoints: list[EndpointURL]
    defaults: dict[str, Any] = {}
    api_key_env: str | None = None
    price: PriceDocument | None = None


class Timeouts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Limits on one exchange. ``first_token`` and ``between_tokens`` bound streams; ``total`` bounds everything."""

    connect: Duration = Duration(2)
    first_token: Duration = Duration(30)
    between_tokens: Duration = Duration(15)
    total: Duration = Duration(600)


class EmbeddingVersion(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A version of the document that answers ``/v1/embeddings``. A version and not a model: vectors of two versions are
    not to be compared."""

    version: str


class SemanticDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Lets the answer to a question be given to one that asks the same in other words. ``threshold`` is the cosine from
    which on two questions are the same: it depends on the embedder and the traffic, so there is no default. ``time``
    is what a look may take. ``recheck`` is the share of such answers that the model is asked for all the same."""

    threshold: Annotated[float, msgspec.Meta(gt=0, le=1)]
    embedder: str | EmbeddingVersion = MINILM
    most_characters: Annotated[int, msgspec.Meta(ge=1, le=4000)] = 400
    time: Duration = Duration(0.05)
    recheck: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.02


class CacheDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which replies of a model are remembered, and how long. ``scope`` says among whom an answer is shared: a tenant's
    requests, those of one key, or those for one user. ``sampled`` lets answers be remembered that were drawn by lot,
    ``tool_calls`` such that call tools. Larger replies than ``entry_bytes`` are not remembered. ``semantic``: questions
    in other words are looked for too."""

    ttl: Duration
    scope: Literal["tenant", "key", "user"] = "tenant"
    sampled: bool = False
    tool_calls: bool = False
    entry_bytes: Annotated[int, msgspec.Meta(ge=1024, le=64 << 20)] = 1 << 20
    semantic: SemanticDocument | None = None


class GatherDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How requests for embeddings are asked together: how long one waits for others at most, and how many inputs go in
    one call."""

    wait: Duration = Duration(0.002)
    inputs: Annotated[int, msgspec.Meta(ge=2, le=2048)] = 64
    across_tenants: bool = False


class ContentDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is kept, encrypted, of a model's exchanges, and for how long at most."""

    period: Duration = msgspec.field(name="for")
    keep: list[Literal["prompt", "reply"]] = msgspec.field(default_factory=lambda: ["prompt", "reply"])


class BatchDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the lines of batches are asked of a model. At most ``in_flight`` of them are at one endpoint, over all
    workers of the host; ``priority`` goes to the server as vLLM's, where the lower comes first and 0 is everybody's."""

    in_flight: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 4
    priority: int | None = None


class ModelDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A name that applications ask for, and how its requests are shared among versions."""

    split: dict[str, Weight]
    sticky: Sticky = Sticky("user")
    salt: str | None = None
    policy: str | None = None
    shadow_policy: str | None = None
    cache: CacheDocument | None = None
    gather: GatherDocument | Literal["none"] = GatherDocument()
    affinity: Literal["prefix", "none"] = "prefix"
    timeouts: Timeouts = Timeouts()
    fallback: list[str] = []
    content: ContentDocument | None = None
    retention: str | None = None
    batch: BatchDocument = BatchDocument()


class ModerationsDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Whose guards answer ``/v1/moderations``."""

    policy: str


class RoutingDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One revision of everything that operators change."""

    versions: dict[str, VersionDocument]
    models: dict[str, ModelDocument]
    policies: dict[str, Policy] = {}
    moderations: ModerationsDocument | None = None
    guard_models: dict[str, GuardModelDocument] = {}


def check_routing(written: Any, source: str, catalogue: Catalogue = CATALOGUE) -> RoutingDocument:
    """Returns ``written`` typed and free of contradictions; raises ConfigurationError with every problem."""
    problems = [*problems_of(written, RoutingDocument, ""), *_contradictions(written, catalogue)]
    if problems:
        raise ConfigurationError(source, problems)
    return convert(written, RoutingDocument, source)


# Contradictions are looked for in the document as it was written, so that a mistyped field does not hide them:
# a person gets the whole list in one go.


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _contradictions(written: Any, catalogue: Catalogue) -> Iterator[Problem]:
    document = _mapping(written)
    versions, policies = _mapping(document.get("versions")), _mapping(document.get("policies"))
    for name, version in versions.items():
        yield from _version_problems(join("versions", name), name, _mapping(version))
    if document.get("models") == {}:
        yield Problem(path="models", expected="at least one model", found="none")
    for name, model in _mapping(document.get("models")).items():
        path = join("models", name)
        yield from _name_problems(path, name)
        yield from _split_problems(path, _mapping(model), versions)
        for key in ("policy", "shadow_policy"):
            yield from _unknown(f"{path}.{key}", "policy", _mapping(model).get(key), policies)
        embedder = _mapping(_mapping(_mapping(_mapping(model).get("cache")).get("semantic")).get("embedder"))
        yield from _unknown(f"{path}.cache.semantic.embedder.version", "version", embedder.get("version"), versions)
        yield from _content_problems(f"{path}.content", _mapping(_mapping(model).get("content")))
        yield from _gather_problems(f"{path}.gather", _mapping(_mapping(model).get("gather")))
    named = _mapping(document.get("moderations")).get("policy")
    yield from _unknown("moderations.policy", "policy", named, policies)
    guard_models = _mapping(document.get("guard_models"))
    for name, guard_model in guard_models.items():
        yield from _guard_model_problems(join("guard_models", name), name, guard_model, versions)
    catalogue = {**catalogue, **usable_guard_models(guard_models)}
    for name, policy in policies.items():
        yield from unknown_guard_models(join("policies", name), policy, guard_models)
        yield from _policy_problems(join("policies", name), policy, catalogue)


def _policy_problems(path: str, written: Any, catalogue: Catalogue) -> Iterator[Problem]:
    try:
        policy = msgspec.convert(written, Policy)
    except (msgspec.ValidationError, ValueError):
        return  # told already, field by field
    for fault in unusable_rules(policy, catalogue):
        yield Problem(path=f"{path}.{fault.path}", expected="a rule that can be used", found=fault.reason)


def _guard_model_problems(path: str, name: Any, written: Any, versions: Mapping[Any, Any]) -> Iterator[Problem]:
    if isinstance(name, str) and not re.fullmatch(_GUARD_NAME, name):
        yield Problem(path=path, expected="a name of letters, digits, - and _ (it stands in records and labels)",
                      found=repr(name))
    yield from _unknown(f"{path}.version", "version", _mapping(written).get("version"), versions)
    yield from definition_problems(path, written)


def _name_problems(path: str, name: Any) -> Iterator[Problem]:
    if isinstance(name, str) and not (name and name.isprintable()):
        yield Problem(path=path, expected="a name that can be seen and stand in a header", found=repr(name))
    elif "@" in str(name):
        yield Problem(path=path, expected="a name without @ (it parts a model from its version)", found=repr(name))


def _version_problems(path: str, name: Any, version: Mapping[Any, Any]) -> Iterator[Problem]:
    yield from _name_problems(path, name)
    endpoints = version.get("endpoints")
    if endpoints == []:
        yield Problem(path=f"{path}.endpoints", expected="at least one endpoint", found="an empty list")
    places = [_place(endpoint) for endpoint in _sequence(endpoints)]
    for index, place in enumerate(places):
        if place in places[:index]:
            yield Problem(path=f"{path}.endpoints[{index}]", expected="each endpoint once", found=f"{place} again")
    for key in ("model", "stream", "stream_options"):
        if key in _mapping(version.get("defaults")):
            yield Problem(path=f"{path}.defaults.{key}", expected="a parameter that a version may set",
                          found=f"{key}, which belongs to the request")


def _place(endpoint: Any) -> str:
    """The server that is meant, however it is written."""
    try:
        parts = urlsplit(EndpointURL.parse(endpoint))
    except ValueError:
        return repr(endpoint)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _split_problems(path: str, model: Mapping[Any, Any], versions: Mapping[Any, Any]) -> Iterator[Problem]:
    split, fallback = _mapping(model.get("split")), _sequence(model.get("fallback"))
    if model.get("split") == {}:
        yield Problem(path=f"{path}.split", expected="at least one version with a weight", found="none")
    if not _can_be_added(split.values()):
        yield Problem(path=f"{path}.split", expected="weights whose sum is a number", found="one that is too large")
    for version in split:
        yield from _unknown(join(f"{path}.split", version), "version", version, versions)
    for index, version in enumerate(fallback):
        yield from _unknown(f"{path}.fallback[{index}]", "version", version, versions)
        if version in fallback[:index] or [version] == list(split):
            yield Problem(path=f"{path}.fallback[{index}]", found=f"{version!r} again, a loop",
                          expected="a version that has not failed already")


def _content_problems(path: str, content: Mapping[Any, Any]) -> Iterator[Problem]:
    kept = _sequence(content.get("keep"))
    if content.get("keep") == []:
        yield Problem(path=f"{path}.keep", expected="prompt, reply or both (no content at all: nothing is kept)",
                      found="an empty list")
    for index, side in enumerate(kept):
        if side in kept[:index]:
            yield Problem(path=f"{path}.keep[{index}]", expected="each side once", found=f"{side} again")


def _gather_problems(path: str, gather: Mapping[Any, Any]) -> Iterator[Problem]:
    try:
        wait = Duration.parse(gather.get("wait", "2ms"))
    except ValueError:
        return  # told already
    if wait > MOST_WAIT_SECONDS:
        yield Problem(path=f"{path}.wait", expected=f"{MOST_WAIT_SECONDS * 1000:g}ms at most (a client waits so long)",
                      found=str(gather["wait"]))


def _can_be_added(weights: Iterable[Any]) -> bool:
    try:
        return math.isfinite(sum(float(weight) for weight in weights if isinstance(weight, (int, float))))
    except OverflowError:
        return False


def _unknown(path: str, noun: str, name: Any, known: Mapping[Any, Any]) -> Iterator[Problem]:
    if isinstance(name, str) and name not in known:
        yield Problem(path=path, expected=f"a {noun} of this document ({', '.join(map(str, known)) or 'none yet'})",
                      found=repr(name), nearest=nearest(name, map(str, known)))


def warnings_of(document: RoutingDocument, catalogue: Catalogue = CATALOGUE) -> list[str]:
    """What this release accepts and does not do yet; an operator has to be told, at every load."""
    found = []
    catalogue = {**catalogue, **usable_guard_models(msgspec.to_builtins(document.guard_models))}
    for name, policy in document.policies.items():
        for path in missing_detectors(policy, catalogue):
            detector = path.rpartition(".")[2]
            found.append(f"policies.{name}.{path}: this release has no detector {detector}; nothing is judged by it")
        found.extend(f"policies.{name}: {detector} fails, as on_error has it: {remedy}"
                     for detector, remedy in refused_rules(policy, catalogue))
    return found


def used_policies(document: RoutingDocument) -> list[str]:
    """The policies that some model names, each once."""
    named = (name for model in document.models.values() for name in (model.policy, model.shadow_policy))
    return list(dict.fromkeys(name for name in named if name is not None))


def embedding_versions(document: RoutingDocument) -> list[str]:
    """The versions that some model's cache asks for vectors, each once."""
    semantic = (model.cache.semantic for model in document.models.values() if model.cache is not None)
    return list(dict.fromkeys(one.embedder.version for one in semantic
                              if one is not None and isinstance(one.embedder, EmbeddingVersion)))


def moderating_policy(document: RoutingDocument) -> Policy:
    """The policy whose guards answer ``/v1/moderations``: the one that is named, else the built-in one."""
    return MODERATION if document.moderations is None else document.policies[document.moderations.policy]

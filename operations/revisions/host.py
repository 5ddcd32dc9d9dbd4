"""What a routing document may count on here, and no document can know: the host's keys and its settings."""

from collections.abc import Iterator
from importlib.util import find_spec

import msgspec

from gateway.config.checking import ConfigurationError, Problem, join, nearest
from gateway.config.routing_document import EmbeddingVersion, RoutingDocument
from gateway.config.settings import Settings
from guardrails.classifiers.builtin import loaded_by, requirements_of
from guardrails.classifiers.sentences import MINILM
from operations.secrets.master import MASTER_VARIABLE


class Host(msgspec.Struct, frozen=True):
    """``seals``: an operator gave a master key, so that content can be kept; ``classes`` are those of its retention,
    ``embedders`` the sentence models that its classifier process loads; None where they are not known."""

    seals: bool = True
    classes: frozenset[str] | None = None
    embedders: frozenset[str] | None = None

    def problems(self, document: RoutingDocument) -> Iterator[Problem]:
        """What the document asks and this host cannot do."""
        for name, model in document.models.items():
            path = join("models", name)
            if model.content is not None and not self.seals:
                yield Problem(path=f"{path}.content", found="no such key",
                              expected=f"a master key in {MASTER_VARIABLE}: content is kept encrypted or not at all")
            if model.retention is not None and self.classes is not None and model.retention not in self.classes:
                yield Problem(
                    path=f"{path}.retention", found=repr(model.retention),
                    expected=f"a class of retention.classes ({', '.join(sorted(self.classes)) or 'none yet'})",
                    nearest=nearest(model.retention, self.classes))

            if model.cache is not None and model.cache.semantic is not None:
                yield from self._embedder_problems(f"{path}.cache.semantic.embedder", model.cache.semantic.embedder)

    def _embedder_problems(self, path: str, embedder: str | EmbeddingVersion) -> Iterator[Problem]:
        if find_spec("numpy") is None:
            yield Problem(path=path, expected=f"numpy, which compares vectors: {requirements_of(MINILM).remedy}",
                          found="no numpy")
        if self.embedders is None or isinstance(embedder, EmbeddingVersion) or embedder in self.embedders:
            return
        remedy = f"set classifiers: 1 in gatewright.yaml, and {requirements_of(MINILM).remedy}"
        known = ", ".join(sorted(self.embedders)) or "none"
        yield Problem(path=path, found=repr(embedder), nearest=nearest(embedder, self.embedders),
                      expected=f"an embedder that the classifier process loads ({known}): "
                      + (remedy if embedder == MINILM else "it belongs under classifiers.embedders in gatewright.yaml"))

    def check(self, document: RoutingDocument, source: str) -> None:
        """Raises ConfigurationError with every problem."""
        problems = list(self.problems(document))
        if problems:
            raise ConfigurationError(source, problems)


def host_of(settings: Settings, seals: bool) -> Host:
    """The host of these settings."""
    return Host(seals, frozenset(settings.retention.classes), frozenset(embedders_of(settings)))


def embedders_of(settings: Settings) -> list[str]:
    """The sentence models that the classifier process loads."""
    classifying = settings.classifying
    if classifying is None:
        return []
    return [name for name in loaded_by(classifying) if name == MINILM or name in classifying.embedders]

"""What a routing document may count on here, and no document can know: the host's keys and its settings."""

from collections.abc import Iterator

import msgspec

from gateway.config.checking import ConfigurationError, Problem, join, nearest
from gateway.config.routing_document import RoutingDocument
from gateway.config.settings import Settings
from operations.secrets.master import MASTER_VARIABLE


class Host(msgspec.Struct, frozen=True):
    """``seals``: an operator gave a master key, so that content can be kept; ``classes`` are those of its retention,
    None where they are not known."""

    seals: bool = True
    classes: frozenset[str] | None = None

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

    def check(self, document: RoutingDocument, source: str) -> None:
        """Raises ConfigurationError with every problem."""
        problems = list(self.problems(document))
        if problems:
            raise ConfigurationError(source, problems)


def host_of(settings: Settings, seals: bool) -> Host:
    """The host of these settings."""
    return Host(seals, frozenset(settings.retention.classes))

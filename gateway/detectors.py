"""The detectors of this host: those of the release, with what its settings give them to work with."""

from gateway.config.settings import Settings
from guardrails.compiling import Catalogue, Unavailable
from guardrails.detectors import names
from guardrails.detectors.catalogue import CATALOGUE


def usable_detectors(settings: Settings) -> Catalogue:
    """For whoever checks a policy: what these settings leave without means is unavailable, and says what it lacks."""
    if settings.classifiers:
        return CATALOGUE
    return {**CATALOGUE, names.NAME: Unavailable(names.NONE_CONFIGURED)}


def detectors_with(reads: names.Reads | None) -> Catalogue:
    """For a data worker. It takes any revision that was live: a detector without its means fails, as ``on_error`` has
    it, and the other models are served."""
    return {**CATALOGUE, names.NAME: lambda rule: names.Names(rule, reads)}

"""``gatewright cache calibrate``."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from gateway.config.checking import ConfigurationError, nearest
from gateway.config.reading import read_routing, read_settings
from gateway.config.routing_document import EmbeddingVersion, RoutingDocument, SemanticDocument
from guardrails.classifiers.sentences import MINILM
from operations.cache.calibration import Calibration, Choice, Measured, Share, Step, calibrate, step_at
from operations.cache.pairs import BadPair, Pair, measured, read_pairs, texts_of
from operations.cache.vectors import NoEmbedder, Vectors, vectors_by
from operations.cli.output import as_json_option, columns, fail, fail_with_problems, print_json
from operations.guards import drawing

NOT_PROVEN = 3
_CHARACTERS = 400
_SHOWN = (0.98, 0.96, 0.94, 0.92, 0.9, 0.88, 0.86, 0.84, 0.82, 0.8, 0.75, 0.7)
_share = click.FloatRange(0, 1, min_open=True, max_open=True)


class Embedding(NamedTuple):
    """What the pairs are turned into vectors by, and how long a text may be."""

    embedder: str | EmbeddingVersion
    most_characters: int
    vectors: Vectors


@click.command(epilog="""\b
Examples:
  gatewright cache calibrate --pairs pairs.jsonl
  gatewright cache calibrate --pairs pairs.jsonl --test others.jsonl --bound 0.02
  gatewright cache calibrate --pairs pairs.jsonl --model assistant --plot thresholds.svg
\b
A pair is a line of JSON: {"a": "...", "b": "...", "same": true}, where "same" says that one answer serves both.
\b
Exit status: 0 a threshold was found; 3 the pairs prove none; 1 the pairs or the embedder cannot be used; 2 wrong usage.
""")
@click.option("--pairs", required=True, type=click.Path(path_type=Path), help="The pairs, a line of JSON each.")
@click.option("--test", type=click.Path(path_type=Path), help="Other pairs, that tell what the threshold does to them.")
@click.option("--model", help="The model whose embedder is asked.  [default: minilm]")
@click.option("--bound", default=0.01, show_default=True, type=_share, help="The share of hits that may be false.")
@click.option("--confidence", default=0.95, show_default=True, type=_share, help="That it is no larger.")
@click.option("--routing", default="routing.yaml", show_default=True, type=click.Path(path_type=Path),
              help="The routing document with the model.")
@click.option("--config", default="gatewright.yaml", show_default=True, type=click.Path(path_type=Path),
              help="The settings with embedders of your own; it may be missing.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw a picture into this file (SVG).")
@as_json_option
def calibrate_command(pairs: Path, test: Path | None, model: str | None, bound: float, confidence: float, routing: Path,
                      config: Path, plot: Path | None, as_json: bool) -> None:
    """Finds the similarity from which on questions may be taken for the same, by pairs of which that is known."""
    if plot is not None:
        _prepare(plot, as_json)
    known = _pairs_in(pairs, as_json)
    others = _pairs_in(test, as_json) if test is not None else []
    embedding = _embedding(model, routing, config, as_json)
    try:
        vectors = embedding.vectors(texts_of([*known, *others]))
    except NoEmbedder as error:
        fail(str(error), as_json, code="embedder_unavailable")
    fit = list(measured(known, vectors, embedding.most_characters))
    found = calibrate(fit, bound, confidence, len(known) - len(fit))
    tested = _tested(found, list(measured(others, vectors, embedding.most_characters)), confidence)
    if plot is not None:
        _draw(found, plot)
    if as_json:
        print_json({"calibration": found, "test": tested, "yaml": _yaml(found, embedding), "plot": plot})
    else:
        click.echo("\n".join(_told(found, tested, embedding)))
    if found.guarded.chosen is None:
        raise SystemExit(NOT_PROVEN)


def _prepare(plot: Path, as_json: bool) -> None:
    try:
        drawing.prepare(plot.parent)
    except drawing.PlotsUnavailable as error:
        fail(str(error), as_json, code="plots_unavailable")
    except OSError as error:
        fail(f"{plot.parent} is no folder to draw into: {error.strerror}", as_json, code="plots_unwritable")


def _draw(found: Calibration, plot: Path) -> None:
    from operations.cache.calibration_plot import drawn  # matplotlib is an extra

    drawing.save(plot.parent, [(plot.stem, drawn(found))])


def _pairs_in(path: Path, as_json: bool) -> list[Pair]:
    try:
        found = read_pairs(path)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", as_json, code="data_unreadable")
    except BadPair as error:
        fail(str(error), as_json, code="bad_pair")
    if not found:
        fail(f"{path} has no pair", as_json, code="no_pairs")
    return found


def _embedding(model: str | None, routing: Path, config: Path, as_json: bool) -> Embedding:
    try:
        settings = read_settings(config) if config.exists() else None
        document = read_routing(routing)[0] if model is not None else None
    except ConfigurationError as error:
        fail_with_problems([error], as_json)
    semantic = _semantic_of(model, document, as_json)
    embedder = MINILM if semantic is None else semantic.embedder
    try:
        vectors = vectors_by(embedder, document, settings)
    except NoEmbedder as error:
        fail(str(error), as_json, code="embedder_unavailable")
    return Embedding(embedder, _CHARACTERS if semantic is None else semantic.most_characters, vectors)


def _semantic_of(model: str | None, document: RoutingDocument | None, as_json: bool) -> SemanticDocument | None:
    if model is None or document is None:
        return None
    if model not in document.models:
        close = nearest(model, document.models)
        fail(f"the routing has no model {model!r}" + (f"; did you mean {close!r}?" if close else ""), as_json,
             code="model_not_found")
    cache = document.models[model].cache
    return cache.semantic if cache is not None else None


def _tested(found: Calibration, others: list[Measured], confidence: float) -> Step | None:
    chosen = found.guarded.chosen
    return step_at(others, chosen.threshold, confidence) if chosen is not None and others else None


def _yaml(found: Calibration, embedding: Embedding) -> str | None:
    """The line of a model's ``cache`` that uses it."""
    chosen = found.guarded.chosen
    if chosen is None:
        return None
    embedder = embedding.embedder
    named = "" if embedder == MINILM else f", embedder: {embedder}"
    if isinstance(embedder, EmbeddingVersion):
        named = f", embedder: {{version: {embedder.version}}}"
    return f"semantic: {{threshold: {chosen.threshold:g}{named}}}"


def _told(found: Calibration, tested: Step | None, embedding: Embedding) -> Iterator[str]:
    yield (f"{found.pairs} pairs, of which {found.same} are the same"
           + (f"; {found.unfit} more are never looked for in other words" if found.unfit else ""))
    yield ""
    shown = [step for step in found.guarded.steps if step.threshold in _SHOWN or step == found.guarded.chosen]
    bare = {step.threshold: step for step in found.bare.steps}
    yield columns(("THRESHOLD", "HITS", "FALSE", "OF THE SAME FOUND", "PROVEN", "WITHOUT TRAITS: HITS", "FALSE"), [
        (f"{step.threshold:g}", step.false.whole, _percent(step.false), _percent(step.found),
         "yes" if step.proven else "no", bare[step.threshold].false.whole,
         _percent(bare[step.threshold].false)) for step in shown])
    yield ""
    yield from _verdict(found)
    if tested is not None:
        yield (f"the other pairs: false {_percent(tested.false)} of {tested.false.whole} hits, found "
               f"{_percent(tested.found)}")
    line = _yaml(found, embedding)
    if line is not None:
        yield from ("", line)


def _verdict(found: Calibration) -> Iterator[str]:
    for choice, told in ((found.guarded, "with the traits"), (found.bare, "by vectors alone")):
        chosen = choice.chosen
        if chosen is not None:
            yield (f"{told}: {chosen.threshold:g}; at most {found.bound:g} of its hits are false, with a confidence of "
                   f"{found.confidence:g}")
        else:
            yield f"{told}: no threshold keeps false hits below {found.bound:g}: {_why(choice)}"


def _why(choice: Choice) -> str:
    if choice.hits < choice.hits_needed:
        return (f"it takes {choice.hits_needed} hits without a false one to prove that, and the pairs have "
                f"{choice.hits} hits in all. Bring more pairs, or a larger --bound")
    return (f"the strictest threshold that has the {choice.hits_needed} hits which it takes has too many false ones "
            "already. Bring more pairs, a larger --bound, or another embedder")


def _percent(share: Share) -> str:
    if not share.whole:
        return "-"
    return f"{share.share:.1%} ({share.interval.low:.1%} to {share.interval.high:.1%})"

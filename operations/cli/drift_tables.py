"""Drift between two files of scores, as tables for people; the verdict comes last."""

from collections.abc import Iterator, Mapping

from guardrails.evaluation.drift import DetectorDrift, Drift, ShareChange
from operations.cli.figures import chance, interval, share, signed
from operations.cli.output import columns

_CHANGE = ("BEFORE", "AFTER", "CHANGE", "95 %")


def drift_tables(found: Drift) -> Iterator[str]:
    """How far scores moved; what that does at thresholds, by label and to outcomes; rows that flipped."""
    yield f"{found.rows_before} rows before, {found.rows_after} rows after."
    if found.detectors:
        yield "\nHow far scores have moved"
        yield columns(("DETECTOR", "PSI", "BY CHANCE", "KS", "P", "MEAN BEFORE", "MEAN AFTER"), [
            (name, share(one.shift.psi), share(one.shift.psi_by_chance), share(one.shift.ks), chance(one.shift.ks_p),
             share(one.mean_before), share(one.mean_after)) for name, one in found.detectors.items()])
        yield "\nShares of rows, by detector"
        yield columns(("DETECTOR", "ROWS", *_CHANGE), [row for name, one in found.detectors.items()
                                                       for row in _shares(name, one)])
    yield from _table("\nShares of rows, by what was done", "OUTCOME", found.outcomes)
    yield from _paired(found)
    yield ""
    yield from _doubts(found)
    yield verdict(found)


def _shares(name: str, one: DetectorDrift) -> Iterator[tuple[str, ...]]:
    yield name, "acted on", *_change(one.acted)
    for threshold, change in one.at_or_above.items():
        yield name, f"at or above {threshold:g}", *_change(change)
    for label, change in one.labels.items():
        yield name, label, *_change(change)


def _table(title: str, of: str, changes: Mapping[str, ShareChange]) -> Iterator[str]:
    yield title
    yield columns((of, *_CHANGE), [(name, *_change(change)) for name, change in changes.items()])


def _change(one: ShareChange) -> tuple[str, ...]:
    return share(one.share_before), share(one.share_after), signed(one.change), interval(one.interval)


def _paired(found: Drift) -> Iterator[str]:
    if found.why_unpaired:
        yield f"\nThe rows are not taken for the same: {found.why_unpaired}."
        return
    yield f"\nThe same {found.pairs} rows, before and after"
    yield columns(("DETECTOR", "NOW ACTED ON", "NO LONGER", "P", "MEAN CHANGE", "95 %"), [
        (name, one.paired.began, one.paired.ended, chance(one.paired.p_value), signed(one.paired.mean_change),
         interval(one.paired.mean_change_interval)) for name, one in found.detectors.items() if one.paired is not None])


def _doubts(found: Drift) -> Iterator[str]:
    for name, one in found.detectors.items():
        if one.drifted and one.shift.psi <= one.shift.psi_by_chance:
            yield (f"- {name}: with so few rows chance alone moves the index up to {one.shift.psi_by_chance:.4f}; more "
                   "rows would tell.")
    if not found.why_unpaired and found.detectors:
        yield "- KS takes the files for independent; of the same rows its P is too large: go by those that flipped."


def verdict(found: Drift) -> str:
    """In one line."""
    if found.drifted:
        moved = ", ".join(f"{name} ({found.detectors[name].shift.psi:.4f})" for name in found.drifted)
        return f"Verdict: drift. PSI is more than {found.bound:g} for {moved}."
    highest = max(found.detectors.items(), key=lambda one: one[1].shift.psi, default=None)
    if highest is None:
        return "Verdict: no drift. No detector found anything, before or after."
    return f"Verdict: no drift. PSI is at most {highest[1].shift.psi:.4f} ({highest[0]}); the bound is {found.bound:g}."

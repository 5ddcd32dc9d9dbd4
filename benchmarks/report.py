"""The tables on the screen and the file of results."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.measurement import Sample
from benchmarks.ratios import Spread
from benchmarks.summary import COLUMNS, Row


def written(value: Spread | None, form: str = "{}\n[dim]{}..{}[/]") -> str:
    """The median, and in a second line the extremes; empty where nothing was measured."""
    if value is None:
        return ""
    digits = 2 if abs(value.median) < 10 else 1 if abs(value.median) < 100 else 0
    return form.format(*(f"{number:,.{digits}f}" for number in (value.median, value.least, value.greatest)))


def markdown(rows: Sequence[Row], ratios: Mapping[str, Mapping[str, Spread]]) -> str:
    """Both tables as Markdown, for a document."""
    measured = [(row.title, [row.spread(column) for column in COLUMNS]) for row in rows]
    compared = [
        (f"**{rows[0].proxy} ÷ {name}**", [found.get(column) for column in COLUMNS]) for name, found in ratios.items()
    ]
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for title, spreads in measured + compared:
        lines.append(f"| {title} | " + " | ".join(written(spread, "{} ({}..{})") for spread in spreads) + " |")
    return "\n".join(lines) + "\n"


def table(rows: Sequence[Row]) -> Table:
    """A row for each proxy, a column for each measure."""
    drawn = _table("", COLUMNS, title="Median of the rounds, and their extremes")
    for row in rows:
        drawn.add_row(row.title, *(written(row.spread(column)) for column in COLUMNS))
    return drawn


def ratio_table(of: str, ratios: Mapping[str, Mapping[str, Spread]]) -> Table:
    """A row for each proxy that `of` is compared with."""
    drawn = _table(
        f"{of} ÷", COLUMNS, title="Ratio within each round: below 1 it needs less (requests/s: above 1 it does more)"
    )
    for proxy, columns in ratios.items():
        drawn.add_row(proxy, *(written(columns.get(column)) for column in COLUMNS))
    return drawn


def _table(corner: str, columns: Sequence[str], *, title: str) -> Table:
    drawn = Table(title=title, title_justify="left")
    drawn.add_column(corner)
    for column in columns:
        drawn.add_column(column, justify="right")
    return drawn


def generator_table(samples: Sequence[Sample]) -> Table:
    """How much of its core the generator and the upstream used, and what others took, at worst."""
    loads = list(samples[0].readings)
    drawn = _table("generator + upstream, share of their core", loads, title="Is the comparison fair?")
    for name in dict.fromkeys(sample.proxy for sample in samples):
        shares = [max(s.readings[load].generator_share for s in samples if s.proxy == name) for load in loads]
        drawn.add_row(name, *(f"{share:.0%}" for share in shares))
    foreign = [max(sample.readings[load].foreign_share for sample in samples) for load in loads]
    drawn.add_row("somebody else, of any core", *(f"{share:.0%}" for share in foreign))
    return drawn


def results(
    samples: Sequence[Sample],
    rows: Sequence[Row],
    ratios: Mapping[str, Mapping[str, Spread]],
    *,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """All that was measured and all that was made of it, ready for JSON."""
    return {
        **facts,
        "rows": [{"proxy": row.proxy, "role": row.role, **_spreads(row)} for row in rows],
        "ratios": {
            f"{rows[0].proxy} / {proxy}": {column: dataclasses.asdict(spread) for column, spread in columns.items()}
            for proxy, columns in ratios.items()
        },
        "samples": [dataclasses.asdict(sample) for sample in samples],
    }


def _spreads(row: Row) -> dict[str, Any]:
    measured = {column: row.spread(column) for column in COLUMNS}
    return {column: dataclasses.asdict(value) for column, value in measured.items() if value}


def save(path: Path, found: Mapping[str, Any]) -> None:
    """Writes the results, and the folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")

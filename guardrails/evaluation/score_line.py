"""A line of scores: what a row got in an evaluation, as ``guard evaluate --scores`` writes it."""

from collections.abc import Iterable, Iterator

import msgspec

from guardrails.evaluation.row import BadRow


class ScoredFinding(msgspec.Struct, frozen=True):
    """``action`` is None where the score was under the policy's threshold."""

    detector: str
    label: str
    score: float
    action: str | None = None


class ScoreLine(msgspec.Struct, frozen=True, kw_only=True):
    """``row`` is the line of the data; ``bytes`` the length of the text. Who writes such lines by other means may leave
    out all but ``row``."""

    row: int
    label: int | None = None
    source: str = ""
    bytes: int | None = None
    findings: list[ScoredFinding] = []
    action: str | None = None
    scores: dict[str, float] = {}

    def by_detector(self) -> dict[str, float]:
        """The highest score of each detector that found something."""
        if self.scores or not self.findings:
            return self.scores
        found: dict[str, float] = {}
        for finding in self.findings:
            found[finding.detector] = max(found.get(finding.detector, 0.0), finding.score)
        return found

    def same_row(self, other: "ScoreLine") -> bool:
        """Whether both may be about one row: nothing that both say of it is different."""
        told = ((self.source, other.source), (self.label, other.label), (self.bytes, other.bytes))
        return self.row == other.row and all(one == another or None in (one, another) for one, another in told)


def score_lines(lines: Iterable[bytes]) -> Iterator[ScoreLine | BadRow]:
    """One by one; empty lines are none."""
    decoder = msgspec.json.Decoder(ScoreLine)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            yield BadRow(number, str(error))

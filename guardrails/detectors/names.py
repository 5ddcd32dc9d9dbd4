"""Names and addresses: what no pattern can find, read by a model in another process."""

from collections.abc import Sequence

from guardrails.classifiers.word import ADDRESS, PERSON
from guardrails.detectors.classified import Asking, Reads
from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.policy import NamesRule, Rule

NAME = "names"
FOUND = (PERSON, ADDRESS)
NONE_CONFIGURED = ("a classifier process reads names, and none is configured; "
                   "in gatewright.yaml set classifiers: 1")


class Names:
    """Finds persons and addresses, and places on request. Without ``reads`` it can be checked, and fails when it is
    asked."""

    name = NAME

    def __init__(self, rule: Rule, reads: Reads | None = None) -> None:
        # An action alone has no settings.
        own = rule if isinstance(rule, NamesRule) else NamesRule(action=rule.action)
        self.labels: tuple[str, ...] = tuple(FOUND if own.find is None else own.find)
        self._asking = Asking(NAME, own, reads)

    async def read_all(self, passages: Sequence[Passage]) -> Sequence[Sequence[Finding]]:
        return [[Finding(NAME, *span) for span in spans if span.label in self.labels]
                for spans in await self._asking.spans(passages)]

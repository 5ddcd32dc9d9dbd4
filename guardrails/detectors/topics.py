"""Topics that are not to be talked about: by their nearness to sentences that an operator has written."""

import re
from collections.abc import Mapping, Sequence

from guardrails.classifiers.embedding import NAME
from guardrails.detectors.classified import Asking, Reads
from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.policy import Rule

MOST_SENTENCES = 256


class Topics:
    """A topic's label is its name in capitals."""

    name = NAME

    def __init__(self, deny: Mapping[str, Sequence[str]], rule: Rule, reads: Reads | None = None) -> None:
        """Raises ValueError where there is no topic, or one without a sentence."""
        self._about = {label_of(topic): [one for one in sentences if any(map(str.isalpha, one))]
                       for topic, sentences in deny.items()}
        if not deny or not all(self._about.values()):
            raise ValueError("topics needs deny: topics by name, each with sentences that are typical of it")
        if len(self._about) < len(deny) or "" in self._about:
            raise ValueError("topics needs names with letters or digits, each once (they are labels, in capitals)")
        if sum(map(len, self._about.values())) > MOST_SENTENCES:
            raise ValueError(f"topics takes {MOST_SENTENCES} sentences at most")
        self.labels = tuple(self._about)
        self._asking = Asking(NAME, rule, reads)

    async def read_all(self, passages: Sequence[Passage]) -> Sequence[Sequence[Finding]]:
        return [[Finding(self.name, *span) for span in spans]
                for spans in await self._asking.spans(passages, self._about)]


def label_of(topic: str) -> str:
    return re.sub(r"\W+", "_", topic).strip("_").upper()

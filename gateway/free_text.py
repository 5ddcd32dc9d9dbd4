"""Free text: what people write by hand about a reply, made fit to be kept."""

from concurrent.futures import Executor

from gateway.refusal import GuardUnavailable
from guardrails.compiling import guards_of
from guardrails.detectors.catalogue import CATALOGUE
from guardrails.inspection import Inspector
from guardrails.passage import Passage
from guardrails.policy import Policy, PromptRules
from guardrails.redaction import edited
from guardrails.verdict import Verdict

# Placeholders: nobody ever puts back what stood there.
POLICY = Policy(prompt=PromptRules(personal_data="redact", secrets="redact"))


def _compiled() -> Inspector:
    return guards_of("free text", POLICY, CATALOGUE).prompt


class FreeText:
    """Takes personal data and secrets out of texts, with the detectors of the standard policy."""

    def __init__(self, threads: Executor) -> None:
        # Takes a fifth of a second, which a worker that begins need not wait for.
        self._inspector = threads.submit(_compiled)

    def cleared(self, text: str, place: str) -> str:
        """``text`` with placeholders such as ``[EMAIL]``; raises GuardUnavailable where a detector could not look."""
        verdict = Verdict()
        edits = self._inspector.result().inspect(Passage(text, "user", place), 0.0, verdict, None)
        if verdict.failures:
            raise GuardUnavailable(f"A guard could not look at the {place}, and unseen it is not kept.", param=place)
        return edited(text.encode(), 0, edits).decode() if edits else text

"""Moderation: texts scored in OpenAI's categories by a policy's guards. Nothing is done about what is found."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from guardrails.compiling import Catalogue, made, permits_of
from guardrails.guard import Guard
from guardrails.inspection import EVERY, PATTERNS, Inspector
from guardrails.passage import ROLES, Role
from guardrails.policy import Action, InjectionRule, Policy, PromptRules
from guardrails.verdict import Decision, Failure, Verdict

# Who judges where the operator has named no policy.
MODERATION = Policy(prompt=PromptRules(toxicity="flag", injection=InjectionRule(action="flag", tier="heuristics")))

CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic")

# By label, of whatever guard. A finer category is told only where a guard tells the two apart: never guessed from its
# parent. Labels that stand for several of OpenAI's categories at once, or for none, are told under the guard alone.
CATEGORIES_OF: Mapping[str, tuple[str, ...]] = {
    "HATE": ("hate",),
    "HARASSMENT": ("harassment",),
    "SEXUAL": ("sexual",),
    "VIOLENCE": ("violence",),
    "SELF_HARM": ("self-harm",),
    "S1_VIOLENT_CRIMES": ("illicit", "illicit/violent"),
    "S2_NON_VIOLENT_CRIMES": ("illicit",),
    "S3_SEX_CRIMES": ("illicit",),
    "S4_CHILD_EXPLOITATION": ("sexual", "sexual/minors"),
    "S9_INDISCRIMINATE_WEAPONS": ("illicit", "illicit/violent"),
    "S10_HATE": ("hate",),
    "S11_SELF_HARM": ("self-harm",),
    "S12_SEXUAL_CONTENT": ("sexual",),
    "HATE_SPEECH": ("hate",),
    "SEXUALLY_EXPLICIT": ("sexual",),
    "VIOLENT": ("violence",),
    "NON_VIOLENT_ILLEGAL_ACTS": ("illicit",),
    "SEXUAL_CONTENT": ("sexual",),
    "SUICIDE_SELF_HARM": ("self-harm",),
}
ROLE: Role = "user"  # who is taken to say what is to be judged
_WHATEVER: tuple[Action, float] = ("flag", 0.0)


class Moderator(NamedTuple):
    """A policy's guards for prompts, made ready to score.

    inspector  finds whatever the detectors see, however unsure they are
    counting   the guards as the policy has them, by name: they say what of it counts
    """

    inspector: Inspector
    counting: Mapping[str, Guard]
    blocks_on_error: bool
    deadline_seconds: float

    def refuses(self, failures: Iterable[Failure]) -> bool:
        """Whether guards that could not decide are a reason to decline."""
        return self.blocks_on_error and any(self._matters(failure.guard) for failure in failures)

    def _matters(self, name: str) -> bool:
        guards = self.counting.values() if name in (EVERY, PATTERNS) else [self.counting[name]]
        return any(action != "shadow" for guard in guards for action, _ in guard.actions.values())


def moderator_of(policy: Policy, catalogue: Catalogue) -> Moderator:
    """Raises UnusableRule. Detectors that the catalogue lacks judge nothing."""
    guards = made("prompt", policy.prompt, catalogue)
    everything = [(_finding_all(guard), detector) for guard, detector in guards]
    return Moderator(Inspector("prompt", everything, permits_of(policy)), {guard.name: guard for guard, _ in guards},
                     policy.on_error == "block", policy.deadline_ms / 1000)


def _finding_all(guard: Guard) -> Guard:
    return msgspec.structs.replace(guard, actions=dict.fromkeys(ROLES, _WHATEVER), sample=1.0, when="before")


class Surest(Verdict):
    """Keeps of each guard and label only what it was surest of: a million addresses must not crowd out a threat."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[tuple[str, str], int] = {}

    def add(self, decision: Decision) -> None:
        finding = decision.finding
        place = self._places.setdefault((finding.detector, finding.label), len(self.decisions))
        if place == len(self.decisions):
            self.decisions.append(decision)
        elif finding.score > self.decisions[place].finding.score:
            self.decisions[place] = decision


class GuardScores(msgspec.Struct):
    """What one guard says: whether it flags the text, its highest score, and the score of each label."""

    flagged: bool = False
    score: float = 0.0
    labels: dict[str, float] = {}


class Scores(msgspec.Struct):
    """What is said of one input.

    guards     by name, those that found something, however unsure
    counted    the findings that the policy does something about
    unchecked  the guards that could not decide
    """

    categories: dict[str, bool]
    category_scores: dict[str, float]
    guards: dict[str, GuardScores] = {}
    counted: list[Decision] = []
    unchecked: list[str] = []

    @property
    def flagged(self) -> bool:
        return any(guard.flagged for guard in self.guards.values())


def scores_of(moderator: Moderator, verdict: Verdict) -> Scores:
    """``verdict`` is what the moderator's inspector came to over one input."""
    scores = Scores(dict.fromkeys(CATEGORIES, False), dict.fromkeys(CATEGORIES, 0.0),
                    unchecked=list(dict.fromkeys(failure.guard for failure in verdict.failures)))
    for decision in verdict.decisions:
        guard = moderator.counting[decision.finding.detector]
        if guard.action(ROLE, decision.finding.label, 1.0) is not None:  # else a label that the policy leaves out
            _add(scores, decision, guard)
    return scores


def _add(scores: Scores, decision: Decision, guard: Guard) -> None:
    _, label, _, _, score = decision.finding
    action = guard.action(ROLE, label, score)
    counts = action is not None and action != "shadow"
    categories = CATEGORIES_OF.get(label, ())
    for category in categories:
        scores.category_scores[category] = max(scores.category_scores[category], score)
        scores.categories[category] |= counts
    told = scores.guards.setdefault(guard.name, GuardScores())
    # What a policy redacts, such as an address, it lets pass: that alone is no reason to flag a text.
    told.flagged |= counts and (bool(categories) or action != "redact")
    told.score = max(told.score, score)
    told.labels[label] = score
    if counts:
        scores.counted.append(decision)

"""The lists that tell a request's story: of one that a model server answers, of one that the guards answer, and of
feedback, which is kept."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor

from gateway.afterwards import Afterwards
from gateway.batches.turns import Turns
from gateway.config.settings import Key, Limits
from gateway.content.segments import ContentSegments
from gateway.exchange import Clock, Exchange
from gateway.free_text import FreeText
from gateway.gathering.gathering import Gathering
from gateway.guard_log import GuardLog
from gateway.host_keys import HostKeys
from gateway.ids import IdMarks
from gateway.journal import Journal
from gateway.reply import Flow
from gateway.stages.account import Account
from gateway.stages.admit import Admit
from gateway.stages.assign import Assign
from gateway.stages.gather import Gather
from gateway.stages.guard_prompt import GuardPrompt
from gateway.stages.guard_reply import GuardReply
from gateway.stages.hear import Hear
from gateway.stages.identify import Identify
from gateway.stages.infer import Infer
from gateway.stages.keep import Keep
from gateway.stages.moderate import Moderate
from gateway.stages.read import Read, ReadDocument
from gateway.stages.recall import Recall
from gateway.stages.repeat import Repeat
from gateway.stages.stage import Stage
from gateway.stages.yield_way import YieldWay
from gateway.telemetry.faults import FaultLog
from routing.affinity import Affinity
from routing.retrying import RetryBudget


def standard_stages(*, account: Account, keys: Mapping[str, Key] | None, host_keys: HostKeys, admit: Admit,
                    limits: Limits, clock: Clock, random: Callable[[], float], log: FaultLog, guard_log: GuardLog,
                    afterwards: Afterwards, threads: Executor, repeat: Repeat, recall: Recall, affinity: Affinity,
                    gathering: Gathering, content: ContentSegments | None = None) -> Sequence[Stage]:
    """Account is first in and last settled; a version is assigned before anything may be answered for it. Without
    ``content`` nothing can be kept, and nothing is."""
    return (
        account,
        Keep(content),
        Identify(keys, IdMarks(host_keys.mark)),
        admit,
        Read(limits.json_depth, host_keys),
        repeat,
        GuardPrompt(clock, guard_log, threads, afterwards),
        Assign(),
        recall,
        GuardReply(clock, log, afterwards),
        Infer(clock, random, RetryBudget(), log, affinity, gathering),
    )


def batch_stages(*, account: Account, host_keys: HostKeys, limits: Limits, clock: Clock, random: Callable[[], float],
                 log: FaultLog, guard_log: GuardLog, afterwards: Afterwards, threads: Executor, recall: Recall,
                 turns: Turns, content: ContentSegments | None = None) -> Sequence[Stage]:
    """What a line of a batch passes. Whose it is was settled when its batch was made; the places that ``turns`` gives
    stand in Admit's stead. A server that fails is not passed by for another: there is time to ask it again.
    """
    return (
        account,
        Gather(),
        Keep(content),
        Read(limits.json_depth, host_keys),
        GuardPrompt(clock, guard_log, threads, afterwards),
        Assign(),
        YieldWay(turns),
        recall,
        GuardReply(clock, log, afterwards),
        Infer(clock, random, RetryBudget(0, 0), log),
    )


def moderation_stages(*, account: Account, keys: Mapping[str, Key] | None, host_keys: HostKeys, admit: Admit,
                      limits: Limits, clock: Clock, guard_log: GuardLog, threads: Executor) -> Sequence[Stage]:
    """No version is chosen: the guards themselves are asked. ``account`` and ``admit`` are those of the standard list:
    what is in flight is counted together."""
    return (
        account,
        Identify(keys, IdMarks(host_keys.mark)),
        admit,
        ReadDocument(limits.json_depth, host_keys),
        Moderate(clock, guard_log, threads),
    )


def feedback_stages(*, worker: str, journal: Journal, keys: Mapping[str, Key] | None, host_keys: HostKeys,
                    admit: Admit, limits: Limits, clock: Clock, free_text: FreeText,
                    waiting: Callable[[Exchange], Flow] | None = None) -> Sequence[Stage]:
    """No Account: what is said of an exchange is a signal about it, and no exchange itself. ``waiting``: see Hear."""
    return (
        Identify(keys, IdMarks(host_keys.mark)),
        admit,
        ReadDocument(limits.json_depth, host_keys),
        Hear(worker, journal, clock, IdMarks(host_keys.mark), free_text, waiting),
    )

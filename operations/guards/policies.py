"""Which policy is meant: one of the routing document, one in a file of its own, or the standard one."""

from pathlib import Path
from typing import NamedTuple

from gateway.config.checking import nearest
from gateway.config.reading import read_policy, read_routing
from guardrails.policy import Policy
from guardrails.standard import NAME, STANDARD

_SUFFIXES = (".yaml", ".yml")


class PolicyUnknown(LookupError):
    """No policy of such a name, or none named where there are several."""


class NamedPolicy(NamedTuple):
    """``origin`` is the file that it stands in; empty where it is built in."""

    name: str
    policy: Policy
    origin: str


def find_policy(wanted: str | None, routing: Path) -> NamedPolicy:
    """The policy that ``wanted`` names; without a name the only one there is, or the standard one where there is none.

    Raises PolicyUnknown, and ConfigurationError where a document cannot be used. ``routing`` may be missing.
    """
    if wanted is not None and wanted.endswith(_SUFFIXES):
        return NamedPolicy(Path(wanted).stem, read_policy(Path(wanted)), wanted)
    policies = read_routing(routing)[0].policies if routing.exists() else {}
    if wanted is None and len(policies) == 1:
        wanted = next(iter(policies))
    if wanted in policies:
        return NamedPolicy(wanted, policies[wanted], str(routing))
    if wanted is None and policies:
        raise PolicyUnknown(f"{routing} has several policies: name one of {', '.join(policies)} with --policy.")
    if wanted in (None, NAME):
        return NamedPolicy(NAME, STANDARD, "")
    raise PolicyUnknown(_unknown(wanted, [*policies, NAME], routing))


def _unknown(wanted: str, known: list[str], routing: Path) -> str:
    near = nearest(wanted, known)
    hint = f" Did you mean {near!r}?" if near else ""
    return (f"There is no policy {wanted!r}: known are {', '.join(known)}{'' if routing.exists() else ' (built in)'}; "
            f"{routing} is {'' if routing.exists() else 'not '}there; a file of its own ends in .yaml.{hint}")

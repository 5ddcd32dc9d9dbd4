"""What other rooms have a restore do: the audit verifies what was restored, and what was erased is erased again."""

from collections.abc import Sequence

from operations.audit.offline import CannotVerify, opened
from operations.audit.verification import Verification
from operations.backups.restoring import Chain
from operations.erasures.reapply import reapply
from operations.secrets.master import MasterKey
from operations.secrets.signing import Signer

REAPPLY = reapply


def chain_under(key: MasterKey) -> Chain:
    """Verifies chains, and the checkpoints that this host's key has signed; a second place is for `audit verify`."""
    public = Signer(key.derived("audit")).public

    def problems(url: str) -> Sequence[str]:
        try:
            with opened(url) as connection:
                report = Verification(connection, [public]).run()
        except CannotVerify as error:
            return [str(error)]
        return [str(one) for one in report.findings if one.is_fault]

    return problems

"""What other rooms have a restore do: the one place where they are joined to it."""

from operations.backups.restoring import Chain, Reapply

CHAIN: Chain | None = None  # says what is wrong with the records' chain in the database at a URL
REAPPLY: Reapply | None = None  # erases once more, in a restored database, what a file says was erased

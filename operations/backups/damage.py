"""What can be wrong with a backup, and with a command about one."""


class Damaged(Exception):
    """A backup that is not what was written; the message says where."""


class WrongKey(Exception):
    """A backup that this key does not open; the message names the key that does."""


class Refused(Exception):
    """Something that is not done, since it would destroy or since something is missing; the message says what to do."""


class Stopped(Exception):
    """The process is leaving: what had been begun is given up, and nothing of it is kept."""

"""Neutral text: what is judged must not be able to end the judged part of a prompt and speak for the prompt itself."""

import re
from collections.abc import Sequence

# Special tokens of the models' tokenizers, and the marks that the prompts set around their parts. A blank behind the
# first character leaves them legible, and they are no token and no mark any more.
_TOKENS = "start_of_turn|end_of_turn|start_of_image|end_of_image|bos|eos|pad|unk|mask|s"
_MARKS = re.compile(
    "[<[]"  # one set of first characters, which is what makes the search quick
    r"(?:(?<=<)(?=[|\uff5c]"  # <|eot_id|>, <|im_end|>
    rf"|/?(?:{_TOKENS})>"
    r"|<?/?SYS>>"
    r"|/?(?:BEGIN|END)[ _])"  # <END CONVERSATION>
    r"|(?<=\[)(?=/?INST\]))", re.IGNORECASE)
_BREAK = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


class Neutral:
    """Takes the meaning from marks, and from ``headings`` at the beginning of a line: ``Agent:`` would begin a turn."""

    def __init__(self, headings: Sequence[str]) -> None:
        named = "|".join(map(re.escape, headings))
        # Blanks that are no breaks: each is looked at once, however many lines are empty.
        self._headings = re.compile(rf"([{_BREAK}](?:(?![{_BREAK}])\s)*(?:{named})):", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        marked = _MARKS.sub(lambda mark: f"{mark[0]} ", text.strip())
        return self._headings.sub(r"\1 :", f"\n{marked}")[1:]

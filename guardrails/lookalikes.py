"""Characters that look like Latin letters, and what of a character is left when its decoration is taken off."""

import re
import unicodedata

# Letters of other alphabets by the Latin letter that readers take them for (after the confusables of Unicode's UTS 39),
# in lower case: they count only in words that are Latin otherwise, or look so altogether.
FOREIGN = {
    "a": "аαɑ", "b": "Ььβ", "c": "сϲⅽ", "d": "ԁժ", "e": "еєεҽ", "f": "ϝք", "g": "ԍց", "h": "һհԧ", "i": "іιӏɩ",
    "j": "јϳ", "k": "кκ", "l": "ⅼլ", "m": "мⅿ", "n": "пոռη", "o": "оοօσ", "p": "рρ", "q": "ԛզ", "r": "гⲅ",
    "s": "ѕꜱ", "t": "тτ", "u": "υսцμ", "v": "ѵν", "w": "ԝωшա", "x": "хχ", "y": "уγүყ", "z": "ʐ",
}
# Of these a whole word may be made that is not Latin at all and yet looks it.
_PERFECT = re.compile("[ανοаеорсухѕіјѵһӏԁԛԝ]+")
_ASCII_LETTER = re.compile("[a-z]")
# Latin letters of another make: phonetic, small capitals, barred; and signs of print.
DRESSED = {
    "ı": "i", "ȷ": "j", "ɡ": "g", "ɢ": "g", "ɪ": "i", "ɴ": "n", "ʀ": "r", "ʏ": "y", "ʙ": "b", "ʜ": "h",
    "ʟ": "l", "ᴀ": "a", "ᴄ": "c", "ᴅ": "d", "ᴇ": "e", "ᴊ": "j", "ᴋ": "k", "ᴍ": "m", "ᴏ": "o", "ᴘ": "p",
    "ᴛ": "t", "ᴜ": "u", "ᴠ": "v", "ᴡ": "w", "ᴢ": "z", "ꜰ": "f", "ꜱ": "s", "ɑ": "a", "ø": "o", "ł": "l",
    "đ": "d", "ħ": "h", "ŧ": "t", "ƀ": "b", "ɩ": "i", "ᵻ": "i", "‘": "'", "’": "'", "‚": "'", "‛": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "「": '"', "」": '"', "‐": "-", "‑": "-", "‒": "-",
    "–": "-", "—": "-", "−": "-", "·": ".", "•": ".", "∙": ".", "⋅": ".", "ʼ": "'", "。": ".", "｡": ".",
    "、": ",",
}
FOREIGN_LETTER = re.compile(r"[\u0370-\u058f\u1c80-\u1c8f\u2c80-\u2cff\ua640-\ua69f]")
_LATIN = {ord(foreign): latin for latin, letters in FOREIGN.items() for foreign in letters}
# Squared, circled and regional letters that have no decomposition.
_RANGES = ((0x1F150, 0x1F169), (0x1F170, 0x1F189), (0x1F1E6, 0x1F1FF))
TAGS = range(0xE0020, 0xE007F)
INVISIBLE = frozenset({0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x3164, 0xFEFF, 0xFFA0,
                       *range(0x200B, 0x2010),
                       *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10), *range(0xE0000, 0xE0020),
                       0xE007F, *range(0xE0100, 0xE01F0)})
# These are at home in emoji, in scripts that need them, and at the head of files.
_HARMLESS = frozenset({0xAD, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0x3164, 0xFEFF, *range(0xFE00, 0xFE10), 0xE007F})
# A flag of a region is written with tags, too: the flag itself says so.
_FLAG = "\U0001f3f4"


def hides(character: str, text: str) -> bool:
    """Whether it stands in ``text`` unseen, and for no good reason."""
    code = ord(character)
    return _FLAG not in text if code in TAGS else code in INVISIBLE and code not in _HARMLESS


def plain(character: str) -> str:
    """The character in lower case without accent, width, frame or typeface; empty where it cannot be seen."""
    code = ord(character)
    if character in DRESSED:
        return DRESSED[character]
    if code in INVISIBLE:
        return ""
    if code in TAGS:
        return chr(code - 0xE0000).lower()
    for first, last in _RANGES:
        if first <= code <= last:
            return chr(97 + code - first)
    if 0xAC00 <= code <= 0xD7A3:
        return character  # a syllable of Hangul is no decorated letter
    parts = unicodedata.normalize("NFKD", character)
    return "".join(DRESSED.get(part, part) for part in parts.lower() if unicodedata.category(part) != "Mn")


def latin(word: str) -> str:
    """The Latin word that ``word`` looks like, of the same length; ``word`` itself where it is another alphabet's."""
    read = word.translate(_LATIN)
    if read == word or not (_ASCII_LETTER.search(word) or _PERFECT.fullmatch(word)):
        return word
    return read

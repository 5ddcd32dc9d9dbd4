"""Lines: a text as the small model reads it, cut into pieces of some sentences and written plainly.

The model takes the mean over all words of what it is given, so that one bad sentence would drown in a long text: it is
asked about each piece, and the worst counts.
"""

PIECE = 256  # characters of a piece at most
_LEAST = PIECE // 2  # a sentence's end before this does not end a piece
_ENDS = (". ", "! ", "? ", "\n")

# Sign for sign, and ASCII to ASCII: so it takes Python a microsecond.
_PLAIN = str.maketrans(".,;:\"()[]{}<>/\\|=+~`^\0\n\r\t", " " * 25)


def lines_of(text: str) -> list[str]:
    """The pieces of ``text`` in order, each in lower case, without the signs that only separate."""
    return [_plain(text)] if len(text) <= PIECE else [_plain(piece) for piece in pieces_of(text)]


def _plain(piece: str) -> str:
    plain = piece.lower().translate(_PLAIN).replace("!", " ! ").replace("?", " ? ")
    return plain if plain.isascii() else plain.translate(_QUOTES)


_QUOTES = str.maketrans({"\u2019": "'", "\u201c": " ", "\u201d": " ", "\u2026": " ", "\u00a0": " "})


def pieces_of(text: str) -> list[str]:
    """Pieces of at most PIECE characters, which end with sentences where they can, else with words; together the
    text."""
    found: list[str] = []
    start, length = 0, len(text)
    while length - start > PIECE:
        end = _end_of_piece(text, start)
        found.append(text[start:end])
        start = end
    found.append(text[start:])
    return found


def _end_of_piece(text: str, start: int) -> int:
    low, high = start + _LEAST, start + PIECE
    end = max(text.rfind(mark, low, high) + len(mark) for mark in _ENDS)
    if end > low:
        return end
    end = text.rfind(" ", low, high) + 1
    return end if end > low else high

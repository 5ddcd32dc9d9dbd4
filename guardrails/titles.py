"""Titles: what stands before and after a person's name and is no part of it, such as `Dr.`, `Frau`, `Jr.`

They belong to what is found, since who reads `Dr. [PERSON]` needs no more; but a person is the same with and without.
"""

import re

_SPELT = (
    "Mr|Mrs|Ms|Miss|Mx|Messrs|Sir|Dame|Lady|Lord|Rev|Reverend|Hon|Fr|Capt|Captain|Lt|Sgt|Cpl|Col|Maj|Gen|Adm|Eng|Engr"
    "|Dr|Drs|Dra|dr|drg|Doctor|doctor|Doctora|doctora|Prof|prof|Professor|Profesor|Profesora|Professeur|mr|mrs|ms"
    "|Herr|Herrn|Frau|Hr|Fru|Univ|Dipl|Ing|Mag|DI|med|dent|univ|jur|phil|rer|nat|habil"
    "|Monsieur|Madame|Mademoiselle|Maître|Mme|Mlle|Mmes"
    "|Sr|Sra|Srta|Srita|Señor|Señora|Señorita|señor|señora|Don|Doña|don|doña|Dña|Lic|Mtro|Mtra|Senhor|Senhora"
    "|Sig|Signor|Signora|Signorina|signor|signora|Dott|Dottor|Dottoressa|dottor|dottoressa|Avv|Geom|Rag"
    "|de heer|De heer|Dhr|dhr|Mevr|mevr|Mevrouw|mevrouw|meneer|Meneer|Mw|mw|Ir|ir|Mgr|Bc|MUDr|JUDr|PhDr|RNDr|MVDr"
    "|pan|pani|paní|Pan|Pani|slečna|hra|rva|Herra|Rouva|Tohtori|tri|arkkit"
    "|Bay|Bayan|Doç|Av|Uz|Okt|Öğr|Çev|Arş|Gör|Yrd|Dt|KH|Hj|Tgk|Cut|Puti|Sutan|Alhaji|Chief|ifj|özv")
# With its feminine ending, and in a chain: `Prof. Dr.-Ing.`, `Dipl.-Ing. (FH)`, `Mr and Mrs`.
_ONE = rf"(?:{_SPELT})(?:\.?(?:ra|na|ssa)|\(a\))?(?:\.[ \xa0]?|[ \xa0]|\.?-)(?:\(FH\) |(?:and|und|et|&) )?"
_BEFORE = re.compile(rf"(?<![\w.-])(?:{_ONE})+$")
_LEADING = re.compile(rf"(?:{_ONE})+(?=\S)")
_AFTER = re.compile(
    r"(?:,? (?:Jr\.?|Sr\.(?! [A-Z])|MD|M\.D\.|PhD|Ph\.D\.|DDS|DVM|Esq\.?|RN|CPA|JD|[KQ]C|OBE|MBE|MBA\.?|[BM](?:Sc|Ed|A)"
    r"|DiS\.|Bakk\.|(?:CSc|DSc|Th\.D)\.|[BM]\.(?:Sc|A|Eng|Ed)\.|[SM]\.(?:[A-Z]{1,2}|[A-Z][a-z]{1,4}|[A-Z]\.[A-Z][a-z]*)\.?)(?!\w)"
    r"| (?:I{2,3}|IV|V)(?!\w))+")
_LONGEST = 48  # characters of a chain of titles


def titled(text: str, start: int, end: int) -> tuple[int, int]:
    """The name from ``start`` to ``end`` together with the titles around it."""
    low = max(0, start - _LONGEST)
    before = _BEFORE.search(text[low:start])
    for after in _AFTER.finditer(text, start + 1, end + _LONGEST):
        end = max(end, after.end()) if after.start() <= end else end
    return (low + before.start() if before else start), end


def parted(name: str) -> tuple[str, str, str]:
    """The titles before, the name, and those after it. A title alone is taken for the name."""
    before = _LEADING.match(name)
    start = before.end() if before else 0
    for after in _AFTER.finditer(name, start + 1):
        if after.end() == len(name):
            return name[:start], name[start : after.start()], name[after.start() :]
    return name[:start], name[start:], ""

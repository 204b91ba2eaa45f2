r"""What people can see of a text: whether there is anything, and whether it is text at all.

Blank is what shows nothing in any font: white space, controls, format characters, fillers, selectors, marks with no
letter under them. A text that shows something is kept as it was typed: a joiner inside a Uyghur word belongs there.

A character that this Python does not know yet counts as seen: names use Han characters of the newest Unicode.

Source: Unicode 16, `Default_Ignorable_Code_Point` and `General_Category`; §23.8 (halves of a surrogate pair, which no
encoding has).
"""

import re
import unicodedata

#: Letters and symbols by their category, and yet nothing to see: fillers of Hangul, the blank of Braille, an empty note
#: head, blanks of hieroglyphs, the place of an object that is not there.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\ufffc\U0001d159\U00013441\U00013442")
#: Categories that show nothing by themselves. `Co` is private: what one font shows, nobody else sees.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"})
#: Not assigned, and never to be seen: what Unicode has set aside as ignorable or as no character.
_NEVER_SEEN = re.compile("[\u2065\ufdd0-\ufdef\ufff0-\ufff8\U000e0000-\U000e0fff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def is_blank(text: str) -> bool:
    """Whether nobody can see anything of it."""
    return not any(map(_is_seen, text))


def seen(text: str) -> str:
    """The text without white space around it; nothing, if there is nothing to see."""
    stripped = text.strip()
    return "" if is_blank(stripped) else stripped


def has_lone_surrogate(text: str) -> bool:
    """Whether it holds half of a character, which can be neither written down nor sent."""
    return _LONE_SURROGATE.search(text) is not None


def _is_seen(character: str) -> bool:
    if unicodedata.category(character) in _UNSEEN or character in _FILLERS or ord(character) & 0xFFFE == 0xFFFE:
        return False
    return not _NEVER_SEEN.match(character)

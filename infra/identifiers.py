"""Identifiers that people type by hand, read as they were meant: tracking codes, numbers of cases, sign-in names, passwords.

A Chinese input method gives full-width letters and digits, hyphens and spaces of its own; what is copied from a page brings
characters along that do not print. Here is which spellings are the same. Texts (titles, statements, names of people) are kept
as they were written and do not pass through here.
"""

import re
import unicodedata

#: Hyphens that Unicode does not count among the dashes: minus signs, the bullet, and lines that are drawn with.
_MORE_HYPHENS = frozenset("\u2212\u2043\u02d7\u2796\u2500\u2501")
#: Signs that take no room on paper, beside all that Unicode calls control, format, private or not assigned.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_FULL_STOP = "\u3002"


def read_identifier(typed: str) -> str:
    """An identifier in one spelling: half width, without spaces and without what does not print, each hyphen a `-`, the
    Chinese full stop a dot. Capital letters stay."""
    return "".join(map(_plain, _UNSEEN.sub("", half_width(typed))))


def read_sign_in_name(typed: str) -> str:
    """A sign-in name as it is kept and looked up: capital letters do not matter either."""
    return half_width(read_identifier(typed).casefold())


def half_width(typed: str) -> str:
    """Each character in the one form that Unicode gives for it (NFKC), which is the half-width one of letters and digits."""
    return unicodedata.normalize("NFKC", typed)


def without_unseen(text: str) -> str:
    """A text without what takes no room on paper; its blanks and ends of lines stay."""
    text = _UNSEEN.sub("", text)
    if text.isprintable():
        return text
    return "".join(one for one in text if one.isspace() or unicodedata.category(one)[0] != "C")


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Pd" or character in _MORE_HYPHENS:
        return "-"
    if category[0] in "CZ":
        return ""
    return "." if character == _FULL_STOP else character

"""Names and titles so that a row can be recognised by somebody who knows the case, and by nobody else.

What stays is the first character, followed by two marks whatever the length: 王小明 and 王明 are both 王＊＊. Several names
are masked each by itself: 王＊＊、李＊＊. The texts of a case are masked by the database itself, in the same way
(`cases/visibility.py`), so that what is not shown is not even read.
"""

from cases.visibility import MASK


def masked(text: str) -> str:
    """The first character and the mask; of an empty text the mask alone."""
    return text[:1] + MASK

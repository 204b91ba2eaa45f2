"""The initials of a name in pinyin: 王小明 is wxm, which a clerk types faster than the name.

A character may be read in several ways (单 is shàn in a surname, and dān): a short name has the initials of each, so that whoever
knows how it is said finds it. Readings are those of `pypinyin`, without its book of phrases: no name stands in it, and it would take
forty megabytes of every process.
"""

import os
import re
from collections.abc import Callable
from functools import cache
from itertools import islice, product

#: Characters of a name that is read in all its ways; and of one that has initials at all.
SHORT, LONGEST = 4, 20
MOST_WAYS = 16
_CHARACTER = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


def initials_of(name: str) -> tuple[str, ...]:
    """Every way in which the initials of its Chinese characters read, the usual one first; none of a name without two of them."""
    characters = _CHARACTER.findall(name)
    if not 2 <= len(characters) <= LONGEST:
        return ()
    ways = [_readings()(one) for one in characters]
    if len(characters) > SHORT:
        ways = [way[:1] for way in ways]
    return tuple("".join(one) for one in islice(product(*ways), MOST_WAYS) if len(one) == len(characters))


@cache
def _readings() -> Callable[[str], tuple[str, ...]]:
    """The first letters of a character, each once. The library is loaded when the first name is read."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")
    from pypinyin import Style, pinyin

    @cache
    def of(character: str) -> tuple[str, ...]:
        found = pinyin(character, style=Style.FIRST_LETTER, heteronym=True, errors="ignore")
        letters = found[0] if found else []
        return tuple(dict.fromkeys(letter for letter in letters if letter.isascii() and letter.isalpha()))

    return of

"""What of a text can be found, and what somebody who looks for something means: words as terms, one rule for both sides.

Chinese has no blanks between its words, so that a text is taken apart into pairs of neighbours: 楼上漏水 is 楼上, 上漏, 漏水, and two
characters are enough to find it. A word of letters or digits is found whole; beside a Chinese character it makes a pair with it
(3号, A座). What is looked for are runs of such pairs, so that 王小明 is not found where 王小红 and 李小明 stand.

Marks stand before terms that are no words of a text: ☎ a telephone number, № a number of a case, ♪ the initials of a name.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from infra.identifiers import half_width, without_unseen

PHONE, NUMBER, INITIALS = "☎", "№", "♪"
#: More of a word of letters says nothing more, and databases have limits for a term.
LONGEST = 64
MOST_WORDS = 8  #: that may be looked for at once
MOST_CHARACTERS = 100

_CHINESE = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48f\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003fffd"
)
_UNIT = re.compile(rf"[{_CHINESE}]|[^\W_{_CHINESE}]+")
_RUN = re.compile(rf"([{_CHINESE}]+)|[^\W_{_CHINESE}]+")
_HAS_DIGIT = re.compile(r"\d{3}")
_IS_CHINESE = re.compile(rf"[{_CHINESE}]")
_DOTS = frozenset("·•‧・∙⋅")  #: between the parts of a name: 阿卜杜拉·买买提
#: Digits as a telephone number is written, with blanks and hyphens between them.
_DIGITS = re.compile(r"(?<![0-9a-z+])\+?\(?\d(?:[ ()\-]{0,2}\d){5,16}(?![0-9a-z])")
_HYPHENS = re.compile(r"[\u2010-\u2015\u2212\u2043\u02d7\u2796]")
_TAILS = (8, 7, 4)  #: how much of a number is enough: without its area code, or the last four


@dataclass(frozen=True, slots=True)
class Together:
    """Runs of terms that have to stand in one text. `of_register`: in what the register says of the case, not in a text."""

    runs: tuple[str, ...]
    of_register: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """One word that somebody looks for, as they typed it: any of these will do."""

    typed: str
    any_of: tuple[Together, ...]


class NotSought(Exception):
    """Nothing can be looked for so. `code` says why, `typed` which part of it."""

    def __init__(self, code: str, typed: str = "") -> None:
        super().__init__(code)
        self.code, self.typed = code, typed


def words_of(text: str, *, more: Iterable[str] = ()) -> str:
    """All terms of a text in their order, a blank around each: what the index keeps of it. `more`: terms beside those of its words."""
    plain = _plain(text)
    pairs, whole, phones = list[str](), list[str](), list[str]()
    for units in _segments(plain):
        pairs += _pairs(units)
        if not isinstance(units, str):
            whole += [unit for unit in units if not _IS_CHINESE.match(unit)]
    if not plain.isalpha() and _HAS_DIGIT.search(plain):
        phones = [f"{PHONE}{term}" for phone in _phones(plain) for term in (phone, *_tails(phone))]
    return f" {' '.join([*pairs, *dict.fromkeys([*whole, *phones, *more])])} "


def sought_in(typed: str, number_of: Callable[[str], str | None] = lambda _: None) -> tuple[Sought, ...]:
    """The words of what somebody has typed, each of which has to be found somewhere. `number_of`: the number of a case that a word is,
    if it is one, in the spelling that the register has. Raises `NotSought`."""
    if len(typed) > MOST_CHARACTERS:
        raise NotSought("find.too_long")
    plain = _plain(typed).strip()
    if not _UNIT.search(plain):
        raise NotSought("find.nothing" if plain else "find.empty")
    whole = len(plain.split()) > 1 and re.search(r"[^\d\s]", plain) and number_of(plain)
    words = ["".join(plain.split())] if whole else list(_parts(plain))
    if len(words) > MOST_WORDS:
        raise NotSought("find.too_many")
    return tuple(_sought(word, number_of(word)) for word in words)


def terms_in(run: str) -> list[str]:
    return run.split(" ")


def code_term(mark: str, code: str) -> str:
    """A code, which is no word of anybody's, as one term: databases part words at its hyphens."""
    return mark + re.sub(r"\W", "–", code)


def _sought(word: str, number: str | None) -> Sought:
    ways = [Together((code_term(NUMBER, number),), of_register=True)] if number else []
    phones = list(_phones(word))
    if phones:
        ways.append(Together(tuple(f"{PHONE}{phone}" for phone in phones)))
    elif re.fullmatch(r"\d{4}", word):
        ways.append(Together((f"{PHONE}{word}",)))
    segments = list(_segments(word))
    if number and any(len(units) == 1 and _IS_CHINESE.match(units[0]) for units in segments):
        return Sought(typed=word, any_of=tuple(ways))  # 第31号 in brackets of its own is a number and no word of a text
    for units in segments:
        if len(units) == 1 and _is_too_short(units[0], alone=len(segments) == 1):
            raise NotSought("find.too_short", units[0])
    if re.fullmatch(r"[a-z]{2,20}", word):
        ways.append(Together((INITIALS + word,)))
    ways.append(Together(tuple(dict.fromkeys(" ".join(_pairs(units)) or units[0] for units in segments))))
    return Sought(typed=word, any_of=tuple(ways))


def _is_too_short(unit: str, *, alone: bool) -> bool:
    """One Chinese character is in everything; one letter too, unless it stands in a longer word (e-mail)."""
    return len(unit) == 1 and (_IS_CHINESE.match(unit) is not None or (alone and not unit.isdigit()))


def _parts(plain: str) -> Iterator[str]:
    """The words: telephone numbers with their blanks, and what stands between blanks; 王 芳 is one name, not two characters."""
    at = 0
    for found in _DIGITS.finditer(plain):
        if _phone(found[0]):
            yield from _words(plain[at : found.start()])
            yield found[0].strip()
            at = found.end()
    yield from _words(plain[at:])


def _words(plain: str) -> Iterator[str]:
    single = ""
    for word in plain.split():
        if not _UNIT.search(word):
            continue  # a sign by itself
        if len(word) == 1 and _IS_CHINESE.match(word):
            single += word
            continue
        if single:
            yield single
        single = ""
        yield word
    if single:
        yield single


def _plain(text: str) -> str:
    """In one spelling: half width, small letters, without what does not print."""
    return without_unseen(half_width(half_width(text).casefold()))


def _segments(plain: str) -> Iterator[Sequence[str]]:
    """Characters and words that stand side by side. A blank is none between Chinese characters, which forms are filled in with (王　芳)
    and lines end between; a full stop parts."""
    units: Sequence[str] = ()
    end = 0
    for found in _RUN.finditer(plain):
        # A run of Chinese characters is its own list of units: most of a text is nothing else.
        run = found[0] if found[1] else [found[0][:LONGEST]]
        if units and _joined(units[-1], plain[end : found.start()], run[0]):
            units = [*units, *run]
        else:
            if units:
                yield units
            units = run
        end = found.end()
    if units:
        yield units


def _joined(one: str, between: str, other: str) -> bool:
    if not between:
        return True
    blank = between.isspace()
    if not blank and not _DOTS.issuperset(between):
        return False
    first, second = _IS_CHINESE.match(one) is not None, _IS_CHINESE.match(other) is not None
    return (first or second) if blank else (first and second)


def _pairs(units: Sequence[str]) -> list[str]:
    return [one + other for one, other in pairwise(units)]


# -- telephone numbers ------------------------------------------------------------------------------------------------


def _phones(plain: str) -> Iterator[str]:
    for found in _DIGITS.finditer(_HYPHENS.sub("-", plain)):
        if phone := _phone(found[0]):
            yield phone


def _phone(written: str) -> str | None:
    """The digits of what is written like a telephone number, without the code of the country: a mobile number, one with its area code,
    one without. Digits with blanks between them that are none of these are words."""
    digits = re.sub(r"\D", "", written)
    for country in ("0086", "86"):
        rest = digits.removeprefix(country)
        if rest != digits and (written.startswith(("+", "(+")) or country == "0086" or re.fullmatch(r"1\d{10}", rest)):
            digits = rest
            break
    if re.fullmatch(r"1\d{10}|0\d{9,11}", digits):
        return digits
    return digits if re.fullmatch(r"\d{3,4}-?\d{4}", written) else None


def _tails(phone: str) -> list[str]:
    return [phone[-length:] for length in _TAILS if len(phone) > length]

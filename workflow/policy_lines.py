"""Where in a TOML text a key stands, for messages: the parser of the standard library keeps no lines.

Reads headers and keys line by line, as people write them. What it does not understand it passes over, and the answer is
then the nearest line above: a message that points a little high is better than none.
"""

import re
from collections.abc import Iterator

Path = tuple[str | int, ...]

HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
KEY = re.compile(r"\s*([A-Za-z0-9_.\-\"']+)\s*=")


def lines_of(text: str) -> list[str]:
    """The lines as TOML and editors end them, and not where Unicode could."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def line_of(text: str, path: Path, *, value: str | None = None) -> int:
    """The line (from 1) of the longest part of the path that can be found. With `value`, the last line from there on,
    within the same table, on which that value stands: of a day that is listed twice, the second."""
    best, longest, last = 1, 0, 1
    for number, where, _ in _places(text):
        named = where[:-1] if where and isinstance(where[-1], int) and len(where) > len(path) else where
        if named == path[: len(named)] and len(named) > longest:
            best, longest = number, len(named)
        if longest and where[:2] == path[:2]:
            last = number
    if value is None:
        return best
    lines = lines_of(text)
    until = next((n for n, where, _ in _places(text) if n > last and where[:2] != path[:2]), len(lines) + 1)
    return max((n for n in range(best, until) if value in lines[n - 1].partition("#")[0]), default=best)


def column_of(line: str, path: Path, *, value: str | None = None) -> int:
    """The column (from 1) on a line where the value or the last key of the path stands, else its first letter."""
    names = [value] if value is not None else [part for part in reversed(path) if isinstance(part, str)]
    for name in names:
        if (at := line.rfind(name) if value is not None else line.find(name)) >= 0:
            return at + 1
    return len(line) - len(line.lstrip()) + 1


def _places(text: str) -> Iterator[tuple[int, Path, bool]]:
    """Every header and key with its line and the path it stands for; the last says whether it is a header."""
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in enumerate(lines_of(text), 1):
        if header := HEADER.match(line):
            table = _table(header[2], header[1] == "[[", counts)
            yield number, table, True
        elif key := KEY.match(line):
            yield number, (*table, *(part.strip("\"'") for part in key[1].split("."))), False


def _table(name: str, of_many: bool, counts: dict[Path, int]) -> Path:
    """The path of a header: each array of tables on the way stands at its last entry."""
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    path: Path = ()
    for index, part in enumerate(parts):
        path = (*path, part)
        if of_many and index == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path

"""A fault of a policy as a whole, and the place it is to be mended at. What is looked for is in `policy_checks.py` and
`policy_schemes.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
Entry = tuple[str, Path, Any]  #: the file, the path inside it, and what stands there


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A fault of the whole. `known` are the names that would have been understood; `by_value`: point at the value."""

    file: str
    path: Path
    code: str
    value: str = ""
    known: tuple[str, ...] = ()
    by_value: bool = False


def unknown(file: str, path: Path, wanted: str, known: Iterable[str]) -> Found:
    return Found(file=file, path=path, code="policy.unknown_name", value=wanted, known=tuple(known))

"""A case as it was read here, handed to whoever works out more of it than the ledger proves: the program has the rules of marks
and signs (`ops/marks_anew.py`). So the events are read once, and nothing that is proved here asks the program.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from verify.report import Notes
from verify.sources import Row
from verify.stream import Said

#: The tables that are read for it alone.
COUNTED = ("mark", "sign")


class Head(NamedTuple):
    """The end of a stream, with the columns that are read of it."""

    stream: Any
    seq: Any
    hash: Any
    anchored: Any
    tallied: Any


class CaseAsRead(NamedTuple):
    """What was found of one case, whatever may be wrong with it."""

    stream: Any
    head: Head | None
    said: Sequence[Said]  #: its events
    rows: Mapping[str, Sequence[Row]]  #: by table
    columns: Mapping[str, Sequence[str]]  #: of the rows of each table


#: Notes what there is to say of a case.
Anew = Callable[[CaseAsRead], None]
#: Gets ready for that, with a database and the notes. None if it cannot; then it has noted why.
Marks = Callable[[str, Notes], Anew | None]

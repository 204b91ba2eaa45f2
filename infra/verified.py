"""What `huiyin verify` last found of the office's own record, as it has left it in the place of the program.

A note for whoever looks at a desk, and no proof: whoever can write there can write anything. The proof is to run it.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

NAME = "verified.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    at: datetime
    sound: bool


def note_verified(home: Path, *, sound: bool, at: datetime) -> None:
    """Nothing, where it cannot be written: who verifies may be somebody who only reads there."""
    unfinished = home / f".{NAME}.{os.getpid()}"
    try:
        unfinished.write_text(json.dumps({"at": at.isoformat(), "sound": sound}), "utf-8")
        unfinished.replace(home / NAME)
    except OSError:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def last_verified(home: Path) -> Verified | None:
    """None where there is no such note, or none that can be read."""
    try:
        said = json.loads((home / NAME).read_text("utf-8"))
        at = datetime.fromisoformat(said["at"])
        return Verified(at=at, sound=said["sound"] is True) if at.tzinfo else None
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""The secrets of the office, each in a file of its own in `keys/` of its home: never in the database or its backups.

Made when first needed, for nobody but the program's own user. The key that signs, which others have the public half of,
is in `signing.py`.

    KeyIsExposed     others may read the file
    KeyIsUnreadable  the file holds no such key
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from infra.new_files import new_file

FOLDER = "keys"
OTHERS = 0o077  #: what group and everybody may do with a file
LENGTH = 32


class KeyIsExposed(Exception):
    """The secret's file may be read by others. Carries its path."""


class KeyIsUnreadable(Exception):
    """The secret's file does not hold what it should. Carries its path."""


def key_file(home: Path, name: str) -> Path:
    return home / FOLDER / f"{name}.key"


def fingerprint_of(key: bytes) -> str:
    """What tells a key from others and says nothing of it: the SHA-256 of 32 bytes that nobody can guess, or of a public key."""
    return hashlib.sha256(key).hexdigest()


def secret_key(home: Path, name: str) -> bytes:
    """32 random bytes under that name, made now if there are none. Raises `KeyIsExposed`, `KeyIsUnreadable`, `OSError`."""
    path = key_file(home, name)
    key = kept_secret(path, made=lambda: secrets.token_bytes(LENGTH))
    if len(key) != LENGTH:
        raise KeyIsUnreadable(path)
    return key


def kept_secret(path: Path, *, made: Callable[[], bytes]) -> bytes:
    """What the file holds, which is written first if there is none. Raises `KeyIsExposed`, `OSError`."""
    if not path.exists():
        _write(path, made())
    if os.name == "posix" and path.stat().st_mode & OTHERS:
        raise KeyIsExposed(path)
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    """Writes a new secret whole or not at all. If two processes make one at once, the first stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with new_file(unfinished) as file:
        file.write(content)
    with contextlib.suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()

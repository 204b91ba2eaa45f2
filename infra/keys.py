"""Secret keys of the office that sign nothing: 32 random bytes each, in a file of its own beside the signing key.

Made when first needed, in `keys/NAME.key` of the office's home, for nobody but the program's own user; never in the
database or its backups. The signing key, which others have the public half of, is in `signing.py`.
"""

import contextlib
import os
import secrets
from pathlib import Path

from infra.signing import FOLDER, OTHERS, KeyIsExposed, KeyIsUnreadable

LENGTH = 32


def secret_key(home: Path, name: str) -> bytes:
    """The key of that name, made now if there is none. Raises `KeyIsExposed`, `KeyIsUnreadable`, `OSError`."""
    path = home / FOLDER / f"{name}.key"
    if not path.exists():
        _make(path)
    if os.name == "posix" and path.stat().st_mode & OTHERS:
        raise KeyIsExposed(path)
    key = path.read_bytes()
    if len(key) != LENGTH:
        raise KeyIsUnreadable(path)
    return key


def _make(path: Path) -> None:
    """Writes a new key whole or not at all. If two processes make one at once, the first stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 (Path.open knows no mode of a new file)
        file.write(secrets.token_bytes(LENGTH))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()

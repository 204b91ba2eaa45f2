"""A new file that nobody else may read, from its first byte on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """On the disk when the block ends. Raises `FileExistsError`, `OSError`."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 (Path.open knows no mode of a new file)
        yield file
        file.flush()
        os.fsync(file.fileno())

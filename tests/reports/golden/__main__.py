"""Writes the golden files anew, from a demo built for it."""

import tempfile
from pathlib import Path

from tests.demo import built_once, demo_copy
from tests.reports.golden import file_of, sealed

with tempfile.TemporaryDirectory() as folder, demo_copy(built_once(Path(folder)), Path(folder)) as engine:
    for scheme, content in sealed(engine).items():
        changed = not file_of(scheme).exists() or file_of(scheme).read_bytes() != content
        file_of(scheme).write_bytes(content)
        print(f"{file_of(scheme).name}: {len(content)} bytes, {'changed' if changed else 'as it was'}")

"""Imported once, in the process that all others are forked from: what a process of the program does only at its start
(reading policies, building tables of steps, compiling statements and templates) is done, so that processes which live
for half a second spend it working.
"""

import tempfile
from pathlib import Path

from infra.jinja import environment
from tests.cases import records
from tests.experiments import processes
from tests.experiments.steps import MATTERS


def warm_up() -> None:
    """One case of each kind in an office of its own, which is gone again."""
    for name in ("subject.txt", "notice.txt", "notice.html"):
        environment("zh_CN").get_template(f"mail/{name}")
    with tempfile.TemporaryDirectory() as directory:
        template = records.sqlite_template(Path(directory))
        with records.opened(f"sqlite:///{template.file}", template.stage) as world:
            for matter in MATTERS:
                world.open(matter)


assert callable(processes.work), "imported for what comes with it"
warm_up()

"""How the command line speaks: JSON on one line, refusals on stderr with an exit code.

Exit codes: 0 done, 1 found something wrong or busy, 2 asked or set wrongly, 3 cannot be read or written, 4 a fault of the
program itself.
"""

import json
from typing import Annotated, Any, NoReturn

import typer

from infra.steering import direction_as_escapes, without_steering

Json = Annotated[bool, typer.Option("--json", help="打印 JSON。Print JSON.")]
WRONG, ASKED_WRONGLY, UNREADABLE, BROKEN = 1, 2, 3, 4


def print_json(value: Any) -> None:
    typer.echo(direction_as_escapes(json.dumps(value, ensure_ascii=False)))


def fail(message: str, code: int) -> NoReturn:
    typer.echo(without_steering(message), err=True)
    raise typer.Exit(code)

"""`huiyin index check` and `huiyin index anew`: whether what can be found is what the record says, and writing it anew from there."""

import typer

from cases.finding import differences, index_is_sound, index_some, make_index_anew
from cli.opening import opened_engine
from cli.printing import WRONG, fail
from infra.db import reading, transaction

index = typer.Typer(no_args_is_help=True, help="检索用的索引。The index by which matters are found.")
SHOWN = 20


@index.command()
def check() -> None:
    """核对索引与案件记录是否一致。Compare the index with the record."""
    engine = opened_engine()
    try:
        with reading(engine) as connection:
            found = list(differences(connection))
        with transaction(engine) as connection:  # the check of SQLite's own index is an order to it
            sound = index_is_sound(connection)
    finally:
        engine.dispose()
    for case_id, number, what in found[:SHOWN]:
        typer.echo(f"{case_id}.{number} {what}")
    if found or not sound:
        fail(f"不一致 {len(found)} 处，请运行 huiyin index anew。{len(found)} differ: run `huiyin index anew`.", WRONG)
    typer.echo("索引与记录一致。The index says what the record says.")


@index.command()
def anew() -> None:
    """按案件记录重写索引，可随时运行。Write the index anew from the record; at any time."""
    engine = opened_engine()
    try:
        after: int | None = 0
        while after is not None:
            with transaction(engine) as connection:
                after = index_some(connection, after)
        with transaction(engine) as connection:
            make_index_anew(connection)
    finally:
        engine.dispose()
    typer.echo("索引已按记录重写。The index is written anew from the record.")

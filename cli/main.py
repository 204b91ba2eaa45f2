"""The command line: `huiyin init, serve, work, demo, sweep, assess, export, verify, replay, backup, restore, doctor, ...`.

What it says of time limits is in `deadline.py`, of policies in `policies.py`; the exit codes are in `printing.py`.
"""

import io
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cases.clock_watch import look
from cases.office import USUAL_PROFILES
from cli.anchoring import anchor, keys_at_hand, must_be_writable, pack, write_verified
from cli.as_of import as_of
from cli.assessing import assess, no_ladder, scheme
from cli.clock import read_clock
from cli.database import database
from cli.deadline import deadline
from cli.doctor import doctor
from cli.exporting import export
from cli.finding import index
from cli.opening import office_of, opened_engine, reader_words
from cli.policies import policy
from cli.printing import ASKED_WRONGLY, WRONG, Json, fail, print_json
from cli.rescue import rescue
from cli.safe_keeping import backup, backup_key, restore
from cli.signs import signs
from cli.statistics import bulletin, serials
from cli.troubles import NotText, told_in_words
from infra.closed_files import close_to_others, open_new_files_to_nobody_else
from infra.db import reading, warn_of_old_sqlite
from infra.i18n import translator
from infra.logs import log_to_stderr
from infra.settings import settings
from infra.verified import note_verified
from infra.version import program_version
from ops.founding import FIRST_LOGIN, AlreadyFounded, OfficeIsIncomplete, found
from ops.jobs import JOBS, run_job
from ops.marks_anew import marks_anew
from ops.serving import serve_demo, serve_office
from ops.serving import work as run_timers
from stories.replay import replay as replay_story
from stories.story import StoryIsWrong, read_story
from verify import checking as verifier
from verify.shares import cores
from verify.since import Since
from workflow.model import Refusal
from workflow.policy import NoSuchLadder
from workflow.unseen import has_lone_surrogate


class Commands(TyperGroup):
    """All commands; none is given an argument that is no text, and what none can mend is said in words."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with told_in_words(os.environ):
            if any(map(has_lone_surrogate, args)):
                raise NotText
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with told_in_words(os.environ):
            return super().invoke(ctx)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Huiyin 回音: 事事有着落，件件有回音. A case-workflow engine for mediation rooms and petition desks.",
)  # fmt: skip
app.add_typer(export, name="export")
app.add_typer(deadline, name="deadline")
app.add_typer(policy, name="policy")
assess.command()(signs)
app.add_typer(assess, name="assess")
app.add_typer(scheme, name="scheme")
app.add_typer(anchor, name="anchor")
app.command()(pack)
app.command()(rescue)
app.command()(doctor)
app.command()(backup)
app.command("backup-key")(backup_key)
app.command()(restore)
app.add_typer(database, name="database")
app.add_typer(index, name="index")
app.command()(serials)
app.command()(bulletin)
app.command("as-of")(as_of)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"huiyin {program_version()}")
        raise typer.Exit


@app.callback()
def prepare(
    version: Annotated[  # noqa: ARG001 (printed before anything else is looked at)
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="版本 / the version")
    ] = False,
) -> None:
    log_to_stderr()
    settings()  # which are checked before anything opens


@app.command()
def init(
    name: Annotated[str, typer.Option(help="单位全称。The office's full name.", prompt="单位全称 / full name")],
    short_name: Annotated[
        str, typer.Option(help="编号中的简称，如 滨园。Stands in every case number.", prompt="编号简称 / short name")
    ],
    email: Annotated[str, typer.Option(help="管理员邮箱。The administrator's e-mail.", prompt="管理员邮箱 / e-mail")],
    administrator: Annotated[str, typer.Option(help="管理员姓名。The administrator's name.")] = "管理员",
    profiles: Annotated[
        str, typer.Option(help="办理类型，逗号分隔，见 huiyin policy profiles。What the office takes in, by commas.")
    ] = ",".join(USUAL_PROFILES),
    calendar: Annotated[str, typer.Option(help="工作日历 / calendar")] = "cn",
) -> None:
    """建立单位：数据库、日历、首位管理员和一次性登录链接。Found an office; the first administrator signs in by a one-time link."""
    try:
        link = found(
            settings(), name=name, short_name=short_name, administrator=administrator, email=email,
            profiles=tuple(one.strip() for one in profiles.split(",") if one.strip()), calendar=calendar, now=read_clock(),
        )  # fmt: skip
    except AlreadyFounded as error:
        fail(f"数据库中已有单位：{error}。This database already holds an office.", WRONG)
    except OfficeIsIncomplete as error:
        fail(str(error), ASKED_WRONGLY)
    typer.echo(
        f"已建立 {name}。Founded.\n管理员一次性登录链接，两天内有效 / one-time sign-in link, two days:\n  {link}\n登录名 / sign-in name: {FIRST_LOGIN}"
    )


@app.command()
def serve(
    timers: Annotated[bool, typer.Option(help="在本进程运行定时任务。Run the timers in this process.")] = True,
    workers: Annotated[
        int, typer.Option(min=1, help="处理网页的进程数，可与处理器核数相同。Processes for the pages, one a core.")
    ] = 1,
) -> None:
    """启动网页和定时任务。Start the web pages and the timers."""
    warn_of_old_sqlite()
    serve_office(opened_engine(), settings(), timers=timers, workers=workers)


@app.command()
def work() -> None:
    """只运行定时任务，网页由 serve --no-timers 的进程提供。Run the timers only; serve --no-timers serves the pages."""
    warn_of_old_sqlite()
    engine = opened_engine()
    with reading(engine) as connection:
        office_of(connection)
    run_timers(engine, settings())


@app.command()
def demo(
    port: Annotated[
        int | None, typer.Option(help="端口，默认 HUIYIN_PORT 或 8000。Port, else HUIYIN_PORT or 8000.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="重建演示数据。Build the demo anew.")] = False,
) -> None:
    """启动虚构的演示单位，只在本机开放。Start a demo office with invented cases, on this machine only."""
    mine = settings()
    close_to_others(mine.model_copy(update={"home": mine.home / "demo", "database": ""}))
    serve_demo(mine, port=port or mine.port, fresh=fresh, now=read_clock())


@app.command()
def sweep(
    as_json: Json = False,
    job: Annotated[
        str,
        typer.Option(help=f"任务名 / which job: {', '.join(one.name for one in JOBS)}"),
    ] = "sweep",
) -> None:
    """运行一次定时任务（默认检查时限）。Run a recurring job once, by default the check of time limits."""
    chosen = next((one for one in JOBS if one.name == job), None)
    if chosen is None:
        fail(f"没有任务 {job}；可选 / known: {', '.join(one.name for one in JOBS)}", ASKED_WRONGLY)
    engine = opened_engine()
    with reading(engine) as connection:
        office_of(connection)  # without one a job would have nothing to do, and say so
    now = read_clock()
    look(engine, now=now)
    figures = run_job(chosen, engine, settings(), now=now)
    if as_json:
        print_json({"job": job, **figures})
    else:
        say = reader_words()
        typer.echo(f"{say(f'job.{job}')}{say('punctuation.colon')}{say.figures(figures)}")


@app.command()
def verify(
    database: Annotated[
        str, typer.Argument(help="数据库文件或地址，默认本单位的。A file or URL; by default this office's.")
    ] = "",
    as_json: Json = False,
    anchors: Annotated[
        list[str] | None, typer.Option(help="留存的存证单，文件或文件夹。Anchors that were kept: files or folders.")
    ] = None,
    key: Annotated[list[str] | None, typer.Option(help="签名公钥或其文件。The public key, or its file.")] = None,
    since: Annotated[
        str, typer.Option(help="接着上次核验的签名记录往下核。Only what has moved since this signed note.")
    ] = "",
    note: Annotated[
        Path | None, typer.Option(help="全部核验无误后写一份签名记录。Write a signed note if all of it is sound.")
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, help="同时用几个进程，默认同处理器核数。Processes; by default one a core.")
    ] = cores(),
) -> None:
    """独立核验记录：链、行与事件、孤立行、缺号。Check the record independently, read-only."""
    keys = keys_at_hand(key) if anchors or since else ()
    place = database or settings().database_url()
    if note and since:
        fail(reader_words()("verify.note_of_whole_runs"), ASKED_WRONGLY)
    if note:
        must_be_writable(note)  # before the long work, and not after it
    found = verifier.told(
        place, anchors=anchors or (), keys=keys, as_json=as_json, marks=marks_anew, processes=processes,
        since=Since(file=since, keys=keys) if since else None,
        sound=partial(write_verified, note) if note else None,
    )  # fmt: skip
    if not database and found in (0, WRONG):
        note_verified(settings().home, sound=found == 0, at=read_clock())
    raise typer.Exit(found)


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(help="案例文件 / story files (docs/stories.md)")],
    as_json: Json = False,
    sweep_at_end: Annotated[
        bool, typer.Option("--sweep-at-end", help="只在最后检查时限。Sweep only at the end.")
    ] = False,
    ladder: Annotated[
        str | None, typer.Option(help="另用一种亮灯办法 / another ladder: third, fix3, one_day, post")
    ] = None,
) -> None:
    """用虚拟时钟重放案例。Replay stories with a virtual clock in a fresh simulation."""
    for path in files:
        try:
            outcome = replay_story(read_story(path), sweeping=not sweep_at_end, ladder=ladder)
        except StoryIsWrong as error:
            fail(str(error), ASKED_WRONGLY)
        except NoSuchLadder as error:
            no_ladder(error)
        except Refusal as refusal:
            say = translator(settings().language)
            why = "; ".join(
                say(f"reason.{r.code}") % dict(r.values) if r.values else say(f"reason.{r.code}")
                for r in refusal.reasons
            )
            fail(f"{path.name}: {why} [{refusal}]", WRONG)
        if as_json:
            print_json(outcome)
            continue
        typer.echo(f"{outcome['case']}: {outcome['points']}  mails={outcome['mails']}")
        for clock in outcome["clocks"]:
            typer.echo(
                f"  {clock['rule']:8} {clock['started_at']} → {clock['due_on']}  yellow {clock['yellow_at']}  red {clock['red_at']}  stopped {clock['stopped_at']}  {clock['light']}{' waived' if clock['waived'] else ''}"
            )


def main() -> None:
    """The entry of the installed program."""
    open_new_files_to_nobody_else()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # the name of a file need be no text, and is said all the same
    app()


if __name__ == "__main__":
    main()

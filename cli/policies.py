"""`huiyin policy`: look at the policy, check a file, plan what publishing it would do, apply exactly that plan.

A file that is named here takes the place of the published one of the same name; with no file, the policy that ships with
this program is planned. Nothing changes until `apply`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cases.moving import BookHasMoved, apply_plan
from cases.numbers import case_number
from cases.office import OfficeContext
from cases.office import choose as choose_profiles_of
from cases.planning import Change, Plan, planned
from cases.policies import candidate_of, file_name, files_of, shipped_files, versions
from cli.calendars import year_of_notice, years_of_country
from cli.clock import read_clock
from cli.deadline import policy_at_hand
from cli.opening import office_of, opened_engine, opened_to_write, reader_words
from cli.printing import ASKED_WRONGLY, WRONG, Json, fail, print_json
from infra.db import reading, transaction
from infra.settings import settings
from words import Words, fault_words, whole_due
from workflow.model import TIMERS
from workflow.notices import NoticeIsWrong
from workflow.policy_calendars import is_zone
from workflow.policy_files import PolicyIsWrong, policy_from

policy = typer.Typer(
    no_args_is_help=True, help="规则、亮灯办法、日历：检查、预演、发布。Rules, ladders, calendars: check, plan, apply."
)
Files = Annotated[
    list[Path] | None, typer.Argument(help="规则文件；不写则用程序自带的。Policy files; none: those shipped.")
]
KeepRules = Annotated[
    bool,
    typer.Option(
        "--keep-rules", help="在办时限沿用原规则，只换日历。Running clocks keep their rules; only days change."
    ),
]
EVERY = 100_000  #: clocks between two lines of progress


@policy.command()
def check(file: Annotated[Path, typer.Argument(help="规则文件 / a policy file")], as_json: Json = False) -> None:
    """检查一个规则文件，指出行、列和改法。Check a file as a compiler would."""
    words = reader_words()
    base = dict(_published_or_shipped())
    name = file_name(file.as_posix(), base)
    try:
        found = policy_from({**base, name: _read(file)}, calendar=_calendar())
    except PolicyIsWrong as error:
        faults = error.faults
        if as_json:
            print_json({"ok": False, "faults": [_fault(fault) for fault in faults]})
        else:
            typer.echo("\n".join(fault_words(fault, words) for fault in faults), err=True)
        raise typer.Exit(WRONG) from None
    if as_json:
        print_json({"ok": True, "file": name, "version": found.version})
    else:
        typer.echo(words("policy.fine", file=name))


@policy.command()
def plan(files: Files = None, keep_rules: KeepRules = False, as_json: Json = False) -> None:
    """预演：列出每一项会变的在办时限和每一封会发的邮件，不改动任何东西。Dry run: every clock and every mail. Changes nothing."""
    engine, words = opened_engine(), reader_words()
    with reading(engine) as connection:
        office = office_of(connection)
        _, candidate = candidate_of(connection, _given(files, connection), calendar=office.policy.calendar.name)
        listed: list[Change] = []

        def note(change: Change) -> None:
            listed.append(change) if as_json else typer.echo(_line(change, office, words))

        found = planned(connection, candidate, now=read_clock(), keep_rules=keep_rules, note=note, progress=_progress)
    if as_json:
        print_json({**_figures(found), "clocks": [_change(change, office) for change in listed]})
    else:
        typer.echo(words("policy.plan", **_figures(found)))
        if found.changes or candidate.version != office.policy.version:
            named = " ".join(map(str, files or ())) + (" --keep-rules" if keep_rules else "")
            typer.echo(words("policy.how_to_apply", command=f"huiyin policy apply {found.id} {named}".rstrip()))


@policy.command()
def apply(
    plan_id: Annotated[str, typer.Argument(help="预演给出的编号 / the plan's id", metavar="PLAN")],
    files: Files = None,
    keep_rules: KeepRules = False,
    as_json: Json = False,
) -> None:
    """发布，并恰好照这次预演变动；记录若已变化则拒绝。Publish and apply exactly that plan, or refuse if the book has moved."""
    engine, words = opened_to_write(), reader_words()
    with reading(engine) as connection:
        office = office_of(connection)
        chosen, candidate = candidate_of(connection, _given(files, connection), calendar=office.policy.calendar.name)
    try:
        done = apply_plan(
            engine,
            plan_id,
            chosen,
            candidate,
            actor=TIMERS,
            now=read_clock(),
            keep_rules=keep_rules,
            progress=_progress,
        )
    except BookHasMoved as error:
        fail(words("policy.book_has_moved", plan=plan_id, now=error.now.id), WRONG)
    if as_json:
        print_json({"version": done.version, "events": done.events, "mails": done.mails})
    else:
        typer.echo(words("policy.applied", version=done.version, events=done.events, mails=done.mails))


@policy.command()
def calendar(
    year: Annotated[list[int], typer.Option(help="年份，可重复 / the year; may be repeated")],
    notice: Annotated[
        Path | None,
        typer.Argument(help="通知：表格（.csv）、原文（.txt）或 .json / the notice: a table, its text, or JSON"),
    ] = None,
    name: Annotated[str, typer.Option("--id", help="日历编号 / the calendar's id")] = "cn",
    source: Annotated[str, typer.Option(help="来源：通知名称和网址 / the notice's title and address")] = "",
    zone: Annotated[str | None, typer.Option(help="时区 / time zone")] = None,
    extends: Annotated[str | None, typer.Option(help="沿用哪个日历 / the calendar it lies over")] = None,
    country: Annotated[
        str | None, typer.Option(help="国家代码，如 GB：取自 holidays 库 / a country of `holidays`")
    ] = None,
    subdivision: Annotated[str | None, typer.Option(help="地区代码 / a part of that country")] = None,
    output: Annotated[Path | None, typer.Option(help="写到文件 / write to a file")] = None,
) -> None:
    """由通知或国家代码生成日历文件。Make a calendar file from a notice or a country's holidays."""
    words = reader_words()
    if (notice is None) == (country is None):
        fail(words("calendar.one_of_two"), ASKED_WRONGLY)
    if notice is not None and (len(year) != 1 or not source):
        fail(words("calendar.year_and_source"), ASKED_WRONGLY)
    if zone is not None and not is_zone(zone):
        fail(words("policy.no_zone", value=zone), ASKED_WRONGLY)
    if zone is None and extends is None:
        zone = "Asia/Shanghai" if name == "cn" else fail(words("calendar.zone"), ASKED_WRONGLY)
    try:
        if country is not None:
            parts = years_of_country(country, subdivision, year, name=name, source=source, zone=zone, extends=extends)
        else:
            assert notice is not None
            parts = [
                year_of_notice(
                    _read(notice), notice.suffix, year[0], words, name=name, source=source, zone=zone, extends=extends
                )
            ]
    except NoticeIsWrong as error:
        where = notice or country
        fail(f"{where}:{error.line}: {words(error.code, value=error.value)}", ASKED_WRONGLY)
    made = "\n".join(parts)
    if output:
        output.write_text(made, "utf-8")
        typer.echo(str(output))
    else:
        typer.echo(made, nl=False)


@policy.command()
def rules(as_json: Json = False) -> None:
    """列出全部时限规则及依据。Every rule with its source."""
    (known, _), words = policy_at_hand(settings(), None), reader_words()
    for rule in (rule for dated in known.rules.values() for rule in dated):
        if as_json:
            continue
        name = rule.zh if words.language == "zh_CN" else rule.en
        length = words.count(f"length.{rule.unit.value}", rule.length)
        typer.echo(
            f"{rule.id:8} {length:<14} {words('kind.' + rule.kind.value)}  {name}  [{rule.confidence}] {rule.source}"
        )
    if as_json:
        print_json([_rule(rule) for dated in known.rules.values() for rule in dated])


@policy.command()
def profiles(as_json: Json = False) -> None:
    """列出可选的办理类型及各自的时限。Every profile an office can choose, with its clocks."""
    (known, _), words = policy_at_hand(settings(), None), reader_words()
    if as_json:
        print_json(
            {p.id: {"matter": p.matter, "ladder": p.ladder, "clocks": dict(p.clocks)} for p in known.profiles.values()}
        )
        return
    for profile in known.profiles.values():
        name = profile.zh if words.language == "zh_CN" else profile.en
        typer.echo(
            f"{profile.id:26} {name}\n{'':26} "
            + " ".join(f"{words('clock.' + c)}={r}" for c, r in profile.clocks.items())
        )


@policy.command()
def choose(
    profile: Annotated[
        list[str], typer.Argument(help="办理类型编号 / ids of profiles, in the order of the intake desk")
    ],
) -> None:
    """选定本单位受理的办理类型。Choose what the office takes in; open cases keep what they were opened under."""
    words = reader_words()
    with transaction(opened_to_write()) as connection:
        office = office_of(connection)
        if unknown := [one for one in profile if one not in office.policy.profiles]:
            fail(words("policy.no_profile", name=", ".join(unknown)), ASKED_WRONGLY)
        choose_profiles_of(connection, office, tuple(dict.fromkeys(profile)), actor=TIMERS, now=read_clock())
    typer.echo(" ".join(profile))


@policy.command(name="versions")
def list_versions() -> None:
    """列出已发布的版本，最后一个有效。Published versions; the last is in force."""
    with reading(opened_engine()) as connection:
        office_of(connection)
        typer.echo("\n".join(versions(connection)))


@policy.command()
def show(
    version: Annotated[str, typer.Argument(help="版本 / version")] = "",
    file: Annotated[str, typer.Option(help="文件名 / file name")] = "",
) -> None:
    """打印已发布的规则文件。Print the files of a published version."""
    with reading(opened_engine()) as connection:
        office_of(connection)
        known = versions(connection)
        if version and version not in known:
            fail(reader_words()("policy.no_version", version=version, known=", ".join(known)), ASKED_WRONGLY)
        files = files_of(connection, version or known[-1])
    if file and file not in files:
        fail(reader_words()("policy.no_file", file=file, known=", ".join(files)), ASKED_WRONGLY)
    typer.echo(files[file].decode() if file else "\n".join(files) + "\n", nl=False)


# -- what the commands share ------------------------------------------------------------------------------------------


def _given(files: list[Path] | None, connection: Any) -> dict[str, bytes]:
    """The files named on the command line by the names they are published under, or all that ship with the program."""
    if not files:
        return dict(shipped_files())
    base = files_of(connection, versions(connection)[-1])
    return {file_name(path.as_posix(), base): _read(path) for path in files}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}", ASKED_WRONGLY)


def _published_or_shipped() -> Mapping[str, bytes]:
    chosen = settings().database_url()
    if chosen.startswith("sqlite") and not Path(chosen.removeprefix("sqlite:///")).exists():
        return shipped_files()
    engine = opened_engine()
    with reading(engine) as connection:
        known = versions(connection)
        return files_of(connection, known[-1]) if known else shipped_files()


def _calendar() -> str:
    return policy_at_hand(settings(), None)[0].calendar.name


def _progress(clocks: int) -> None:
    if clocks % EVERY < 2000 and clocks >= EVERY:
        typer.echo(f"… {clocks:,}", err=True)


def _figures(found: Plan) -> dict[str, Any]:
    return {
        "plan": found.id, "version": found.version, "running": found.clocks, "changes": found.changes,
        "due_dates": found.due_dates, "lights": found.lights, "recipients": found.recipients,
        "proposals": found.proposals, "mails": found.mails,
    }  # fmt: skip


def _change(change: Change, office: OfficeContext) -> dict[str, Any]:
    zone, book = office.policy.calendar.zone, change.book
    return {
        "case": case_number(office.short_name, book.series, book.year, book.serial),
        "clock": change.before.number,
        "name": change.before.name,
        "rule": change.after.rule,
        "due_at": [c.due_at.astimezone(zone).isoformat() for c in (change.before, change.after)],
        "light": [change.light_before.value, change.light_after.value],
        "provisional": [change.before.provisional, change.after.provisional],
        "policy": [change.before.policy, change.after.policy],
        "crossing": [rung.code for rung in change.crossing],
        "recipients_change": change.told_otherwise,
        "waiver_proposed": list(change.waiver_proposed),
        "mails": len(change.mails),
    }


def _line(change: Change, office: OfficeContext, words: Words) -> str:
    said = _change(change, office)
    clocks = (change.before, change.after)
    due = " → ".join(dict.fromkeys(whole_due(clock, office.policy.calendar, words.language) for clock in clocks))
    lights = " → ".join(dict.fromkeys(words(f"light.{code}") for code in said["light"]))
    marks = [words("policy.no_longer_provisional")] if said["provisional"] == [True, False] else []
    marks += [words("policy.waiver_proposed")] if change.waiver_proposed else []
    marks += [words.count("policy.mails", said["mails"])] if said["mails"] else []
    return "  ".join((said["case"], words(f"clock.{said['name']}"), said["rule"], due, lights, *marks))


def _fault(fault: Any) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in ("file", "line", "column", "key", "code", "nearest", "value")}


def _rule(rule: Any) -> dict[str, Any]:
    return {
        "id": rule.id, "zh": rule.zh, "en": rule.en, "length": rule.length, "unit": rule.unit.value, "kind": rule.kind.value,
        "roll": rule.roll.value, "source": rule.source, "confidence": rule.confidence,
        "effective_from": rule.effective_from.isoformat(),
        "effective_to": rule.effective_to.isoformat() if rule.effective_to else None,
    }  # fmt: skip

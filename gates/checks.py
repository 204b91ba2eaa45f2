"""The gates of `./dev check` that need the program itself: are the migrations fresh, are both catalogues complete, is the bill
of materials in step with the lock, does an advisory speak of what is locked."""

import ast
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import get_args, get_type_hints

from babel.messages.extract import extract_from_dir

import migrations
from cases.clock_watch import WHY
from cases.policies import shipped_files
from cli.troubles import FILE, SERVER, SYSTEM
from gates.advisories import SKIPPED, AdvisoriesAreUnreadable, known_weaknesses
from gates.bill import bill_out_of_step
from gates.interface_words import codes_of_interface
from gates.packages import packages
from gates.sizes import too_long
from infra.db import open_engine, reading
from infra.i18n import LANGUAGES, catalogue
from infra.settings import CODES
from ledger.outbox import KINDS
from ledger.upcasters import SHAPES as EVENT_SHAPES
from ledger.upcasters import STEPS
from notifications.compose import OF_ACCOUNTS, OF_UNITS, OWN_LINK, SAID_TO_OWNERS
from notifications.forwarding import OWN_REASONS
from ops.jobs import FIGURES, JOBS
from people.asked import GivePost, Move, NameDeputy, Rename
from people.office_keys import NAMES as KEYS
from people.proposals import ACTS
from people.sign_ins import SHOWN_TO_OWNERS
from reports.bulletin.sheet import bulletin_codes
from reports.closures.columns import COLUMNS
from reports.closures.exports import FORMATS, GROUNDS
from reports.later.kinds import KINDS as REPORT_KINDS
from reports.record.instants import InstantIsToCome, InstantIsUnreadable, OfficeWasNotFounded
from reports.record.ocel_file import OCEL
from reports.record.serials import FATES
from web.pages import MENU, help_of
from web.presenters.desks import LINES as DESK_LINES
from web.presenters.reports import STATES as REPORT_STATES
from web.presenters.tracked import PROMISED
from web.presenters.work_list import GROUPS
from web.routes.keys import STANDS
from web.routes.people import UNIT_KINDS, NewAccount
from web.routes.policy import KINDS as KINDS_OF_PASTE
from web.routes.public import FILED
from words import LIGHT_SHAPES
from workflow.clock_moves import WITHDRAWN
from workflow.clocks import ANSWERED, CASE_ENDED, EXTRA_RED, PAUSE_OVER, REOPENED, VOID
from workflow.commands import Channel, Command
from workflow.counted_lights import BY_EXTENSION, BY_PAUSE
from workflow.definition import Stop
from workflow.derivation import BECAUSE
from workflow.disputes import DISPUTE_TYPES
from workflow.marks import MEASURES
from workflow.model import UNFILED, Audience, Consent, Kind, Light, Role, Side, Unit
from workflow.policy import Policy
from workflow.policy_checks import clock_names
from workflow.policy_files import policy_from
from workflow.policy_rules import Confidence, Ground
from workflow.procedures import PROCEDURES, STATES
from workflow.procedures.every_case.commands import AppealLight
from workflow.procedures.every_case.lights import APPEAL, FURTHER
from workflow.procedures.mediation.agreements import NOT_CONFIRMED
from workflow.procedures.mediation.rules import BREACHED, PERFORMED, SETTLED_LATE
from workflow.procedures.petition.commands import FindNotOurs
from workflow.shapes import shapes

ROOT = Path(__file__).parent.parent
PACKAGES = packages(but_not=("templates", "migrations"))
METHODS = [
    ("templates/**.html", "jinja2.ext:babel_extract"),
    ("templates/**.txt", "jinja2.ext:babel_extract"),
    ("**.py", "python"),
]
OPTIONS = {
    "templates/**.html": {"newstyle_gettext": "true", "silent": "false"},
    "templates/**.txt": {"newstyle_gettext": "true", "silent": "false"},
}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "t": None, "words": None, "say": None}
#: Kinds of fields whose text can fail to be one.
UNREADABLE = ("number", "date", "datetime")
#: Validation errors that the limits of our own commands can produce.
LIMITS = (
    "missing", "string_too_short", "string_too_long", "too_short", "too_long", "greater_than_equal", "less_than_equal",
    "literal_error", "unknown_field", "not_offered",
)  # fmt: skip


def stale_migrations() -> list[str]:
    """What the tables say and the migrations do not, on a fresh SQLite database."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'check.db'}")
        try:
            migrations.upgrade(engine)
            with reading(engine) as connection:
                return [str(difference) for difference in migrations.differences(connection)]
        finally:
            engine.dispose()


def missing_words() -> list[str]:
    """Every message that the program can ask for and a catalogue lacks, and every one that only one catalogue has."""
    known = {
        language: {_key(message.id) for message in catalogue(language) if message.id and _said(message.string)}
        for language in LANGUAGES
    }
    wanted = set(_literal_messages()) | set(codes(policy_from(shipped_files(), calendar="cn")))
    missing = [f"{language}: {message}" for language in LANGUAGES for message in sorted(wanted - known[language])]
    everything = set().union(*known.values())
    return missing + [
        f"{language} alone lacks: {m}" for language in LANGUAGES for m in sorted(everything - known[language] - wanted)
    ]


def codes(policy: Policy) -> Iterator[str]:
    """Every code that is looked up by a name made at run time."""
    steps = [step for procedure in PROCEDURES.values() for step in procedure.steps]
    kinds = {step.command for step in steps} | {GivePost, Move, NameDeputy, Rename}
    yield from _named("state", STATES)
    yield from (f"stands.{state}" for state in STATES if state != UNFILED)
    yield from (f"command.{step.command.__name__}" for step in steps)
    yield from (f"event.{step.event}" for step in steps)
    for kind in kinds:
        for shape in shapes(kind):
            yield f"field.{shape.name}"
            yield from (f"choice.{shape.name}.{value}" for value in shape.literal)
    clocks = {name for procedure in PROCEDURES for name in clock_names(procedure)}
    yield from _named("clock", clocks)
    yield from _named(
        "rung", {rung.code for ladder in policy.ladders.values() for rung in ladder.rungs} | {PAUSE_OVER, EXTRA_RED}
    )
    yield from _named("ground", (*get_args(Ground), ANSWERED))
    stopped = {change.outcome for step in steps for change in step.clocks if isinstance(change, Stop)}
    yield from _named("clock_outcome", {"extended", CASE_ENDED, VOID, REOPENED, WITHDRAWN, *stopped})
    yield from _named("measure", set(MEASURES) - {"by_hand"})
    outcomes = {outcome for known in MEASURES.values() for outcome in known}
    yield from _named("mark", outcomes - {light.value for light in Light})
    grounds = {kind: get_args(get_type_hints(kind).get("ground")) for kind in kinds}
    yield from _named("waived", (BY_EXTENSION, BY_PAUSE, "recounted", "superseded", *grounds[AppealLight]))
    yield from _named("waived", grounds[FindNotOurs])
    yield from _named("milestone", {step.reaches for step in steps if step.reaches})
    yield from _named("milestone", ("explained", PERFORMED, BREACHED, SETTLED_LATE))
    yield from (error.code for error in (InstantIsUnreadable, OfficeWasNotFounded, InstantIsToCome))
    yield from _named("stage", ("recount", APPEAL, FURTHER))
    yield from _named("procedure", PROCEDURES)
    yield from _named("dispute", DISPUTE_TYPES)
    yield from _named("channel", get_args(Channel))
    yield from _of("light", Light)
    yield from _of("audience", Audience)
    yield from _named("light", LIGHT_SHAPES)
    yield from _named("role", [role.value for role in Role])
    yield from _of("side", Side)
    yield from _of("consent", Consent)
    yield from _of("kind", Kind)
    for unit in Unit:
        yield from (f"length.{unit.value}", f"left.{unit.value}", f"over.{unit.value}")
    yield from _named("outcome", {outcome for procedure in PROCEDURES.values() for outcome in procedure.outcomes})
    yield from _named("disclosure", ("open", "kept"))
    for name, known in SHOWN_TO_OWNERS.items():
        yield from _named(name, known)
    yield from _named("group", (*GROUPS, "closed"))
    rules = [rule for versions in policy.rules.values() for rule in versions]
    yield from filter(None, (one for rule in rules for one in (rule.source, rule.extension and rule.extension.source)))
    yield from (scheme.source for scheme in policy.schemes.values())
    yield from _named("rating", ("satisfied", "fairly_satisfied", "dissatisfied"))
    for matter in {profile.matter for profile in policy.profiles.values()}:
        yield from (f"matter.{matter}", f"matter.{matter}.about")
    yield from _named("filing", FILED)
    yield from _named("next_by", PROMISED)
    yield from _named("remedies", (*PROCEDURES, *(f"{p}.bound" for p in PROCEDURES if PROCEDURES[p].shown.binding)))
    yield from bulletin_codes()
    yield from _named("serials", FATES)
    yield from (code for columns in COLUMNS.values() for column in columns for code in column.heading)
    yield from _named("closures", ("no_such_unit", "no_such_procedure", "no_such_profile"))
    limited = [kind for kind, held in FORMATS.items() if held.most]
    yield from _named("closures", (f"too_many.{kind}.file" for kind in limited))
    yield from _named("report", (*REPORT_KINDS, "not_for_this_account", "broke_off"))
    yield from _named("report.state", REPORT_STATES)
    yield from ("error.tallies", "error.tallies.title")
    yield from _named("format", (*FORMATS, OCEL))
    yield from _named("unmask", GROUNDS)
    yield from (code for _, code in MENU)
    yield from _named("job", (job.name for job in JOBS))
    yield from _named("did", FIGURES)
    yield from _named("mails", KINDS)
    yield from filter(None, (help_of(f"pages/{page.name}") for page in files("templates").joinpath("pages").iterdir()))
    yield from _named("desk", (f"{code}.name" for code in DESK_LINES))
    yield from _named("unit_kind", UNIT_KINDS)
    yield from _named("act", ACTS)
    yield from _named("clock_doubt", WHY)
    yield from _named("key", KEYS)
    yield from _named("key_do", KEYS)
    yield from _named("key_stands", STANDS)
    yield from _named("office_event", set(EVENT_SHAPES) - STEPS - {"clock:crossed", "clock:recounted"})
    yield "anchor.number"
    yield from (f"people.{name}_missing" for name in NewAccount.__dataclass_fields__)
    told = {step.event for step in steps if step.tells or step.tells_if}
    for what in (
        told
        | {"clock:recounted", "unit:third_red", "anchor:made", "report:made"}
        | OF_ACCOUNTS
        | OF_UNITS
        | {
            OWN_LINK,
            "account:link_made.handed",
            *(f"{code}.own" for code in SAID_TO_OWNERS),
        }
        | {
            f"clock:crossed.{code}"
            for code in (PAUSE_OVER, EXTRA_RED, *(r.code for ladder in policy.ladders.values() for r in ladder.rungs))
        }
    ):
        yield from (f"mail.tag.{what}", f"mail.what.{what}", f"mail.do.{what}")
    yield from _named("policy", ("missing", "bad_value", "unknown_key"))
    yield from (code for call in ("PolicyFault", "Found", "Fault") for code in _written_codes(call))
    yield from _named("policy", ("extends_itself", "incomplete"))
    yield from _named("policy_kind", KINDS_OF_PASTE)
    yield from _named("because", BECAUSE)
    yield from _named("why", ("left", "due", "last_working_day", "after_due", "one_length", "two_thirds", "opened"))
    yield from _named("confidence", get_args(Confidence))
    yield from (f"deadline.{code}" for code in _codes_raised("ClockRefuses"))
    yield from (code for code in _codes_raised("NoticeIsWrong"))
    yield from (f"doctor.{code}" for code in _written_codes("Look"))
    yield from (f"mail_reason.{code}" for code in OWN_REASONS.values())
    looks = (
        "home_is_open", "sqlite_is_old", "clock_in_doubt", "keys_missing", "home", "sqlite",
        "clock", "keys", "fonts", "zones", "no_fonts", "no_zones",
    )  # fmt: skip
    yield from _named("doctor", looks)
    yield from _named("settings", (*_codes_raised("_wrong"), *set(CODES.values()), "unknown", "unknown_near"))
    yield from _named("trouble", (*SERVER.values(), *FILE.values(), *SYSTEM.values()))
    yield from (*_reasons(), *codes_of_interface(_codes_raised))


def _literals(kind: type[Command], name: str) -> tuple[str, ...]:
    return next(shape.literal for shape in shapes(kind) if shape.name == name)


def _reasons() -> Iterator[str]:
    """Codes written as `Reason(code="...")`, and those made of a field's name."""
    for code in _written_codes("Reason"):
        yield f"reason.{code}"
    yield from (f"reason.form.{code}" for code in LIMITS)
    yield from (f"reason.form.not_a_{kind}" for kind in UNREADABLE)
    yield from (f"reason.{field}.not_every_party" for field in ("consenting", "signed_by"))
    yield from (f"reason.{field}.must_be_confirmed" for field in ("person_told", "notice_given", "papers_complete"))
    yield from (f"reason.confirmation.not_for_{subject}" for subject in NOT_CONFIRMED)


def _written_codes(call: str) -> Iterator[str]:
    for path in _python_files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == call:
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def _codes_raised(error: str) -> Iterator[str]:
    """Codes that are the first argument of an exception."""
    for path in _python_files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == error and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value)


#: A string that has the look of a code of these families is looked up somewhere, whoever carries it there.
_CARRIED = re.compile(
    r"(?:error|account|signin|code|people|password|closures|file|deadline|calendar|policy|because|why|scheme|close|assess|as_of|done|second|factor|rescue|trouble|settings|backup|doctor|token|webhook)\.[a-z_]+"
)


def _literal_messages() -> Iterator[str]:
    for _, _, message, _, _ in extract_from_dir(ROOT, METHODS, OPTIONS, KEYWORDS, directory_filter=_inside):
        yield message[0] if isinstance(message, tuple) else message
    for path in _python_files():
        if path.parent.parts[-1] in ("web", "routes", "presenters", "ops", "cli"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CARRIED.fullmatch(node.value):
                    yield node.value
                    if node.value.startswith("error."):
                        yield f"{node.value}.title"


def _python_files() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def _inside(folder: str) -> bool:
    part = Path(folder).relative_to(ROOT).parts[:1]
    return not part or part[0] in (*PACKAGES, "templates")


def _of(prefix: str, codes_of: type) -> Iterator[str]:
    return (f"{prefix}.{member.value}" for member in codes_of)  # type: ignore[attr-defined]  # enumerations


def _named(prefix: str, names: Iterable[str]) -> Iterator[str]:
    return (f"{prefix}.{name}" for name in names)


def _key(message: object) -> str:
    return str(message[0]) if isinstance(message, tuple | list) else str(message)


def _said(text: object) -> bool:
    return all(text) if isinstance(text, tuple | list) else bool(text)


GATES: dict[str, Callable[[], list[str]]] = {
    "migrations": stale_migrations,
    "translations": missing_words,
    "sbom": bill_out_of_step,
    "advisories": known_weaknesses,
    "sizes": lambda: list(too_long()),
}


def main(gate: str) -> int:
    """Prints what a gate found; 1 if it found anything but that there was nothing to look at."""
    try:
        found = GATES[gate]()
    except AdvisoriesAreUnreadable as error:
        found = [str(error)]
    for line in found:
        sys.stdout.write(line + "\n")
    return 1 if found and found != [SKIPPED] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

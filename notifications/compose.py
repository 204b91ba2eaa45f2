"""A message as a mail in its recipient's language: the case's number, what is due and when. Nothing of the dispute.

The words are in `templates/mail/` and the catalogues; this gathers what they speak of.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from cases import anchors
from cases.crossings import CROSSED
from cases.facts import load_facts
from cases.numbers import case_number
from cases.office import OfficeContext
from cases.reading import find_case
from infra.addresses import address_on_the_wire, domain_on_the_wire
from infra.among import is_among
from infra.jinja import render
from infra.keys import KeyIsExposed, KeyIsUnreadable
from infra.settings import Settings
from infra.steering import without_steering
from ledger.chain import OFFICE_STREAM
from ledger.tables import Event, Message
from ledger.upcasters import data_of
from notifications.forwarding import NO_KEY, NOT_COMPOSED, POST_OVER, RECUSED
from notifications.names import is_digest, name_of
from notifications.transport import NotDelivered
from people.directory import names_of_accounts, names_of_units
from people.links import token_from
from people.office_keys import LINKS, KeyIsNotPinned, secret_at_hand
from people.posts import parts_of, was_deputy
from people.tables import Account
from words import Words, due_words
from workflow.clocks import due_is_provisional, left
from workflow.model import TIMERS, AccountId, Clock

log = logging.getLogger(__name__)

#: What is done to somebody's posts: shown to them, and to whom they stand in for, on the page of their own account.
OF_POSTS = frozenset({"post:given", "post:ended", "deputy:named", "deputy:begun", "deputy:ended"})
#: Events of the office about an account, about something that two people decide, or about the clock.
OF_ACCOUNTS = OF_POSTS | {
    "account:added", "account:closed", "account:reopened", "account:link_made", "account:email_changed",
    "account:factor_removed", "account:factor_reset", "account:factor_lifted", "account:rescued", "account:renamed",
    "account:moved", "act:asked", "act:decided", "clock:doubted", "passkey:added", "passkey:removed", "passkey:refused", "identity:connected",
    "identity:removed", "token:issued", "token:ended", "webhook:set", "webhook:ended",
}  # fmt: skip
#: What was done to a unit, for whoever watches over the office.
OF_UNITS = frozenset({"unit:renamed", "unit:moved", "unit:closed", "unit:reopened"})
#: Of these, what is said otherwise to the owner of the account than to those who watch over accounts.
SAID_TO_OWNERS = frozenset(
    {
        "account:email_changed", "account:factor_removed", "account:factor_reset", "account:factor_lifted",
        "account:rescued", "act:asked", "act:decided", "passkey:added", "passkey:removed", "passkey:refused",
        "identity:connected", "identity:removed",
    }
)  # fmt: skip
#: Where such a mail leads, if not to the office's record.
PAGES = {"act:asked": "second", "act:decided": "second", "clock:doubted": "clock"}
#: What a mail says of time limits that is about none.
NOTHING_DUE: Mapping[str, Any] = {"clock": None, "due": None, "left": None, "provisional": False}
#: What the mail says that holds a one-time link.
OWN_LINK = "account:link_made.own"

_event = Event.__table__.c  # type: ignore[attr-defined]
_message = Message.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail ready to go, to whom, and the messages that are in it: one, or those of a digest."""

    messages: tuple[int, ...]
    to: str
    mail: EmailMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The letters of a round, and why a message is in none of them: it cannot be written, or not now, or is not for this
    recipient any more. Whose account is closed is in neither."""

    letters: tuple[Letter, ...]
    unwritten: Mapping[int, NotDelivered]


class RecipientIsRecused(Exception):
    """The case does not exist any more for whom the message is for."""


class PostIsOver(Exception):
    """Whom the message is for stood in for somebody and does not any more, and nothing else leads them to the case."""


def message_id(row: Message | Any, domain: str) -> str:
    """One Message-ID a message for ever, or one for its digest: a second copy is recognised as one. Of a message that has
    been taken up."""
    return f"<{name_of(row)}@{domain}>"


def compose(
    connection: Connection, rows: Iterable[Any], *, office: OfficeContext, settings: Settings, now: datetime
) -> Composed:
    """The letters of claimed messages. A recipient whose account is closed gets none. A digest of which one line has to wait
    waits with it: both halves would have one Message-ID, and a mail server throws the second away."""
    wanted = list(rows)
    accounts, events = _open_accounts(connection, wanted), _events(connection, wanted)
    told: dict[str, list[tuple[Any, dict[str, Any]]]] = defaultdict(list)  #: by the mail they go out in
    unwritten: dict[int, NotDelivered] = {}
    for row in wanted:
        if row.recipient not in accounts:
            continue
        name = message_id(row, domain_on_the_wire(settings.mail_domain))
        try:
            said = words_of(connection, events[row.stream, row.seq], office, settings, accounts[row.recipient], now)
            told[name].append((row, said))
        except Exception as error:  # noqa: BLE001 (the per-mail edge: one that cannot be written must not hold up the others)
            unwritten[row.id] = why_not_written(error, row.id)
    for row in wanted:
        if row.id in unwritten and not unwritten[row.id].permanent:
            held = told.pop(message_id(row, domain_on_the_wire(settings.mail_domain)), ())
            unwritten |= {line.id: unwritten[row.id] for line, _ in held}
    letters: list[Letter] = []
    for name, lines in told.items():
        try:
            letters.append(_letter(name, lines, accounts[lines[0][0].recipient], office, settings))
        except Exception as error:  # noqa: BLE001 (the same edge for a digest, whose lines are each sound by themselves)
            unwritten |= {row.id: why_not_written(error, row.id) for row, _ in lines}
    return Composed(letters=tuple(letters), unwritten=unwritten)


def why_not_written(error: Exception, message: int) -> NotDelivered:
    """What becomes of a message that could not be written: some wait, and what is the program's own fault is given up."""
    match error:
        case RecipientIsRecused():
            return NotDelivered(RECUSED, permanent=True)
        case PostIsOver():
            return NotDelivered(POST_OVER, permanent=True)
        case KeyIsNotPinned() | KeyIsExposed() | KeyIsUnreadable():
            log.error("the key of a mail's link cannot be used", extra={"mail": message, "error": type(error).__name__})
            return NotDelivered(NO_KEY, permanent=False)
        case DBAPIError():  # nothing is wrong with the mail; on PostgreSQL all that follow fail with it
            log.warning("mail cannot be composed now", extra={"mail": message, "error": type(error).__name__})
            return NotDelivered(NOT_COMPOSED, permanent=False)
        case _:
            log.error("mail cannot be composed", exc_info=error, extra={"mail": message})
            return NotDelivered(NOT_COMPOSED, permanent=True)


def _events(connection: Connection, wanted: list[Any]) -> dict[tuple[int, int], Any]:
    """What the messages are about, by stream and place in it."""
    query = (
        select(_event.stream, _event.seq, _event.code, _event.data, _event.recorded_at)
        .join_from(Event, Message, (_message.stream == _event.stream) & (_message.seq == _event.seq))
        .where(is_among(_message.id, (row.id for row in wanted)))
    )
    return {(row.stream, row.seq): row for row in connection.execute(query)}


def _open_accounts(connection: Connection, wanted: list[Any]) -> dict[int, Any]:
    """The recipients who are still there, by account."""
    return {
        row.id: row
        for row in connection.execute(
            select(_account.id, _account.name, _account.email, _account.language).where(
                is_among(_account.id, (row.recipient for row in wanted)), _account.active.is_(True)
            )
        )
    }


def _letter(
    name: str, lines: list[tuple[Any, dict[str, Any]]], account: Any, office: OfficeContext, settings: Settings
) -> Letter:
    """One mail about one message, or a digest of many."""
    row, words = lines[0]
    template, language = _template(row, words), account.language
    if is_digest(row):
        said = [one for _, one in lines]
        matters = len({one["number"] for one in said})
        words = {**words, "lines": said, "matters": matters, "work_list": f"{settings.base_url()}/work"}
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = name
    mail["Date"] = row.recorded_at
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine is to answer; Exchange asks for the line below
    mail["X-Auto-Response-Suppress"] = "All"
    mail["From"] = _address(office.name, settings.mail_from)
    mail["To"] = _address(account.name, account.email)
    mail["Subject"] = render(language, f"mail/{'digest_' if is_digest(row) else ''}subject.txt", **words).strip()
    mail.set_content(render(language, f"mail/{template}.txt", **words))
    mail.add_alternative(render(language, f"mail/{template}.html", **words), subtype="html")
    if "attached" in words:
        # As bytes: every one of them is signed, and a mail program must not write the lines in its own way.
        name, text = words["attached"]
        mail.add_attachment(text.encode(), "text", "plain", filename=name, params={"charset": "utf-8"})
    return Letter(messages=tuple(one.id for one, _ in lines), to=address_on_the_wire(account.email), mail=mail)


def _template(row: Any, words: dict[str, Any]) -> str:
    if is_digest(row):
        return "digest"
    return "anchor" if "attached" in words else "signin_link" if words["what"] == OWN_LINK else "notice"


def _address(name: str, email: str) -> Address:
    return Address(display_name=" ".join(without_steering(name).split()), addr_spec=address_on_the_wire(email))


def words_of(
    connection: Connection, event: Any, office: OfficeContext, settings: Settings, reader: Any, now: datetime
) -> dict[str, Any]:
    """What the templates speak of: number, what happened, which clock is due when, how much is left."""
    language = reader.language
    if event.code == anchors.EVENT:
        return _words_of_anchor(connection, event, office, settings, language)
    if event.code in OF_ACCOUNTS:
        return _words_of_account(connection, event, office, settings, reader)
    if event.code == "report:made":
        return _words_of_report(event, office, settings, language)
    if event.stream == OFFICE_STREAM:
        return _words_of_unit(connection, event, office, settings, language)
    loaded = load_facts(connection, event.stream, actor=TIMERS)
    assert loaded is not None, "a message is about a case that exists"
    facts, name = loaded
    if reader.id in facts.recused:
        raise RecipientIsRecused
    if was_deputy(connection, reader.id, now=now) and not _sees(connection, reader.id, name.public_id, now):
        raise PostIsOver
    data = data_of(event.code, event.data)
    clock = _clock_of(facts.clocks, data.get("clock"))
    calendar = office.policy.calendar
    today = calendar.local_day(now)
    return {
        "number": case_number(office.short_name, name.series, name.year, name.serial),
        "what": f"{event.code}.{data['rung']}" if event.code == CROSSED else event.code,
        "words": Words(language),
        "clock": clock.name if clock else None,
        "due": due_words(clock, calendar, language, today=today) if clock else None,
        "left": left(clock, calendar, at=now) if clock and clock.stopped_at is None else None,
        "provisional": bool(clock and due_is_provisional(clock, calendar, rolls=office.policy.rolls(clock.rule))),
        "link": f"{settings.base_url()}/cases/{name.public_id}",
        "office": office.name,
    }


def _sees(connection: Connection, account: AccountId, public_id: str, now: datetime) -> bool:
    """Whether the case exists for somebody in a part that they have now."""
    parts = (who.actor for _, who in parts_of(connection, account, now=now))
    return any(find_case(connection, public_id, actor=actor) is not None for actor in parts)


def _words_of_account(
    connection: Connection, event: Any, office: OfficeContext, settings: Settings, reader: Any
) -> dict[str, Any]:
    """What is said about an account: to its owner, with the link if that is what it is about, or to whoever watches over
    accounts."""
    data, base = data_of(event.code, event.data), settings.base_url()
    account = data.get("account")
    own = account == reader.id
    what, link = event.code, f"{base}/{PAGES.get(event.code, 'office-record')}"
    if event.code in OF_POSTS and reader.id in (account, data.get("for")):
        link = f"{base}/account"
    if own and event.code in SAID_TO_OWNERS:
        what, link = f"{event.code}.own", f"{base}/account"
    if own and event.code == "account:link_made":
        # Handed over by people: the mail only says so, and opens nothing. Nor does one that becomes a file, which the
        # administrator could read.
        mailed = data["way"] == "mail" and settings.sends_mail
        link = settings.link_address(_token(connection, settings, data["nonce"])) if mailed else f"{base}/signin"
        what = OWN_LINK if mailed else f"{event.code}.handed"
    names = names_of_accounts(connection, [account])
    return {
        "number": names.get(account, "") if account is not None else office.short_name,
        "what": what,
        "words": Words(reader.language),
        **NOTHING_DUE,
        "link": link,
        "office": office.name,
    }


def _words_of_report(event: Any, office: OfficeContext, settings: Settings, language: str) -> dict[str, Any]:
    """What somebody is told whose report is ready: which kind, and where it is. Nothing of what it says."""
    data, words = data_of(event.code, event.data), Words(language)
    return {
        "number": words(f"report.{data['report']}"),
        "what": event.code,
        "words": words,
        **NOTHING_DUE,
        "link": f"{settings.base_url()}/reports/{data['job']}",
        "office": office.name,
    }


def _token(connection: Connection, settings: Settings, nonce: str) -> str:
    return token_from(secret_at_hand(connection, settings.home, LINKS), nonce)


def _words_of_unit(
    connection: Connection, event: Any, office: OfficeContext, settings: Settings, language: str
) -> dict[str, Any]:
    """What is said about a unit and not about a case."""
    return {
        "number": names_of_units(connection)[data_of(event.code, event.data)["unit"]],
        "what": event.code,
        "words": Words(language),
        **NOTHING_DUE,
        "link": f"{settings.base_url()}/{'office-record' if event.code in OF_UNITS else 'work'}",
        "office": office.name,
    }


def _words_of_anchor(
    connection: Connection, event: Any, office: OfficeContext, settings: Settings, language: str
) -> dict[str, Any]:
    """What is said to an auditor with an anchor, and the anchor itself. It names no case but by its place in the record."""
    number = data_of(event.code, event.data)["number"]
    text = anchors.anchor_text(connection, number)
    assert text is not None, "the event and its anchor are written together"
    words = Words(language)
    return {
        "attached": (anchors.file_name(number), text),
        "number": words("anchor.number", number=number),
        "what": event.code,
        "words": words,
        **NOTHING_DUE,
        "link": f"{settings.base_url()}/anchors",
        "office": office.name,
    }


def _clock_of(clocks: tuple[Clock, ...], number: int | None) -> Clock | None:
    """The clock a crossing is about, or else the one that is due next."""
    if number is not None:
        return next(clock for clock in clocks if clock.number == number)
    return min((clock for clock in clocks if clock.stopped_at is None), key=lambda clock: clock.due_at, default=None)

"""How a mail leaves the house: over SMTP (`smtp.py`), or as a file in a folder when no server is set.

A refusal is for good only if it speaks of this recipient or of this mail. What it speaks of is told by its enhanced
status code, and without one by the stage at which it comes: a greeting, a log-in, a sender, a full mailbox or a policy
may be otherwise tomorrow, and such a mail waits.

Source: RFC 5321 §4.2 (replies by stage), RFC 3463 and RFC 5248 (enhanced status codes).
"""

import contextlib
import os
import re
import smtplib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from infra.addresses import address_on_the_wire
from infra.settings import Settings
from notifications.smtp import Limit, Talk, limited

#: In the office's home, where mails become files.
FOLDER = "mail"


class Stage(StrEnum):
    """Where in the talk about one mail the server refuses it."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"  #: before it has read a line of the mail
    CONTENT = "content"


#: Of the mail itself: too long for the mailbox or for the system; content that is not taken.
_OF_MAIL = r"5\.2\.3|5\.3\.4|5\.6\.\d{1,3}"
#: Of the recipient: no such mailbox, system or address, ambiguous, moved away, a domain without mail; closed. Their
#: neighbours speak of the sender (5.1.7, 5.1.8) or pass (5.2.2: the mailbox is full).
_OF_RECIPIENT = r"5\.1\.(?:[0-46]|10)|5\.2\.1"
#: The enhanced status codes that are for good at a stage.
FOR_GOOD: Mapping[Stage, re.Pattern[str]] = {
    Stage.SENDER: re.compile(_OF_MAIL),
    **dict.fromkeys((Stage.RECIPIENT, Stage.DATA, Stage.CONTENT), re.compile(f"{_OF_MAIL}|{_OF_RECIPIENT}")),
}
#: The replies that are for good at a stage if no enhanced code says more: no such mailbox, not here, no such name; and
#: what a server says that has read the whole mail and does not want it.
FOR_GOOD_WITHOUT_CODE: Mapping[Stage, frozenset[int]] = {
    Stage.SENDER: frozenset(),
    Stage.RECIPIENT: frozenset({550, 551, 553}),
    Stage.DATA: frozenset(),
    Stage.CONTENT: frozenset({550}),
}
SAYS_NOTHING = "5.0.0"
LONGEST_MAIL_SECONDS, GOODBYE_SECONDS = 120.0, 5.0
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


class NotDelivered(Exception):
    """The mail was not taken. `permanent` means that trying again will not help; `reason` is a class and a code only."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


class Transport(Protocol):
    def send(self, mail: EmailMessage, *, to: str) -> None:
        """Returns when the mail is taken. Raises `NotDelivered`."""


def remove_old_files(settings: Settings, *, written_before: datetime) -> int:
    """Removes mails that were written as files before then, whoever has read them; returns how many. The record keeps to
    whom they went."""
    old = [
        path
        for path in (settings.home / FOLDER).glob("*.eml")
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < written_before
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


@contextlib.contextmanager
def open_transport(settings: Settings) -> Iterator[Transport]:
    """The office's transport, for one round of deliveries."""
    if not settings.sends_mail:
        yield FolderTransport(settings.home / FOLDER)
        return
    transport = SmtpTransport(settings)
    try:
        yield transport
    finally:
        transport.close()


class FolderTransport:
    """Each mail a `.eml` file, named after its Message-ID, so that sending it again writes the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: EmailMessage, *, to: str) -> None:  # noqa: ARG002 (the address stands in the mail itself)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = mail["Message-ID"].strip("<>").split("@")[0] + ".eml"
        unfinished = self._folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(mail.as_bytes(policy=SMTP))
        unfinished.replace(self._folder / name)


class SmtpTransport:
    """One connection for a round, opened when the first mail is sent and again after the server has dropped it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: Talk | None = None

    def send(self, mail: EmailMessage, *, to: str) -> None:
        with limited(mail_seconds(self._settings)) as limit:
            try:
                self._send(mail, to, limit)
            except NotDelivered as error:
                self._drop()
                raise (_took_too_long() if limit.is_over else error) from None
            except smtplib.SMTPResponseException as error:  # a greeting, a log-in: the office's trouble, and no mail's
                self._drop()
                raise NotDelivered(f"{type(error).__name__} {error.smtp_code}", permanent=False) from error
            except (OSError, smtplib.SMTPException) as error:
                self._drop()
                if limit.is_over:
                    raise _took_too_long() from error
                raise NotDelivered(type(error).__name__, permanent=False) from error

    def _send(self, mail: EmailMessage, to: str, limit: Limit) -> None:
        if self._server and self._server.line:
            limit.watch(self._server.line)
        else:
            self._server = Talk(self._settings, limit)
        self._server.ehlo_or_helo_if_needed()
        self._hand_over(self._server, mail, to)

    def _hand_over(self, server: smtplib.SMTP, mail: EmailMessage, to: str) -> None:
        content = mail.as_bytes(policy=SMTP)
        size = [f"size={len(content)}"] if server.has_extn("size") else []
        sender = address_on_the_wire(self._settings.mail_from)
        _must_take(Stage.SENDER, server.mail(sender, size))
        _must_take(Stage.RECIPIENT, server.rcpt(to))
        try:
            answer = server.data(content)
        except smtplib.SMTPDataError as error:
            _must_take(Stage.DATA, (error.smtp_code, error.smtp_error))
            raise
        _must_take(Stage.CONTENT, answer)

    def close(self) -> None:
        if self._server and self._server.line:
            with limited(GOODBYE_SECONDS) as limit, contextlib.suppress(OSError, smtplib.SMTPException):
                limit.watch(self._server.line)
                self._server.quit()
        self._drop()

    def _drop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None


def greet(settings: Settings) -> None:
    """Connects to the mail server, signs in if the office does, and says goodbye; sends nothing. Raises `OSError`,
    `smtplib.SMTPException`."""
    with limited(mail_seconds(settings)) as limit:
        server = Talk(settings, limit)
        try:
            server.ehlo_or_helo_if_needed()
            server.quit()
        finally:
            server.close()


def mail_seconds(settings: Settings) -> float:
    """The longest that one mail may take, from the call to the server's last answer: two slow answers, whatever it does."""
    return min(2 * settings.smtp_timeout, LONGEST_MAIL_SECONDS)


def _took_too_long() -> NotDelivered:
    return NotDelivered(TimeoutError.__name__, permanent=False)


def _must_take(stage: Stage, answer: tuple[int, bytes | str]) -> None:
    """Returns if the server takes what it was told. Raises `NotDelivered`."""
    reply, text = answer
    if 200 <= reply < 300:
        return
    found = _ENHANCED.match(text if isinstance(text, str) else text.decode("ascii", "replace"))
    code = found[1] if found else None
    permanent = reply >= 500 and (
        bool(FOR_GOOD[stage].fullmatch(code))
        if code and code != SAYS_NOTHING
        else reply in FOR_GOOD_WITHOUT_CODE[stage]
    )
    raise NotDelivered(" ".join(filter(None, (f"{stage} refused {reply}", code))), permanent=permanent)

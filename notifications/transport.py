"""How a mail leaves the house: over SMTP, or as a file in a folder when no server is set."""

import contextlib
import os
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol

from infra.settings import Settings

PERMANENT = range(500, 600)


class NotDelivered(Exception):
    """The mail was not taken. `permanent` means that trying again will not help; `reason` is a class and a code only."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


class Transport(Protocol):
    def send(self, mail: EmailMessage, *, to: str) -> None:
        """Returns when the mail is taken. Raises `NotDelivered`."""


@contextlib.contextmanager
def open_transport(settings: Settings) -> Iterator[Transport]:
    """The office's transport, for one round of deliveries."""
    if not settings.smtp_host:
        yield FolderTransport(settings.home / "mail")
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
        self._folder.mkdir(parents=True, exist_ok=True)
        name = mail["Message-ID"].strip("<>").split("@")[0] + ".eml"
        unfinished = self._folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(mail.as_bytes(policy=SMTP))
        unfinished.replace(self._folder / name)


class SmtpTransport:
    """One connection for a round, opened when the first mail is sent and again after the server has dropped it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None

    def send(self, mail: EmailMessage, *, to: str) -> None:
        try:
            server = self._server = self._server or self._connect()
            server.send_message(mail, from_addr=self._settings.mail_from, to_addrs=[to])
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise NotDelivered(f"recipient refused {code}", permanent=code in PERMANENT) from error
        except smtplib.SMTPResponseException as error:
            self._drop()
            # A refused log-in is the office's own mistake, and is mended without losing mail.
            permanent = error.smtp_code in PERMANENT and not isinstance(error, smtplib.SMTPAuthenticationError)
            raise NotDelivered(f"{type(error).__name__} {error.smtp_code}", permanent=permanent) from error
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise NotDelivered(type(error).__name__, permanent=False) from error

    def close(self) -> None:
        if self._server:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._server.quit()
        self._drop()

    def _drop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    def _connect(self) -> smtplib.SMTP:
        s = self._settings
        if s.smtp_tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                s.smtp_host, s.smtp_port, timeout=s.smtp_timeout, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(s.smtp_host, s.smtp_port, timeout=s.smtp_timeout)
        try:
            if s.smtp_tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if s.smtp_user:
                server.login(s.smtp_user, s.smtp_password)
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server

"""What an office sets by environment variables, all named `HUIYIN_...`, and nothing else.

They are checked once, all of them, before anything is opened: a name that is not known, a value that is not one of those
there are, two that contradict each other.

    SettingsAreWrong  carries every `SettingFault`; no fault carries a secret
"""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from infra.addresses import AddressIsWrong, domain_on_the_wire, fault_of_address
from infra.asking import NotAnswered, read_address
from infra.i18n import LANGUAGES, known_language

PREFIX = "HUIYIN_"
#: Of those who build the program; the office has no use for them, and they are no mistake.
FOR_DEVELOPERS = ("HUIYIN_PG_BIN", "HUIYIN_CHROMIUM", "HUIYIN_SCREENSHOTS", "HUIYIN_ADVISORIES")
#: Where systemd puts the secrets of a unit, one file each.
CREDENTIALS = "CREDENTIALS_DIRECTORY"
DATABASES = ("sqlite", "postgresql+psycopg")
#: Characters that a fault repeats of what was given, at most.
LONGEST = 60
#: The faults that repeat it: nobody writes a secret there.
_SHOWN = frozenset({"number", "yes_no", "one_of", "language"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingFault:
    """What is wrong with one variable: its name, a code `settings.<code>` of the catalogue, and the values of its words."""

    name: str
    code: str
    values: Mapping[str, str] = field(default_factory=dict)


class SettingsAreWrong(ValueError):
    def __init__(self, faults: list[SettingFault]) -> None:
        super().__init__(", ".join(f"{fault.name}: {fault.code}" for fault in faults))
        self.faults = faults


def _wrong(code: str, **values: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{wrong}", {"wrong": code, **values})


def _plain(value: Any) -> Any:
    """Without spaces around it, which nobody sees in a file of variables."""
    if not isinstance(value, str):
        return value
    if not value.strip().isprintable():
        raise _wrong("control")
    return value.strip()


def _language(value: str) -> str:
    known = known_language(value)
    if value.replace("-", "_").split("_")[0].lower() not in {language.split("_")[0] for language in LANGUAGES}:
        raise _wrong("language")
    return known


def _database(value: str) -> str:
    if not value:
        return value
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):  # a port that is no number
        raise _wrong("database") from None
    if url.drivername not in DATABASES:
        raise _wrong("database")
    if not url.database or url.database == ":memory:":
        raise _wrong("database_name")
    return value


def _public_url(value: str) -> str:
    if not value:
        return value
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise _wrong("url") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or " " in value:
        raise _wrong("url")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise _wrong("url_path")
    return value


def _asked(value: str) -> str:
    """An address that the program asks: what goes there, or comes from there, is about people."""
    if not value:
        return value
    try:
        read_address(value, may_be_inside=True)
    except NotAnswered:
        raise _wrong("https_only") from None
    return value


def _issuer(value: str) -> str:
    """Whoever answers there says who people are. Its name has no question in it (OpenID Connect Discovery 1.0, 3)."""
    if "?" in value:
        raise _wrong("url")
    return _asked(value)


def _sender(value: str) -> str:
    if fault_of_address(value):
        raise _wrong("address")
    return value


def _domain(value: str) -> str:
    try:
        domain_on_the_wire(value)
    except AddressIsWrong:
        raise _wrong("domain") from None
    return value


def _host(value: str) -> str:
    try:
        ip_address(value)
    except ValueError:
        if set(value) & set(":/@ \\[]?#"):
            raise _wrong("host") from None
    return value


Text = Annotated[str, BeforeValidator(_plain)]
Host = Annotated[str, BeforeValidator(_plain), AfterValidator(_host)]
Port = Annotated[int, BeforeValidator(_plain), Field(ge=1, le=65535)]
Switch = Annotated[bool, BeforeValidator(_plain)]


class Settings(BaseSettings):
    """Times are in seconds. `database` is an SQLAlchemy URL: `sqlite:///...` or `postgresql+psycopg://...`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", env_ignore_empty=True)

    #: The database file, the mails written as files, the lock files, the keys.
    home: Annotated[Path, BeforeValidator(_plain)] = Path("var")
    database: Annotated[Text, AfterValidator(_database), Field(repr=False)] = ""
    host: Host = "127.0.0.1"
    port: Port = 8000
    #: How people reach the program, for links in mails.
    public_url: Annotated[Text, AfterValidator(_public_url)] = ""
    trusted_proxy: Switch = False  #: whether X-Forwarded-For may be believed
    #: Whether browsers send them over https only; of itself where people reach the program over https.
    secure_cookies: Switch = Field(default_factory=lambda known: known.get("public_url", "").startswith("https:"))
    #: Of answers and jobs under way, once the program is told to stop.
    stop_seconds: Annotated[int, BeforeValidator(_plain), Field(ge=1, le=600)] = 20
    #: Where figures are given out, on this machine only; 0: nowhere.
    metrics_port: Annotated[int, BeforeValidator(_plain), Field(ge=0, le=65535)] = 0
    access_log: Switch = False  #: whether each request has a line in the log
    #: To PostgreSQL, that one process may have open at once.
    connections: Annotated[int, BeforeValidator(_plain), Field(ge=4, le=200)] = 40
    language: Annotated[Text, AfterValidator(_language)] = "zh_CN"
    #: How long reports that were made for later are kept, and mails that were written to files.
    report_days: Annotated[int, BeforeValidator(_plain), Field(ge=1, le=365)] = 14
    mail_file_days: Annotated[int, BeforeValidator(_plain), Field(ge=1, le=3650)] = 365

    #: Whether webhooks may lead to addresses of the own network and, without https, of this machine.
    webhooks_inside: Switch = False

    #: Whose accounts people may sign in with besides (OpenID Connect): its issuer, letter by letter, and as whom this office is known there.
    oidc_issuer: Annotated[Text, AfterValidator(_issuer)] = ""
    oidc_client_id: Text = ""
    oidc_client_secret: SecretStr = SecretStr("")

    #: The gateway that short messages go to (`notifications/texting.py`), and what this office is known by there.
    sms_url: Annotated[Text, AfterValidator(_asked)] = ""
    sms_token: SecretStr = SecretStr("")

    smtp_host: Host = ""  #: empty: mails become files in `home/mail`
    smtp_port: Port = 25
    smtp_tls: Annotated[Literal["none", "starttls", "tls"], BeforeValidator(_plain)] = "none"
    smtp_user: Text = ""
    smtp_password: SecretStr = SecretStr("")
    #: Whether the password may go to another machine unencrypted.
    smtp_password_in_clear: Switch = False
    #: Of one answer; a whole mail may take twice that (`notifications/transport.py`).
    smtp_timeout: Annotated[float, BeforeValidator(_plain), Field(gt=0, le=600)] = 30.0
    mail_from: Annotated[Text, AfterValidator(_sender)] = "huiyin@localhost"
    #: The right-hand side of every Message-ID.
    mail_domain: Annotated[Text, AfterValidator(_domain)] = "huiyin.invalid"

    @model_validator(mode="after")
    def _contradicts_nothing(self) -> Self:
        if self.secure_cookies and self.public_url.startswith("http:"):
            raise _wrong("secure_cookies", variable="HUIYIN_SECURE_COOKIES")
        if bool(self.oidc_issuer) is not bool(self.oidc_client_id):
            missing = "HUIYIN_OIDC_CLIENT_ID" if self.oidc_issuer else "HUIYIN_OIDC_ISSUER"
            raise _wrong("oidc_half", variable=missing)
        if (self.smtp_user or self.smtp_password.get_secret_value()) and not self.smtp_host:
            raise _wrong("smtp_no_host", variable="HUIYIN_SMTP_HOST")
        if bool(self.smtp_user) is not bool(self.smtp_password.get_secret_value()):
            missing = "HUIYIN_SMTP_PASSWORD" if self.smtp_user else "HUIYIN_SMTP_USER"
            raise _wrong("smtp_half", variable=missing)
        if (
            self.smtp_user
            and self.smtp_tls == "none"
            and not self.smtp_password_in_clear
            and not is_this_machine(self.smtp_host)
        ):
            raise _wrong("smtp_in_clear", variable="HUIYIN_SMTP_TLS")
        return self

    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.home / 'huiyin.db'}"

    @property
    def sends_mail(self) -> bool:
        """Whether mails go to a server; without one they become files, which the administrator reads."""
        return bool(self.smtp_host)

    def link_address(self, token: str) -> str:
        """Where somebody opens their one-time link."""
        return f"{self.base_url()}/signin/link/{token}"

    def base_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"


def is_this_machine(host: str) -> bool:
    """Whether what goes to that host never leaves the machine, as far as its name tells."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of the process; `environment` is looked at for names that nobody knows. What systemd hands over as a
    credential (`huiyin_smtp_password`, `huiyin_oidc_client_secret`, `huiyin_sms_token`, `huiyin_database`) is read from its file. Raises `SettingsAreWrong`."""
    faults = list(_unknown(environment))
    try:
        made = Settings(_secrets_dir=environment.get(CREDENTIALS))
    except ValidationError as error:
        # A value that follows from another one has no fault of its own where that one is wrong.
        faults.extend(_fault(one) for one in error.errors(include_url=False) if one["type"] != FOLLOWS)
    if faults:
        raise SettingsAreWrong(faults)
    return made


def variable(name: str) -> str:
    return f"{PREFIX}{name}".upper()


def _unknown(environment: Mapping[str, str]) -> list[SettingFault]:
    known = [variable(name) for name in Settings.model_fields] + list(FOR_DEVELOPERS)
    faults = []
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.6)
            faults.append(
                SettingFault(
                    name=name, code="unknown_near" if near else "unknown", values={"near": near[0]} if near else {}
                )
            )
    return faults


FOLLOWS = "default_factory_not_called"
#: What the library calls it, as a code of ours.
CODES = {
    "int_parsing": "number", "int_parsing_size": "number", "int_from_float": "number", "float_parsing": "number", "bool_parsing": "yes_no",
    "greater_than": "number", "greater_than_equal": "number", "less_than_equal": "number", "literal_error": "one_of",
}  # fmt: skip
_ALLOWED = {
    "port": "1–65535", "smtp_port": "1–65535", "smtp_timeout": "0–600",
    "stop_seconds": "1–600", "metrics_port": "0–65535", "connections": "4–200", "report_days": "1–365", "mail_file_days": "1–3650", "smtp_tls": "none, starttls, tls",
}  # fmt: skip


def _fault(error: Any) -> SettingFault:
    context = {
        name: str(value) for name, value in (error.get("ctx") or {}).items() if name not in ("wrong", "variable")
    }
    code = CODES.get(error["type"], error["type"])
    if not error["loc"]:
        return SettingFault(name=error["ctx"]["variable"], code=code, values=context)
    name = str(error["loc"][0])
    shown = {"given": str(error["input"])[:LONGEST], "allowed": _ALLOWED.get(name, "")} if code in _SHOWN else {}
    return SettingFault(name=variable(name), code=code, values=shown)


@cache
def settings() -> Settings:
    """Raises `SettingsAreWrong`."""
    return read_settings(os.environ)

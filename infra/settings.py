"""What an office sets by environment variables, all named `HUIYIN_...`, and nothing else."""

from functools import cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Times are in seconds. `database` is an SQLAlchemy URL: `sqlite:///...` or `postgresql+psycopg://...`."""

    model_config = SettingsConfigDict(env_prefix="HUIYIN_", extra="ignore")

    home: Path = Path("var")  #: the database file, the mails written as files, the lock files, the signing key
    database: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""  #: how people reach the program, for links in mails
    trusted_proxy: bool = False  #: whether X-Forwarded-For may be believed
    secure_cookies: bool = False  #: set when served over https
    language: str = "zh_CN"

    smtp_host: str = ""  #: empty: mails become files in `home/mail`
    smtp_port: int = 25
    smtp_tls: str = "none"  #: none, starttls or tls
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_timeout: float = 30.0  #: of one answer; a whole mail may take twice that (`notifications/transport.py`)
    mail_from: str = "huiyin@localhost"
    mail_domain: str = "huiyin.invalid"  #: the right-hand side of every Message-ID

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
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


@cache
def settings() -> Settings:
    return Settings()

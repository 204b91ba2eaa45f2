"""Mails that become files: how long they stay."""

import os
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from infra.settings import Settings
from notifications.transport import open_transport, remove_old_files


def test_mails_that_were_written_to_files_long_ago_are_removed(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with open_transport(settings) as transport:
        for name in ("old", "young"):
            mail = EmailMessage()
            mail["Message-ID"] = f"<{name}@example.test>"
            transport.send(mail, to="a@example.test")
    files = {name: tmp_path / "mail" / f"{name}.eml" for name in ("old", "young")}
    now = datetime.now(UTC)
    year_ago = (now - timedelta(days=365, seconds=1)).timestamp()
    os.utime(files["old"], (year_ago, year_ago))
    assert remove_old_files(settings, written_before=now - timedelta(days=365)) == 1
    assert {name: path.is_file() for name, path in files.items()} == {"old": False, "young": True}
    assert remove_old_files(Settings(home=tmp_path / "nowhere"), written_before=now) == 0

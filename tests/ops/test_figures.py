"""Figures and the log of requests: by route and role, added up over workers, and nothing of anybody."""

import json
import re
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.databases import SmallOffice, office, office_template, sqlite_template
from tests.program import serving, until
from tests.servers import free_port

__all__ = ["office", "office_template", "sqlite_template"]


@pytest.fixture
def home(office: SmallOffice, tmp_path: Path) -> Path:
    assert (tmp_path / "huiyin.db").is_file()
    return tmp_path


def asked(port: int, path: str) -> str:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def figure(text: str, name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


def test_requests_of_all_workers_and_the_age_of_each_job_are_given_out_and_no_path_that_was_asked_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("HUIYIN_METRICS_PORT", str(port))
    monkeypatch.setenv("HUIYIN_ACCESS_LOG", "true")
    with serving(home, "--workers", "2") as program:
        for _ in range(20):
            asked(program.port, "/track?code=ABCDE-12345")
        tracked = 'huiyin_requests_total{method="GET",route="/track",status="200"}'
        until(lambda: figure(asked(port, "/metrics"), tracked) == 20, "every request is counted")
        until(lambda: 'huiyin_job_age_seconds{job="sweep"}' in asked(port, "/metrics"), "the jobs have run")
        text = asked(port, "/metrics")
        assert 'huiyin_job_failing{job="sweep"} 0.0' in text
        assert {'huiyin_mails{state="waiting"}', 'huiyin_mails{state="dead"}'} <= set(
            re.findall(r"huiyin_mails{[^}]*}", text)
        )
        with pytest.raises(OSError, match="404"):
            asked(program.port, "/metrics")
    assert "ABCDE" not in text
    lines = [json.loads(line) for line in program.log.read_text().splitlines()]
    requests = [line for line in lines if line["message"] == "request"]
    tracked_lines = [line for line in requests if line["route"] == "/track"]
    assert tracked_lines
    assert {(line["method"], line["status"], line["role"]) for line in tracked_lines} == {("GET", 200, "nobody")}
    assert "ABCDE" not in program.log.read_text()
    assert "127.0.0.1" not in "".join(json.dumps(line) for line in requests)

"""What `verify` says: findings, the report, and every sentence of both in one place, for translation.

A finding names the table, the case or stream, the number or seq, the column, and both values. Personal text is never
shown, only what it commits to.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The checks in the order they are reported, and what each counts.
CHECKS: Mapping[str, str] = {
    "file": "tables in a file without damage",
    "triggers": "triggers that protect what may only grow",
    "chains": "events, each chained to the one before",
    "versions": "versions of cases, without gaps",
    "rows": "rows equal to what the ledger says",
    "derived": "clocks whose derived columns follow",
    "crossings": "crossings of a rung that stood then",
    "messages": "messages to those whom an event tells",
    "series": "numbers issued without gaps",
    "office": "rows of the office equal to its events",
    "marks": "cases whose marks and tallies follow",
    "policies": "published policies kept as they were",
    "anchors": "chain ends named by anchors, and found",
}
#: One sentence a code; the part before the dot is the check.
SENTENCES: Mapping[str, str] = {
    "file.damaged": "the database reports: {stored}",
    "triggers.missing": "this trigger is missing: the ledger is not protected",
    "triggers.added": "the program has made no such trigger: {stored}",
    "triggers.differs": "stored {stored}, expected {expected}: the ledger is not protected as it should be",
    "chains.gap": "the events before this one are missing: expected seq {expected}, found {stored}",
    "chains.twice": "the stream has more than one event with this seq",
    "chains.hash": "the hash does not follow from this event and the one before: stored {stored}, recomputed {expected}",
    "chains.data": "the data is not what the program writes",
    "chains.tail": "the events after this one are missing: the head of the stream is at seq {stored}",
    "chains.head": "the head of the stream does not match its last event: stored {stored}, expected {expected}",
    "chains.anchored": "the head says that anchors hold seq {stored}, the last anchor that names it holds {expected}",
    "chains.tallied": "the head says that it is counted up to seq {stored}, and it ends at {expected}",
    "chains.no_head": "the stream has events and no head",
    "chains.no_events": "the stream has a head and no events",
    "versions.step": "the version is {stored}, expected {expected}",
    "versions.differs": "stored {stored}, the ledger says {expected}",
    "rows.differs": "stored {stored}, the ledger says {expected}",
    "rows.not_vouched": "stored {stored}, the ledger says nothing of this column",
    "rows.missing": "the ledger has this row and the table has not",
    "rows.orphan": "the table has this row and the ledger has not",
    "rows.text": "the text is not the one that was written: its commitment is {stored}, the ledger says {expected}",
    "rows.emptied": "the text is gone and no event says that it was erased",
    "rows.not_erased": "an event says that the text was erased and it is still there",
    "derived.differs": "stored {stored}, recomputed {expected}",
    "crossings.no_rung": "the event says that a rung was reached which this clock did not have then: {stored}",
    "crossings.stopped": "the event says that a rung of a clock was reached which had stopped at {stored}",
    "crossings.early": "the event was recorded at {stored}, before the rung was reached at {expected}",
    "crossings.twice": "the crossing is recorded more than once: {stored}",
    "crossings.order": "the crossing at {stored} is recorded after one at {expected}",
    "crossings.differs": "the event says {stored}, the ledger said {expected} then",
    "crossings.left_out": "a step was taken before the crossing that was due was recorded: {expected}",
    "messages.orphan": "the message is about an event that does not exist",
    "messages.differs": "stored {stored}, the event says {expected}",
    "messages.missing": "the event tells {expected}, and there is no message to them",
    "messages.not_told": "there is a message to {stored}, whom the event does not tell",
    "messages.twice": "this recipient has more than one message about the event",
    "policies.differs": "the files are not those that were published: stored {stored}, the ledger says {expected}",
    "policies.orphan": "no event says that this was published",
    "policies.place": "stored {stored}, the events have published {expected} in this place",
    "policies.missing": "its files are missing",
    "office.differs": "stored {stored}, the ledger says {expected}",
    "office.missing": "the ledger has this row and the table has not",
    "office.orphan": "the table has this row and the ledger has not",
    "office.cutoff": "the heads that the year was closed at have changed: stored {stored}, the ledger says {expected}",
    "office.levels": "the levels above a unit do not follow from the units: stored {stored}, expected {expected}",
    "marks.differs": "the marks of the case are not those that its events give",
    "marks.unreadable": "the marks cannot be worked out from the events: {stored}",
    "marks.tally": "stored {stored}, the marks add up to {expected}",
    "office.no_event": "the year was closed at an event that does not exist: {stored}",
    "series.missing": "no case has serial {expected}",
    "series.twice": "more than one case has serial {stored}",
    "series.beyond": "the last number issued is {expected}, a case has {stored}",
    "series.differs": "stored {stored}, recomputed {expected}",
    "anchors.line": "this is no line of an anchor: {stored}, expected was {expected}. The anchor is not used",
    "anchors.edited": "the text was changed after it was written: its checksum is {stored}, it says {expected}. It is not used",
    "anchors.signature": "the signature does not fit the text: it was changed, or somebody else signed it. It is not used",
    "anchors.key": "it is signed with the key {stored}, the key given is {expected}. It is not used",
    "anchors.chain": "the one after it was made upon another text: {expected}, this one is {stored}. It is not used",
    "anchors.twice": "{expected} has another text under this number",
    "anchors.office": "it is of the office {stored}, this record is of {expected}. It is not used",
    "anchors.rollback": "ROLLBACK: {stored} chains end before this anchor: the record is a copy from before {expected}",
    "anchors.gone": "the whole chain is gone, and the case with it; it was at {expected}",
    "anchors.behind": "the chain was cut off here, at seq {stored}; it was at {expected}",
    "anchors.rechained": "the history was written anew: the hash is {stored}, it was {expected}",
    "anchors.unknown": "the record does not know this anchor: it is older, or what came after was taken out",
    "anchors.differs": "the record has another text of this anchor: {stored}, the one that was kept says {expected}",
    "anchors.cases": "the record has {stored} cases, there were {expected}",
    "anchors.series": "the last number issued is {stored}, it was {expected}",
}
#: Where a finding is.
PLACES: Mapping[str, str] = {
    "event": "event, stream {stream} seq {number}",
    "stream_head": "stream_head, stream {stream}",
    "message": "message, stream {stream} seq {number}",
    "cases": "cases, case {stream}",
    "tracking": "tracking, case {stream}",
    "series": "series, {number}",
    "trigger": "trigger {number}",
    "policy_version": "policy_version {number}",
    "year_close": "year_close {number}",
    "year_cutoff": "year_cutoff {number}, case {stream}",
    "anchor": "anchor {number}",
    "sign_review": "sign_review {number}",
    "office": "office {number}",
    "unit": "unit {number}",
    "unit_above": "unit_above {number}",
    "account": "account {number}",
    "post": "post {number}",
    "signin_link": "signin_link {number}",
    "web_session": "web_session {number}",
    "proposal": "proposal {number}",
    "recovery_code": "recovery_code {number}",
    "case_read": "case_read {number}",
    "mark": "mark, case {stream}",
    "sign": "sign, case {stream}",
    "tally": "tally {number}",
    "file": "file",
    "kept anchor": "anchor {number} in {stream}",
    "anchor file": "{stream} line {number}",
}
RECORD_PLACE = "{table}, case {stream} number {number}"
TITLE = "huiyin verify  {database}"
ALL_GOOD = "OK"
NOT_CHECKED = "not checked here"
SOME_BAD = "{count} findings"
ONE_BAD = "1 finding"
VERDICT_BAD = "NOT OK: {findings}"
CANNOT_READ = "cannot read {database}: {reason}"
CANNOT_READ_BESIDE = "cannot go on: {reason}"
COLUMNS = "columns: {hashed} vouched for by the ledger, {derived} recomputed, {volatile} not vouched for"
#: Values are cut here: a finding stays one line.
LONGEST_VALUE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault. `stream` is the case or 0 for the office, `number` the record's number or the event's seq."""

    code: str
    table: str
    stream: Any = None
    number: Any = None
    column: str | None = None
    stored: Any = None
    expected: Any = None

    @property
    def check(self) -> str:
        return self.code.partition(".")[0]

    def line(self) -> str:
        place = PLACES.get(self.table, RECORD_PLACE).format(table=self.table, stream=self.stream, number=self.number)
        place = f"{place}, {self.column}" if self.column else place
        return f"{place}: " + SENTENCES[self.code].format(stored=_shown(self.stored), expected=_shown(self.expected))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked, how much of it, and every fault found."""

    database: str
    counts: Mapping[str, int]
    columns: Mapping[str, int]
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...] = ()  #: what could not be checked, or how it was
    reached: tuple[int, str] | None = None  #: the last anchor of what was read, and the SHA-256 of its text

    @property
    def ok(self) -> bool:
        return not self.findings

    def text(self) -> str:
        """The table of checks, the findings, and the verdict as the last line."""
        faults = dict.fromkeys(CHECKS, 0)
        for finding in self.findings:
            faults[finding.check] += 1
        lines = [TITLE.format(database=without_password(self.database))]
        for check, words in CHECKS.items():
            done = _count(faults[check]) if check in self.counts else NOT_CHECKED
            lines.append(f"{check:<10}{self.counts.get(check, 0):>9}  {words:<40}  {done}")
        lines += [COLUMNS.format_map(self.columns)]
        lines += self.remarks
        lines += [finding.line() for finding in self.findings]
        lines += [ALL_GOOD if self.ok else VERDICT_BAD.format(findings=_count(len(self.findings)))]
        return "\n".join(lines)

    def json(self) -> str:
        return json.dumps(
            {
                "database": without_password(self.database),
                "ok": self.ok,
                "counts": dict(self.counts),
                "columns": dict(self.columns),
                "remarks": list(self.remarks),
                "findings": [
                    {name: getattr(f, name) for name in Finding.__dataclass_fields__} | {"line": f.line()}
                    for f in self.findings
                ],
            },
            default=repr,
            indent=2,
        )


@dataclass(slots=True)
class Notes:
    """What is noted while the database is read. A check without a count was not made."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def begin(self, *checks: str) -> None:
        self.counts |= dict.fromkeys(checks, 0)

    def count(self, check: str, times: int = 1) -> None:
        self.counts[check] += times

    def add(self, finding: Finding) -> None:
        self.findings.append(finding)

    def remark(self, words: str) -> None:
        self.remarks.append(words)

    def join(self, part: "Notes") -> None:
        """With what was noted elsewhere, after what is here."""
        for check, count in part.counts.items():
            self.counts[check] = self.counts.get(check, 0) + count
        self.findings += part.findings
        self.remarks += part.remarks


def without_password(database: str) -> str:
    """With whatever stands before the last @, for a password may hold another one."""
    return re.sub(r"//([^:/@]*):.*@", r"//\1:***@", database)


def _count(faults: int) -> str:
    return ALL_GOOD if not faults else ONE_BAD if faults == 1 else SOME_BAD.format(count=faults)


def _shown(value: Any) -> str:
    """A value on one line, whatever it holds: control characters escaped, bytes that are no text replaced."""
    text = (
        value
        if isinstance(value, str) and value.isprintable() and value
        else json.dumps(value, ensure_ascii=False, default=repr)
    )
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"

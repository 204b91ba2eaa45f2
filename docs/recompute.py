"""Recomputes a deadline receipt from its own JSON: huiyin deadline explain ... --json | python recompute.py

Takes from it only what can be checked elsewhere (start, length, pauses, the days that notices name) and counts anew.
"""

import json
import sys
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

r = json.load(sys.stdin)
zone, unit, one, wrong = ZoneInfo(r["zone"]), r["unit"], timedelta(days=1), []
named = {date.fromisoformat(day["on"]): day["because"] for day in r["days"]}
start = datetime.fromisoformat(r["started_at"]).astimezone(zone)
pauses = [[datetime.fromisoformat(p[end]).astimezone(zone) for end in ("from", "to")] for p in r["pauses"]]


def check(what, said, expected):
    if said != expected:
        wrong.append(f"{what}: the receipt says {said}, counting gives {expected}")


def works(day):  # a weekday, unless a notice names it; a weekend day only if a notice makes it a working day
    if day.weekday() > 4:
        return named.get(day) == "make_up_day"
    return named.get(day) not in ("holiday", "rolled", "last_day_off")


def corresponding(day, months):  # the same day so many months later, or the last day of that month
    month = day.year * 12 + day.month - 1 + months
    last = date((month + 1) // 12, (month + 1) % 12 + 1, 1) - one
    return last.replace(day=min(day.day, last.day))


if unit in ("minute", "hour"):
    due = start.astimezone(ZoneInfo("UTC")) + timedelta(**{unit + "s": r["length"]})
    for begin, end in pauses:
        due += end.astimezone(ZoneInfo("UTC")) - begin.astimezone(ZoneInfo("UTC")) if begin < due else timedelta()
else:
    day, counted, wanted = start.date(), [], r["length"]
    if unit == "month":
        wanted = (corresponding(day, wanted) - day).days
    while len(counted) < wanted:
        day += one
        paused = any(begin.date() < day <= end.date() for begin, end in pauses)
        if not paused and (unit != "working_day" or works(day)):
            counted.append(day)
    check("counted days", [day["on"] for day in r["days"] if day["counted"]], [day.isoformat() for day in counted])
    while r["roll"] == "next_working_day" and not works(day):
        day += one
    check("due_on", r["due_on"], day.isoformat())
    due = datetime.combine(day + one, datetime.min.time(), zone)
    for rung in (rung for rung in r["rungs"] if "units_left" in rung and rung["at"] != r["opened_at"]):
        check(rung["code"], rung["at"][:16], f"{counted[wanted - rung['units_left']]}T00:00")  # 00:00 of that day
check("due_at", datetime.fromisoformat(r["due_at"]), due)
print(
    "\n".join(wrong) or f"adds up: due {r['due_on']}, {r['due_at']}, {len([d for d in r['days'] if d['counted']])} days"
)
sys.exit(bool(wrong))

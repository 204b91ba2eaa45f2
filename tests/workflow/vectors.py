"""Deadlines worked out by hand on the Chinese calendar of 2025 and 2026, with the arithmetic above each.

2027 is not published; of it only the statutory days are known, and no make-up day. In the comments 休 is a holiday and
班 a make-up working day; "5/6=4" says that 6 May is counted day 4; k is how many days the yellow zone has, and yellow
begins at 00:00 of day N-k+1. All instants are local, in ISO minutes.

休 2025: 1/1, 1/28-2/4, 4/4-6, 5/1-5, 5/31-6/2, 10/1-8.        班 2025: 1/26日 2/8六 4/27日 9/28日 10/11六
休 2026: 1/1-3, 2/15-23, 4/4-6, 5/1-5, 6/19-21, 9/25-27, 10/1-7.  班 2026: 1/4日 2/14六 2/28六 5/9六 9/20日 10/10六
休 2027: 1/1, 2/5-8, 4/5, 5/1-2, 6/9, 9/15, 10/1-3.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Vector:
    """One clock, and what a person with a wall calendar says about it."""

    name: str
    start: str
    length: int
    unit: str
    roll: str = "none"
    light: str = "third"
    zone: str = "Asia/Shanghai"
    pauses: tuple[tuple[str, str], ...] = ()
    extensions: tuple[tuple[int, str], ...] = ()
    due_on: str
    due_at: str
    yellow: str | None
    red: str
    provisional: bool = False


# A vector keeps a line for its name, its question, its events and its answer, so that it can be read like a table.
# fmt: off
WORKING_DAYS = (
    # Start Friday 9/26. 9/27 六. 9/28日班=1. N=1 is below 3: no yellow.
    Vector(
        name="wd-1-from-friday-onto-a-make-up-sunday",
        start="2025-09-26T11:30", length=1, unit="working_day",
        due_on="2025-09-28", due_at="2025-09-29T00:00", yellow=None, red="2025-09-29T00:00",
    ),
    # Start Friday 2/27. 2/28六班=1, 3/1 日, 3/2一=2. N=2: no yellow.
    Vector(
        name="wd-2-over-a-make-up-saturday-and-a-plain-sunday",
        start="2026-02-27T17:00", length=2, unit="working_day",
        due_on="2026-03-02", due_at="2026-03-03T00:00", yellow=None, red="2026-03-03T00:00",
    ),
    # Start Wednesday 12/31. 1/1-3 休, 1/4日班=1, 1/5一=2, 1/6二=3. k=1: day 3. Both years are published.
    Vector(
        name="wd-3-over-new-year-between-published-years",
        start="2025-12-31T09:00", length=3, unit="working_day",
        due_on="2026-01-06", due_at="2026-01-07T00:00", yellow="2026-01-06T00:00", red="2026-01-07T00:00",
    ),
    # Start Friday 9/18. 9/19 六, 9/20日班=1, 21=2, 22=3, 23=4. k=ceil(4/3)=2: day 3.
    Vector(
        name="wd-4-counts-the-make-up-sunday-before-its-holiday",
        start="2026-09-18T08:00", length=4, unit="working_day",
        due_on="2026-09-23", due_at="2026-09-24T00:00", yellow="2026-09-22T00:00", red="2026-09-24T00:00",
    ),
    # March 2026: 3-6 = 1-4, 9-13 = 5-9, 16-20 = 10-14, 23-27 = 15-19, 30=20, 31=21; April: 1=22, 2=23, 3=24,
    # 4-6 休, 7=25, 8=26, 9=27, 10=28, 13=29. k=ceil(29/3)=10: day 20 = 3/30.
    Vector(
        name="wd-29-over-tomb-sweeping",
        start="2026-03-02T10:00", length=29, unit="working_day",
        due_on="2026-04-13", due_at="2026-04-14T00:00", yellow="2026-03-30T00:00", red="2026-04-14T00:00",
    ),
    # One more than the vector above: 4/14=30. k=10: day 21 = 3/31.
    Vector(
        name="wd-30-over-tomb-sweeping",
        start="2026-03-02T10:00", length=30, unit="working_day",
        due_on="2026-04-14", due_at="2026-04-15T00:00", yellow="2026-03-31T00:00", red="2026-04-15T00:00",
    ),
    # One more again: 4/15=31. ceil(31/3)=11, capped at k=10: day 22 = 4/1.
    Vector(
        name="wd-31-is-the-first-to-meet-the-cap",
        start="2026-03-02T10:00", length=31, unit="working_day",
        due_on="2026-04-15", due_at="2026-04-16T00:00", yellow="2026-04-01T00:00", red="2026-04-16T00:00",
    ),
    # 5/1-5 休; 6=1, 7=2, 8=3, 9六班=4, 11-15 = 5-9, 18-22 = 10-14, 25-29 = 15-19; June 1-5 = 20-24, 8-12 = 25-29,
    # 15-18 = 30-33, 19-21 休, 22-26 = 34-38, 29=39, 30=40; July 1-3 = 41-43, 6-10 = 44-48, 13-17 = 49-53,
    # 20-24 = 54-58, 27=59, 28=60. k=10: day 51 = 7/15.
    Vector(
        name="wd-60-from-the-last-minute-before-labour-day",
        start="2026-04-30T23:59", length=60, unit="working_day",
        due_on="2026-07-28", due_at="2026-07-29T00:00", yellow="2026-07-15T00:00", red="2026-07-29T00:00",
    ),
    # August 3-7 = 1-5, 10-14 = 6-10, 17-21 = 11-15, 24-28 = 16-20, 31=21; September 1-4 = 22-25, 7-11 = 26-30,
    # 14-18 = 31-35, 20日班=36, 21-24 = 37-40, 25-27 休, 28-30 = 41-43; October 1-7 休, 8=44, 9=45, 10六班=46,
    # 12-16 = 47-51, 19-23 = 52-56, 26-30 = 57-61; November 2-6 = 62-66, 9-13 = 67-71, 16-20 = 72-76,
    # 23-27 = 77-81, 30=82; December 1-4 = 83-86, 7-10 = 87-90. k=10: day 81 = 11/27.
    Vector(
        name="wd-90-from-midnight",
        start="2026-07-31T00:00", length=90, unit="working_day",
        due_on="2026-12-10", due_at="2026-12-11T00:00", yellow="2026-11-27T00:00", red="2026-12-11T00:00",
    ),
    # September 1-4 = 1-4, 7-11 = 5-9, 14-18 = 10-14, 20日班=15, 21-24 = 16-19, 28-30 = 20-22; October 8=23, 9=24,
    # 10六班=25, 12-16 = 26-30, 19-23 = 31-35, 26-30 = 36-40; November 2-6 = 41-45, 9-13 = 46-50, 16-20 = 51-55,
    # 23-27 = 56-60, 30=61; December 1-4 = 62-65, 7-11 = 66-70, 14-18 = 71-75, 21-25 = 76-80, 28-31 = 81-84;
    # 2027: January 4-8 = 85-89, 11-15 = 90-94, 18-22 = 95-99, 25-29 = 100-104; February 1-4 = 105-108, 5-8 休,
    # 9-12 = 109-112, 15-19 = 113-117, 22=118, 23=119, 24=120. k=10: day 111 = 2/11. 2027 is not published.
    Vector(
        name="wd-120-into-the-unpublished-year",
        start="2026-08-31T12:00", length=120, unit="working_day",
        due_on="2027-02-24", due_at="2027-02-25T00:00", yellow="2027-02-11T00:00", red="2027-02-25T00:00",
        provisional=True,
    ),
    # Start Sunday 2/15, the first 休 of nine; 2/24二=1.
    Vector(
        name="wd-1-from-the-first-day-of-spring-festival",
        start="2026-02-15T10:00", length=1, unit="working_day",
        due_on="2026-02-24", due_at="2026-02-25T00:00", yellow=None, red="2026-02-25T00:00",
    ),
    # Start Friday 10/3 休. 10/9四=1, 10/10五=2, 10/11六班=3. k=1: day 3.
    Vector(
        name="wd-3-from-a-holiday-evening-to-a-make-up-saturday",
        start="2025-10-03T20:00", length=3, unit="working_day",
        due_on="2025-10-11", due_at="2025-10-12T00:00", yellow="2025-10-11T00:00", red="2025-10-12T00:00",
    ),
    # Start on 5/9六班, itself not counted. 5/10 日, 11=1, 12=2, 13=3. k=1.
    Vector(
        name="wd-3-from-a-make-up-saturday",
        start="2026-05-09T14:00", length=3, unit="working_day",
        due_on="2026-05-13", due_at="2026-05-14T00:00", yellow="2026-05-13T00:00", red="2026-05-14T00:00",
    ),
    # Start in the last minute of 2/8六班: still that day. 2/9 日, 2/10一=1.
    Vector(
        name="wd-1-from-the-last-minute-of-a-make-up-saturday",
        start="2025-02-08T23:59", length=1, unit="working_day",
        due_on="2025-02-10", due_at="2025-02-11T00:00", yellow=None, red="2025-02-11T00:00",
    ),
    # 00:00 of Wednesday 5/6 belongs to 5/6, which is not counted. 7=1, 8=2, 9六班=3. k=1.
    Vector(
        name="wd-3-from-midnight-onto-a-make-up-saturday",
        start="2026-05-06T00:00", length=3, unit="working_day",
        due_on="2026-05-09", due_at="2026-05-10T00:00", yellow="2026-05-09T00:00", red="2026-05-10T00:00",
    ),
    # Start Friday 1/24. 1/25 六, 1/26日班=1, 1/27一=2, 1/28-2/4 休, 2/5=3, 2/6=4, 2/7=5. k=ceil(5/3)=2: day 4.
    Vector(
        name="wd-5-over-spring-festival-2025",
        start="2025-01-24T16:00", length=5, unit="working_day",
        due_on="2025-02-07", due_at="2025-02-08T00:00", yellow="2025-02-06T00:00", red="2025-02-08T00:00",
    ),
    # One more: 2/8六班=6. k=2: day 5 = 2/7.
    Vector(
        name="wd-6-over-spring-festival-2025-onto-its-make-up-saturday",
        start="2025-01-24T16:00", length=6, unit="working_day",
        due_on="2025-02-08", due_at="2025-02-09T00:00", yellow="2025-02-07T00:00", red="2025-02-09T00:00",
    ),
    # 9/28日班=1, 29=2, 30=3, 10/1-8 休, 9=4, 10=5, 11六班=6, 13=7, 14=8, 15=9, 16=10. k=ceil(10/3)=4: day 7 = 10/13.
    Vector(
        name="wd-10-over-national-day-2025",
        start="2025-09-26T11:30", length=10, unit="working_day",
        due_on="2025-10-16", due_at="2025-10-17T00:00", yellow="2025-10-13T00:00", red="2025-10-17T00:00",
    ),
    # The same days; k=min(3, 5)=3: day 8 = 10/14.
    Vector(
        name="wd-10-fix3",
        start="2025-09-26T11:30", length=10, unit="working_day", light="fix3",
        due_on="2025-10-16", due_at="2025-10-17T00:00", yellow="2025-10-14T00:00", red="2025-10-17T00:00",
    ),
    # Tuesday 6/16; 17=1, 18=2, 19-21 休, 22=3. k=min(3, 1)=1: day 3.
    Vector(
        name="wd-3-fix3-over-dragon-boat",
        start="2026-06-16T09:00", length=3, unit="working_day", light="fix3",
        due_on="2026-06-22", due_at="2026-06-23T00:00", yellow="2026-06-22T00:00", red="2026-06-23T00:00",
    ),
    # 17=1, 18=2, 22=3, 23=4, 24=5. k=min(3, 2)=2: day 4.
    Vector(
        name="wd-5-fix3-takes-half-rounded-down",
        start="2026-06-16T09:00", length=5, unit="working_day", light="fix3",
        due_on="2026-06-24", due_at="2026-06-25T00:00", yellow="2026-06-23T00:00", red="2026-06-25T00:00",
    ),
    # 18=1, 19-21 休, 22=2. N=2: no yellow under fix3 either.
    Vector(
        name="wd-2-fix3-has-no-yellow",
        start="2026-06-17T09:00", length=2, unit="working_day", light="fix3",
        due_on="2026-06-22", due_at="2026-06-23T00:00", yellow=None, red="2026-06-23T00:00",
    ),
    # 4/28=1, 29=2, 30=3, 5/1-5 休, 6=4, 7=5. Yellow at the end of 5/7; then 5/8, 9六班, 11, 12, 13 are five: red 5/14.
    Vector(
        name="wd-5-post",
        start="2026-04-27T09:15", length=5, unit="working_day", light="post",
        due_on="2026-05-07", due_at="2026-05-08T00:00", yellow="2026-05-08T00:00", red="2026-05-14T00:00",
    ),
    # 9/28日班=1. Post needs no three days. After it 9/29, 9/30, 10/9, 10/10, 10/11六班 are five: red 10/12.
    Vector(
        name="wd-1-post-red-after-national-day",
        start="2025-09-26T11:30", length=1, unit="working_day", light="post",
        due_on="2025-09-28", due_at="2025-09-29T00:00", yellow="2025-09-29T00:00", red="2025-10-12T00:00",
    ),
    # 4/29=1, 4/30=2, 5/6=3, 5/7=4. The last day is a working day: yellow at its 00:00.
    Vector(
        name="wd-4-one-day",
        start="2026-04-28T10:00", length=4, unit="working_day", light="one_day",
        due_on="2026-05-07", due_at="2026-05-08T00:00", yellow="2026-05-07T00:00", red="2026-05-08T00:00",
    ),
    # 4/29=1, 4/30=2. N=2: no yellow.
    Vector(
        name="wd-2-one-day-has-no-yellow",
        start="2026-04-28T10:00", length=2, unit="working_day", light="one_day",
        due_on="2026-04-30", due_at="2026-05-01T00:00", yellow=None, red="2026-05-01T00:00",
    ),
    # Wednesday 12/30; 31=1, 1/1 休, 2-3 weekend, 1/4一=2, 1/5二=3. k=1. 2027 is needed and not published.
    Vector(
        name="wd-3-ends-in-the-unpublished-year",
        start="2026-12-30T10:00", length=3, unit="working_day",
        due_on="2027-01-05", due_at="2027-01-06T00:00", yellow="2027-01-05T00:00", red="2027-01-06T00:00",
        provisional=True,
    ),
    # Monday 12/28; 29=1, 30=2, 31=3. Only the instant of the end lies in 2027, not a day.
    Vector(
        name="wd-3-ends-with-the-last-published-day",
        start="2026-12-28T10:00", length=3, unit="working_day",
        due_on="2026-12-31", due_at="2027-01-01T00:00", yellow="2026-12-31T00:00", red="2027-01-01T00:00",
    ),
    # The same, but red waits for five working days of 2027: 1/4-8. Red 1/9, provisional.
    Vector(
        name="wd-3-post-needs-the-unpublished-year-for-red",
        start="2026-12-28T10:00", length=3, unit="working_day", light="post",
        due_on="2026-12-31", due_at="2027-01-01T00:00", yellow="2027-01-01T00:00", red="2027-01-09T00:00",
        provisional=True,
    ),
    # The start day lies in 2024, but the first day looked at is 2025-01-01 休; 1/2四=1.
    Vector(
        name="wd-1-from-the-last-day-before-the-published-years",
        start="2024-12-31T10:00", length=1, unit="working_day",
        due_on="2025-01-02", due_at="2025-01-03T00:00", yellow=None, red="2025-01-03T00:00",
    ),
    # 2024-12-31二=1: whether it was worked, only the calendar of 2024 says.
    Vector(
        name="wd-1-onto-the-last-day-before-the-published-years",
        start="2024-12-30T10:00", length=1, unit="working_day",
        due_on="2024-12-31", due_at="2025-01-01T00:00", yellow=None, red="2025-01-01T00:00", provisional=True,
    ),
    # Wednesday 9/30; 10/1-7 休, 10/8四=1. The last day is worked by its nature, so rolling has nothing to do.
    Vector(
        name="wd-1-with-roll-never-rolls",
        start="2026-09-30T10:00", length=1, unit="working_day", roll="next_working_day",
        due_on="2026-10-08", due_at="2026-10-09T00:00", yellow=None, red="2026-10-09T00:00",
    ),
)

CALENDAR_DAYS = (
    # 6/11=1. N=1: no yellow.
    Vector(
        name="day-1",
        start="2026-06-10T09:00", length=1, unit="day",
        due_on="2026-06-11", due_at="2026-06-12T00:00", yellow=None, red="2026-06-12T00:00",
    ),
    # 23:59 is still 6/10. 11=1, 12=2.
    Vector(
        name="day-2-from-the-last-minute-of-a-day",
        start="2026-06-10T23:59", length=2, unit="day",
        due_on="2026-06-12", due_at="2026-06-13T00:00", yellow=None, red="2026-06-13T00:00",
    ),
    # 00:00 is already 6/10. 11=1, 12=2, 13六=3. k=1: day 3. No roll: Saturday is the end.
    Vector(
        name="day-3-from-midnight-to-a-saturday",
        start="2026-06-10T00:00", length=3, unit="day",
        due_on="2026-06-13", due_at="2026-06-14T00:00", yellow="2026-06-13T00:00", red="2026-06-14T00:00",
    ),
    # 11=1, 12=2, 13=3, 14日=4. k=2: day 3 = 6/13.
    Vector(
        name="day-4-to-a-sunday",
        start="2026-06-10T12:00", length=4, unit="day",
        due_on="2026-06-14", due_at="2026-06-15T00:00", yellow="2026-06-13T00:00", red="2026-06-15T00:00",
    ),
    # Day i = 2/(1+i): 2/28=27, 3/1=28, 3/2=29. k=ceil(29/3)=10: day 20 = 2/21 休, counted all the same.
    Vector(
        name="day-29-through-spring-festival",
        start="2026-02-01T08:00", length=29, unit="day",
        due_on="2026-03-02", due_at="2026-03-03T00:00", yellow="2026-02-21T00:00", red="2026-03-03T00:00",
    ),
    # 9/16=1, 9/30=15, 10/15=30. k=10: day 21 = 10/6.
    Vector(
        name="day-30-through-national-day",
        start="2026-09-15T10:00", length=30, unit="day",
        due_on="2026-10-15", due_at="2026-10-16T00:00", yellow="2026-10-06T00:00", red="2026-10-16T00:00",
    ),
    # 2/1=1, 2/28=28, 3/3=31. ceil(31/3)=11, capped at k=10: day 22 = 2/22.
    Vector(
        name="day-31-from-31-january",
        start="2026-01-31T10:00", length=31, unit="day",
        due_on="2026-03-03", due_at="2026-03-04T00:00", yellow="2026-02-22T00:00", red="2026-03-04T00:00",
    ),
    # 11/30=30, 12/30=60. k=10: day 51 = 12/21.
    Vector(
        name="day-60",
        start="2026-10-31T10:00", length=60, unit="day",
        due_on="2026-12-30", due_at="2026-12-31T00:00", yellow="2026-12-21T00:00", red="2026-12-31T00:00",
    ),
    # 11/30=30, 12/31=61, 1/29=90. k=10: day 81 = 1/20. Plain days need no published calendar.
    Vector(
        name="day-90-into-the-unpublished-year",
        start="2026-10-31T10:00", length=90, unit="day",
        due_on="2027-01-29", due_at="2027-01-30T00:00", yellow="2027-01-20T00:00", red="2027-01-30T00:00",
    ),
    # 1/31=31, 2/28=59, 3/31=90, 4/30=120. k=10: day 111 = 4/21.
    Vector(
        name="day-120-from-new-years-eve",
        start="2025-12-31T10:00", length=120, unit="day",
        due_on="2026-04-30", due_at="2026-05-01T00:00", yellow="2026-04-21T00:00", red="2026-05-01T00:00",
    ),
    # 2028 is a leap year: 2/29=1, 3/1=2.
    Vector(
        name="day-2-over-29-february",
        start="2028-02-28T10:00", length=2, unit="day",
        due_on="2028-03-01", due_at="2028-03-02T00:00", yellow=None, red="2028-03-02T00:00",
    ),
    # 3/1=1, 3/30=30. k=10: day 21 = 3/21. 2024 is not published, but no calendar is asked.
    Vector(
        name="day-30-from-29-february",
        start="2024-02-29T10:00", length=30, unit="day",
        due_on="2024-03-30", due_at="2024-03-31T00:00", yellow="2024-03-21T00:00", red="2024-03-31T00:00",
    ),
    # 12/21=1, 12/31=11, 1/4=15. k=5: day 11 = 12/31.
    Vector(
        name="day-15-over-new-year",
        start="2026-12-20T10:00", length=15, unit="day",
        due_on="2027-01-04", due_at="2027-01-05T00:00", yellow="2026-12-31T00:00", red="2027-01-05T00:00",
    ),
    # 4/20=1, 4/30=11, 5/4=15 休; no roll, the holiday is the end. k=5: day 11 = 4/30.
    Vector(
        name="day-15-ends-in-labour-day-without-roll",
        start="2026-04-19T10:00", length=15, unit="day",
        due_on="2026-05-04", due_at="2026-05-05T00:00", yellow="2026-04-30T00:00", red="2026-05-05T00:00",
    ),
    # The same; 5/4 休, 5/5 休, 5/6三 is worked. Rolling moves due and red, not yellow.
    Vector(
        name="day-15-rolls-out-of-labour-day",
        start="2026-04-19T10:00", length=15, unit="day", roll="next_working_day",
        due_on="2026-05-06", due_at="2026-05-07T00:00", yellow="2026-04-30T00:00", red="2026-05-07T00:00",
    ),
    # 4/25=1, 5/5=11, 5/9六班=15 is worked and stays. k=5: day 11 = 5/5.
    Vector(
        name="day-15-does-not-roll-off-a-make-up-saturday",
        start="2026-04-24T10:00", length=15, unit="day", roll="next_working_day",
        due_on="2026-05-09", due_at="2026-05-10T00:00", yellow="2026-05-05T00:00", red="2026-05-10T00:00",
    ),
    # 9/10=1, 9/19六=10 is off; 9/20日班 is worked. k=4: day 7 = 9/16.
    Vector(
        name="day-10-rolls-onto-a-make-up-sunday",
        start="2026-09-09T10:00", length=10, unit="day", roll="next_working_day",
        due_on="2026-09-20", due_at="2026-09-21T00:00", yellow="2026-09-16T00:00", red="2026-09-21T00:00",
    ),
    # 12/25=1, 12/31=7, 1/3六=10 休; 1/4日班 is worked. k=4: day 7 = 12/31.
    Vector(
        name="day-10-rolls-from-new-year-onto-a-make-up-sunday",
        start="2025-12-24T10:00", length=10, unit="day", roll="next_working_day",
        due_on="2026-01-04", due_at="2026-01-05T00:00", yellow="2025-12-31T00:00", red="2026-01-05T00:00",
    ),
    # 9/2=1, 9/30=29, 10/1=30 休 until 10/8; 10/9四. k=10: day 21 = 9/22.
    Vector(
        name="day-30-rolls-over-all-of-national-day-2025",
        start="2025-09-01T10:00", length=30, unit="day", roll="next_working_day",
        due_on="2025-10-09", due_at="2025-10-10T00:00", yellow="2025-09-22T00:00", red="2025-10-10T00:00",
    ),
    # 2/6=1, 2/15=10 休 until 2/23; 2/24二. k=4: day 7 = 2/12.
    Vector(
        name="day-10-rolls-over-all-of-spring-festival-2026",
        start="2026-02-05T10:00", length=10, unit="day", roll="next_working_day",
        due_on="2026-02-24", due_at="2026-02-25T00:00", yellow="2026-02-12T00:00", red="2026-02-25T00:00",
    ),
    # 3/31=25, 4/5日=30 休, 4/6 休, 4/7二. k=10: day 21 = 3/27.
    Vector(
        name="day-30-rolls-off-tomb-sweeping-sunday",
        start="2026-03-06T10:00", length=30, unit="day", roll="next_working_day",
        due_on="2026-04-07", due_at="2026-04-08T00:00", yellow="2026-03-27T00:00", red="2026-04-08T00:00",
    ),
    # 3/6=1, 7=2, 8日=3: Monday 3/9. k=1: yellow stays with Sunday, day 3.
    Vector(
        name="day-3-rolls-off-a-plain-sunday",
        start="2026-03-05T10:00", length=3, unit="day", roll="next_working_day",
        due_on="2026-03-09", due_at="2026-03-10T00:00", yellow="2026-03-08T00:00", red="2026-03-10T00:00",
    ),
    # 1/31=1, 2/28六班=29 is worked. k=10: day 20 = 2/19.
    Vector(
        name="day-29-does-not-roll-off-28-february-2026",
        start="2026-01-30T10:00", length=29, unit="day", roll="next_working_day",
        due_on="2026-02-28", due_at="2026-03-01T00:00", yellow="2026-02-19T00:00", red="2026-03-01T00:00",
    ),
    # 12/30=1, 31=2, 1/1=3 休, 2-3 weekend, Monday 1/4: 2027 is asked. k=1: yellow on 1/1.
    Vector(
        name="day-3-rolls-in-the-unpublished-year",
        start="2026-12-29T10:00", length=3, unit="day", roll="next_working_day",
        due_on="2027-01-04", due_at="2027-01-05T00:00", yellow="2027-01-01T00:00", red="2027-01-05T00:00",
        provisional=True,
    ),
    # 29=1, 30=2, 31四=3 is worked by the published calendar.
    Vector(
        name="day-3-does-not-roll-off-new-years-eve",
        start="2026-12-28T10:00", length=3, unit="day", roll="next_working_day",
        due_on="2026-12-31", due_at="2027-01-01T00:00", yellow="2026-12-31T00:00", red="2027-01-01T00:00",
    ),
    # 12/31=1, 1/5二=6 looks worked, but 2027 had to be asked. k=2: day 5 = 1/4.
    Vector(
        name="day-6-stays-but-on-a-day-of-the-unpublished-year",
        start="2026-12-30T10:00", length=6, unit="day", roll="next_working_day",
        due_on="2027-01-05", due_at="2027-01-06T00:00", yellow="2027-01-04T00:00", red="2027-01-06T00:00",
        provisional=True,
    ),
    # 1/31=25, 2/5五=30 休, 6-7 weekend 休, 8一 休, 2/9二. k=10: day 21 = 1/27.
    Vector(
        name="day-30-rolls-over-the-statutory-days-of-2027",
        start="2027-01-06T10:00", length=30, unit="day", roll="next_working_day",
        due_on="2027-02-09", due_at="2027-02-10T00:00", yellow="2027-01-27T00:00", red="2027-02-10T00:00",
        provisional=True,
    ),
    # 9/16=1 ... 10/15=30. k=min(3, 15)=3: day 28 = 10/13.
    Vector(
        name="day-30-fix3",
        start="2026-09-15T10:00", length=30, unit="day", light="fix3",
        due_on="2026-10-15", due_at="2026-10-16T00:00", yellow="2026-10-13T00:00", red="2026-10-16T00:00",
    ),
    # 7/2=1, 3=2, 4=3. k=min(3, 1)=1: day 3.
    Vector(
        name="day-3-fix3",
        start="2026-07-01T10:00", length=3, unit="day", light="fix3",
        due_on="2026-07-04", due_at="2026-07-05T00:00", yellow="2026-07-04T00:00", red="2026-07-05T00:00",
    ),
    # 7/2=1, 3=2, 4=3, 5=4. k=min(3, 2)=2: day 3 = 7/4.
    Vector(
        name="day-4-fix3",
        start="2026-07-01T10:00", length=4, unit="day", light="fix3",
        due_on="2026-07-05", due_at="2026-07-06T00:00", yellow="2026-07-04T00:00", red="2026-07-06T00:00",
    ),
    # 6/30=29, 7/31=60. k=3: day 58 = 7/29.
    Vector(
        name="day-60-fix3",
        start="2026-06-01T10:00", length=60, unit="day", light="fix3",
        due_on="2026-07-31", due_at="2026-08-01T00:00", yellow="2026-07-29T00:00", red="2026-08-01T00:00",
    ),
    # Due 10/15四; then 10/16五, 19, 20, 21, 22 are five: red 10/23.
    Vector(
        name="day-30-post",
        start="2026-09-15T10:00", length=30, unit="day", light="post",
        due_on="2026-10-15", due_at="2026-10-16T00:00", yellow="2026-10-16T00:00", red="2026-10-23T00:00",
    ),
    # 5/4 休 rolls to 5/6; yellow at its end. Then 5/7, 8, 9六班, 11, 12 are five: red 5/13.
    Vector(
        name="day-15-post-after-rolling",
        start="2026-04-19T10:00", length=15, unit="day", roll="next_working_day", light="post",
        due_on="2026-05-06", due_at="2026-05-07T00:00", yellow="2026-05-07T00:00", red="2026-05-13T00:00",
    ),
    # 10/1=1 休, no roll. Then 10/8, 9, 10六班, 12, 13 are five: red 10/14.
    Vector(
        name="day-1-post-from-a-holiday",
        start="2026-09-30T10:00", length=1, unit="day", light="post",
        due_on="2026-10-01", due_at="2026-10-02T00:00", yellow="2026-10-02T00:00", red="2026-10-14T00:00",
    ),
    # 22=1, 23=2, 24=3. Then 25五, 28, 29, 30, 31 are five: red with the year's end, and 2027 is not asked.
    Vector(
        name="day-3-post-red-just-inside-the-published-years",
        start="2026-12-21T09:00", length=3, unit="day", light="post",
        due_on="2026-12-24", due_at="2026-12-25T00:00", yellow="2026-12-25T00:00", red="2027-01-01T00:00",
    ),
    # 12/30=10. Then 12/31=1, 1/4=2, 5=3, 6=4, 7=5: red 1/8, from 2027.
    Vector(
        name="day-10-post-red-in-the-unpublished-year",
        start="2026-12-20T10:00", length=10, unit="day", light="post",
        due_on="2026-12-30", due_at="2026-12-31T00:00", yellow="2026-12-31T00:00", red="2027-01-08T00:00",
        provisional=True,
    ),
    # 3/6=1, 3/15日=10. The last working day up to it is Friday 3/13.
    Vector(
        name="day-10-one-day-due-on-a-sunday",
        start="2026-03-05T10:00", length=10, unit="day", light="one_day",
        due_on="2026-03-15", due_at="2026-03-16T00:00", yellow="2026-03-13T00:00", red="2026-03-16T00:00",
    ),
    # The same rolled to Monday 3/16; yellow still looks back from Sunday.
    Vector(
        name="day-10-one-day-rolled-off-a-sunday",
        start="2026-03-05T10:00", length=10, unit="day", roll="next_working_day", light="one_day",
        due_on="2026-03-16", due_at="2026-03-17T00:00", yellow="2026-03-13T00:00", red="2026-03-17T00:00",
    ),
    # 9/11=1, 9/20日班=10 is itself worked.
    Vector(
        name="day-10-one-day-due-on-a-make-up-sunday",
        start="2026-09-10T10:00", length=10, unit="day", light="one_day",
        due_on="2026-09-20", due_at="2026-09-21T00:00", yellow="2026-09-20T00:00", red="2026-09-21T00:00",
    ),
    # 9/26=1, 10/5=10 休. Back over 10/1-5 to 9/30三.
    Vector(
        name="day-10-one-day-due-in-national-day",
        start="2026-09-25T10:00", length=10, unit="day", light="one_day",
        due_on="2026-10-05", due_at="2026-10-06T00:00", yellow="2026-09-30T00:00", red="2026-10-06T00:00",
    ),
    # 12/26=1, 12/31=6, 1/2六=8. Back over 1/2 and 1/1 休, days of 2027, to 12/31四.
    Vector(
        name="day-8-one-day-looks-back-from-the-unpublished-year",
        start="2026-12-25T10:00", length=8, unit="day", light="one_day",
        due_on="2027-01-02", due_at="2027-01-03T00:00", yellow="2026-12-31T00:00", red="2027-01-03T00:00",
        provisional=True,
    ),
    # 3/7=1, 3/8=2. N=2: no yellow, and no calendar asked.
    Vector(
        name="day-2-one-day-has-no-yellow",
        start="2026-03-06T10:00", length=2, unit="day", light="one_day",
        due_on="2026-03-08", due_at="2026-03-09T00:00", yellow=None, red="2026-03-09T00:00",
    ),
    # 1/1=1, 1/2=2 in 2027, N=2: nobody asks whether they are worked, so nothing is provisional.
    Vector(
        name="day-2-one-day-in-the-unpublished-year-asks-nothing",
        start="2026-12-31T10:00", length=2, unit="day", light="one_day",
        due_on="2027-01-02", due_at="2027-01-03T00:00", yellow=None, red="2027-01-03T00:00",
    ),
)

MONTHS = (
    # No 31 February: 2/28, N=28. ceil(28/3)=10=k: day 19 = 2/19.
    Vector(
        name="month-1-from-31-january",
        start="2026-01-31T10:00", length=1, unit="month",
        due_on="2026-02-28", due_at="2026-03-01T00:00", yellow="2026-02-19T00:00", red="2026-03-01T00:00",
    ),
    # 2/28六班 is worked: it does not roll.
    Vector(
        name="month-1-from-31-january-does-not-roll-off-a-make-up-saturday",
        start="2026-01-31T10:00", length=1, unit="month", roll="next_working_day",
        due_on="2026-02-28", due_at="2026-03-01T00:00", yellow="2026-02-19T00:00", red="2026-03-01T00:00",
    ),
    # No 30 February: 2/28, N=29 (1/31=1). k=10: day 20 = 2/19.
    Vector(
        name="month-1-from-30-january",
        start="2026-01-30T10:00", length=1, unit="month",
        due_on="2026-02-28", due_at="2026-03-01T00:00", yellow="2026-02-19T00:00", red="2026-03-01T00:00",
    ),
    # No 29 February 2026: 2/28, N=30. k=10: day 21 = 2/19.
    Vector(
        name="month-1-from-29-january-in-a-common-year",
        start="2026-01-29T10:00", length=1, unit="month",
        due_on="2026-02-28", due_at="2026-03-01T00:00", yellow="2026-02-19T00:00", red="2026-03-01T00:00",
    ),
    # 2028 has 29 February. N=31 (1/31=2, 2/29=31). ceil(31/3)=11, k=10: day 22 = 2/20.
    Vector(
        name="month-1-from-29-january-in-a-leap-year",
        start="2028-01-29T10:00", length=1, unit="month",
        due_on="2028-02-29", due_at="2028-03-01T00:00", yellow="2028-02-20T00:00", red="2028-03-01T00:00",
    ),
    # No 31 February: 2/29, N=29. k=10: day 20 = 2/20.
    Vector(
        name="month-1-from-31-january-in-a-leap-year",
        start="2028-01-31T10:00", length=1, unit="month",
        due_on="2028-02-29", due_at="2028-03-01T00:00", yellow="2028-02-20T00:00", red="2028-03-01T00:00",
    ),
    # 2028-02-29 plus one month is 3/29, not the month's end. N=29. k=10: day 20 = 3/20.
    Vector(
        name="month-1-from-29-february",
        start="2028-02-29T10:00", length=1, unit="month",
        due_on="2028-03-29", due_at="2028-03-30T00:00", yellow="2028-03-20T00:00", red="2028-03-30T00:00",
    ),
    # No 29 February 2025: 2/28. From 2/29 to 2/28 are N=365 days. k=10: day 356, nine days before the last, 2/19.
    Vector(
        name="month-12-from-29-february",
        start="2024-02-29T10:00", length=12, unit="month",
        due_on="2025-02-28", due_at="2025-03-01T00:00", yellow="2025-02-19T00:00", red="2025-03-01T00:00",
    ),
    # No 31 September: 9/30, N=30. k=10: day 21 = 9/21.
    Vector(
        name="month-1-from-31-august",
        start="2026-08-31T10:00", length=1, unit="month",
        due_on="2026-09-30", due_at="2026-10-01T00:00", yellow="2026-09-21T00:00", red="2026-10-01T00:00",
    ),
    # 10/31 exists: N=30+31=61. k=10: day 52, nine days before the last, 10/22.
    Vector(
        name="month-2-from-31-august",
        start="2026-08-31T10:00", length=2, unit="month",
        due_on="2026-10-31", due_at="2026-11-01T00:00", yellow="2026-10-22T00:00", red="2026-11-01T00:00",
    ),
    # 1/31, N=31. k=10: day 22 = 1/22. No roll, so 2027 need not be published.
    Vector(
        name="month-1-from-31-december-into-the-unpublished-year",
        start="2026-12-31T10:00", length=1, unit="month",
        due_on="2027-01-31", due_at="2027-02-01T00:00", yellow="2027-01-22T00:00", red="2027-02-01T00:00",
    ),
    # No 31 February: 2/28, N=31+28=59. k=10: day 50, nine days before the last, 2/19.
    Vector(
        name="month-2-from-31-december",
        start="2025-12-31T23:59", length=2, unit="month",
        due_on="2026-02-28", due_at="2026-03-01T00:00", yellow="2026-02-19T00:00", red="2026-03-01T00:00",
    ),
    # 10/1 休 until 10/7; 10/8四. N=30, k=10: day 21 = 9/22.
    Vector(
        name="month-1-rolls-over-national-day",
        start="2026-09-01T10:00", length=1, unit="month", roll="next_working_day",
        due_on="2026-10-08", due_at="2026-10-09T00:00", yellow="2026-09-22T00:00", red="2026-10-09T00:00",
    ),
    # 2/15 休 until 2/23; 2/24二. N=15+31+31+15=92, k=10: day 83, nine days before 2/15, 2/6.
    Vector(
        name="month-3-rolls-over-spring-festival",
        start="2025-11-15T10:00", length=3, unit="month", roll="next_working_day",
        due_on="2026-02-24", due_at="2026-02-25T00:00", yellow="2026-02-06T00:00", red="2026-02-25T00:00",
    ),
    # 12/30三 is worked and published. N=30, k=10: day 21 = 12/21.
    Vector(
        name="month-1-from-30-november-with-roll-is-certain",
        start="2026-11-30T10:00", length=1, unit="month", roll="next_working_day",
        due_on="2026-12-30", due_at="2026-12-31T00:00", yellow="2026-12-21T00:00", red="2026-12-31T00:00",
    ),
    # 1/30六 rolls to Monday 2/1 by an unpublished calendar. N=61, k=10: day 52, nine days before 1/30, 1/21.
    Vector(
        name="month-2-from-30-november-with-roll-is-provisional",
        start="2026-11-30T10:00", length=2, unit="month", roll="next_working_day",
        due_on="2027-02-01", due_at="2027-02-02T00:00", yellow="2027-01-21T00:00", red="2027-02-02T00:00",
        provisional=True,
    ),
    # 10/5 休; back over 10/1-5 to 9/30.
    Vector(
        name="month-1-one-day-due-in-national-day",
        start="2026-09-05T10:00", length=1, unit="month", light="one_day",
        due_on="2026-10-05", due_at="2026-10-06T00:00", yellow="2026-09-30T00:00", red="2026-10-06T00:00",
    ),
    # 10/15四; then 16, 19, 20, 21, 22 are five.
    Vector(
        name="month-1-post",
        start="2026-09-15T10:00", length=1, unit="month", light="post",
        due_on="2026-10-15", due_at="2026-10-16T00:00", yellow="2026-10-16T00:00", red="2026-10-23T00:00",
    ),
    # 3/28, N=28. k=min(3, 14)=3: day 26 = 3/26.
    Vector(
        name="month-1-fix3-from-28-february",
        start="2025-02-28T10:00", length=1, unit="month", light="fix3",
        due_on="2025-03-28", due_at="2025-03-29T00:00", yellow="2025-03-26T00:00", red="2025-03-29T00:00",
    ),
    # 8/30日, N=365+61=426. k=10: day 417, nine days before the last, 8/21.
    Vector(
        name="month-14-from-30-june",
        start="2025-06-30T10:00", length=14, unit="month",
        due_on="2026-08-30", due_at="2026-08-31T00:00", yellow="2026-08-21T00:00", red="2026-08-31T00:00",
    ),
    # N=28 (to 2/28). Out 2/11-14. 2/1-10 = 1-10, 2/15=11, 2/23=19, 2/28=24, 3/4=28. k=10: day 19 = 2/23.
    Vector(
        name="month-1-from-31-january-with-a-pause",
        start="2026-01-31T10:00", length=1, unit="month",
        pauses=(("2026-02-10T09:00", "2026-02-14T18:00"),),
        due_on="2026-03-04", due_at="2026-03-05T00:00", yellow="2026-02-23T00:00", red="2026-03-05T00:00",
    ),
    # One month ended 4/30 (yellow 4/21 not reached). Two months from 3/31: 5/31, not 5/30. N=61, k=10: day 52 = 5/22.
    Vector(
        name="month-1-extended-to-2-counts-from-the-start",
        start="2026-03-31T10:00", length=1, unit="month",
        extensions=((2, "2026-04-20T10:00"),),
        due_on="2026-05-31", due_at="2026-06-01T00:00", yellow="2026-05-22T00:00", red="2026-06-01T00:00",
    ),
)

PAUSES = (
    # 3/6五 to 3/9一: out 7, 8, 9. 3-6 = 1-4, 10-13 = 5-8, 16=9, 17=10. k=4: day 7 = 3/12.
    Vector(
        name="wd-10-paused-over-a-weekend-until-monday",
        start="2026-03-02T09:00", length=10, unit="working_day",
        pauses=(("2026-03-06T17:00", "2026-03-09T09:00"),),
        due_on="2026-03-17", due_at="2026-03-18T00:00", yellow="2026-03-12T00:00", red="2026-03-18T00:00",
    ),
    # Out 7六 and 8日, which were not counted anyway: 3-6 = 1-4, 9-13 = 5-9, 16=10. k=4: day 7 = 3/11.
    Vector(
        name="wd-10-paused-over-a-weekend-until-sunday",
        start="2026-03-02T09:00", length=10, unit="working_day",
        pauses=(("2026-03-06T18:00", "2026-03-08T12:00"),),
        due_on="2026-03-16", due_at="2026-03-17T00:00", yellow="2026-03-11T00:00", red="2026-03-17T00:00",
    ),
    # For calendar days the same weekend is two days: 3-6 = 1-4, 9=5, 14=10. k=4: day 7 = 3/11.
    Vector(
        name="day-10-paused-over-a-weekend-until-sunday",
        start="2026-03-02T09:00", length=10, unit="day",
        pauses=(("2026-03-06T18:00", "2026-03-08T12:00"),),
        due_on="2026-03-14", due_at="2026-03-15T00:00", yellow="2026-03-11T00:00", red="2026-03-15T00:00",
    ),
    # 9/25-27 休, 28=1, 29=2, 30=3; out 10/1-8, of which only 10/8 was worked; 9=4, 10六班=5. k=2: day 4 = 10/9.
    Vector(
        name="wd-5-paused-over-national-day",
        start="2026-09-24T09:00", length=5, unit="working_day",
        pauses=(("2026-09-30T16:00", "2026-10-08T10:00"),),
        due_on="2026-10-10", due_at="2026-10-11T00:00", yellow="2026-10-09T00:00", red="2026-10-11T00:00",
    ),
    # 9/26 is the start day. 9/27六 and 9/28日班 are out: 29=1, 30=2, 10/1-8 休, 9=3. k=1.
    Vector(
        name="wd-3-paused-over-a-make-up-sunday",
        start="2025-09-26T09:00", length=3, unit="working_day",
        pauses=(("2025-09-26T15:00", "2025-09-28T12:00"),),
        due_on="2025-10-09", due_at="2025-10-10T00:00", yellow="2025-10-09T00:00", red="2025-10-10T00:00",
    ),
    # The pause begins with the clock: out 6/2, 6/3; 4=1, 5=2, 6=3, 7=4, 8=5. k=2: day 4 = 6/7.
    Vector(
        name="day-5-paused-from-the-start",
        start="2026-06-01T09:00", length=5, unit="day",
        pauses=(("2026-06-01T09:00", "2026-06-03T12:00"),),
        due_on="2026-06-08", due_at="2026-06-09T00:00", yellow="2026-06-07T00:00", red="2026-06-09T00:00",
    ),
    # 2-6 = 1-5. The pause begins on day 5, which is used up; out 7, 8, after the end. k=2: day 4 = 6/5.
    # Red, 24:00 of 6/6, falls inside the pause and waits for its end: nothing lights during a pause.
    Vector(
        name="day-5-paused-on-the-due-day-is-still-due",
        start="2026-06-01T09:00", length=5, unit="day",
        pauses=(("2026-06-06T10:00", "2026-06-08T10:00"),),
        due_on="2026-06-06", due_at="2026-06-07T00:00", yellow="2026-06-05T00:00", red="2026-06-08T10:00",
    ),
    # The same under post: yellow, 24:00 of 6/6, falls inside the pause and waits for 6/8 10:00. Red: 6/8-12 are five.
    Vector(
        name="day-5-post-due-inside-a-pause",
        start="2026-06-01T09:00", length=5, unit="day", light="post",
        pauses=(("2026-06-06T10:00", "2026-06-08T10:00"),),
        due_on="2026-06-06", due_at="2026-06-07T00:00", yellow="2026-06-08T10:00", red="2026-06-13T00:00",
    ),
    # Begun and ended on 6/3: no day lies after 6/3 and up to 6/3. 2-5 = 1-4, 8=5. k=2: day 4 = 6/5.
    Vector(
        name="wd-5-paused-within-one-day-loses-none",
        start="2026-06-01T09:00", length=5, unit="working_day",
        pauses=(("2026-06-03T09:00", "2026-06-03T17:00"),),
        due_on="2026-06-08", due_at="2026-06-09T00:00", yellow="2026-06-05T00:00", red="2026-06-09T00:00",
    ),
    # Midnight belongs to the day it opens: out 6/4, 6/5, not 6/3. 2=1, 3=2, 6=3, 7=4, 8=5. k=2: day 4 = 6/7.
    Vector(
        name="day-5-paused-from-midnight-to-midnight",
        start="2026-06-01T09:00", length=5, unit="day",
        pauses=(("2026-06-03T00:00", "2026-06-05T00:00"),),
        due_on="2026-06-08", due_at="2026-06-09T00:00", yellow="2026-06-07T00:00", red="2026-06-09T00:00",
    ),
    # From 23:59 of 6/3 to 00:00 of 6/4, one minute: out 6/4. 2=1, 3=2, 5=3, 6=4, 7=5. k=2: day 4 = 6/6.
    Vector(
        name="day-5-paused-for-a-minute-over-midnight-loses-a-day",
        start="2026-06-01T09:00", length=5, unit="day",
        pauses=(("2026-06-03T23:59", "2026-06-04T00:00"),),
        due_on="2026-06-07", due_at="2026-06-08T00:00", yellow="2026-06-06T00:00", red="2026-06-08T00:00",
    ),
    # Out 7/6, 7, 8 and 7/16. 2-5 = 1-4, 9-15 = 5-11, 17=12, 25=20. k=ceil(20/3)=7: day 14 = 7/19.
    Vector(
        name="day-20-paused-twice",
        start="2026-07-01T10:00", length=20, unit="day",
        pauses=(("2026-07-05T10:00", "2026-07-08T10:00"), ("2026-07-15T10:00", "2026-07-16T10:00")),
        due_on="2026-07-25", due_at="2026-07-26T00:00", yellow="2026-07-19T00:00", red="2026-07-26T00:00",
    ),
    # Out 8, then 9 (a second pause begins on the day the first ends), then 14. 7=1, 10=2, 13=3, 15=4, 16=5, 17=6,
    # 20=7, 21=8, 22=9, 23=10. k=4: day 7 = 7/20.
    Vector(
        name="wd-10-paused-three-times",
        start="2026-07-06T10:00", length=10, unit="working_day",
        pauses=(
            ("2026-07-07T10:00", "2026-07-08T10:00"),
            ("2026-07-08T15:00", "2026-07-09T15:00"),
            ("2026-07-13T08:00", "2026-07-14T08:00"),
        ),
        due_on="2026-07-23", due_at="2026-07-24T00:00", yellow="2026-07-20T00:00", red="2026-07-24T00:00",
    ),
    # Without a pause yellow were day 11 = 6/12. Out 11-14: 2-10 = 1-9, 15=10, 16=11, 20=15 (六, 休; no roll).
    Vector(
        name="day-15-paused-over-the-first-yellow",
        start="2026-06-01T09:00", length=15, unit="day",
        pauses=(("2026-06-10T09:00", "2026-06-14T09:00"),),
        due_on="2026-06-20", due_at="2026-06-21T00:00", yellow="2026-06-16T00:00", red="2026-06-21T00:00",
    ),
    # The pause pushed the end into 6/19-21 休: it rolls to Monday 6/22.
    Vector(
        name="day-15-paused-into-a-holiday-rolls",
        start="2026-06-01T09:00", length=15, unit="day", roll="next_working_day",
        pauses=(("2026-06-10T09:00", "2026-06-14T09:00"),),
        due_on="2026-06-22", due_at="2026-06-23T00:00", yellow="2026-06-16T00:00", red="2026-06-23T00:00",
    ),
    # Out 14, 15, after yellow: 2-13 = 1-12, 16=13, 17=14, 18=15. k=5: day 11 = 6/12 as ever.
    Vector(
        name="day-15-paused-after-yellow",
        start="2026-06-01T09:00", length=15, unit="day",
        pauses=(("2026-06-13T09:00", "2026-06-15T09:00"),),
        due_on="2026-06-18", due_at="2026-06-19T00:00", yellow="2026-06-12T00:00", red="2026-06-19T00:00",
    ),
    # Day 30 = 10/1 休, rolled to 10/8. The pause begins after the natural end: nothing is left to take out.
    Vector(
        name="day-30-paused-in-the-days-won-by-rolling",
        start="2026-09-01T10:00", length=30, unit="day", roll="next_working_day",
        pauses=(("2026-10-03T10:00", "2026-10-05T10:00"),),
        due_on="2026-10-08", due_at="2026-10-09T00:00", yellow="2026-09-22T00:00", red="2026-10-09T00:00",
    ),
    # Out 25-28: 22=1, 23=2, 24=3, 29=4, 30=5. k=2: day 4 = 12/29.
    Vector(
        name="wd-5-paused-before-the-year-end",
        start="2026-12-21T09:00", length=5, unit="working_day",
        pauses=(("2026-12-24T10:00", "2026-12-28T10:00"),),
        due_on="2026-12-30", due_at="2026-12-31T00:00", yellow="2026-12-29T00:00", red="2026-12-31T00:00",
    ),
    # Out 11/28-12/31. 24-27 = 1-4; 2027: 1/4-8 = 5-9, 11=10. k=4: day 7 = 1/6.
    Vector(
        name="wd-10-paused-into-the-unpublished-year",
        start="2026-11-23T09:00", length=10, unit="working_day",
        pauses=(("2026-11-27T10:00", "2026-12-31T10:00"),),
        due_on="2027-01-11", due_at="2027-01-12T00:00", yellow="2027-01-06T00:00", red="2027-01-12T00:00",
        provisional=True,
    ),
    # Out 13五, 14六. 6-12 = 1-7, 15日=8. The last working day up to 3/15 is 3/13; its 00:00 lies in the pause.
    Vector(
        name="day-8-one-day-whose-last-working-day-is-paused",
        start="2026-03-05T10:00", length=8, unit="day", light="one_day",
        pauses=(("2026-03-12T14:00", "2026-03-14T10:00"),),
        due_on="2026-03-15", due_at="2026-03-16T00:00", yellow="2026-03-14T10:00", red="2026-03-16T00:00",
    ),
    # The pause begins at 13:00 of Friday 3/13, after its 00:00: out 14. 6-13 = 1-8, 15日=9. Yellow 3/13 stands.
    Vector(
        name="day-9-one-day-paused-on-its-last-working-day",
        start="2026-03-05T10:00", length=9, unit="day", light="one_day",
        pauses=(("2026-03-13T13:00", "2026-03-14T10:00"),),
        due_on="2026-03-15", due_at="2026-03-16T00:00", yellow="2026-03-13T00:00", red="2026-03-16T00:00",
    ),
    # Out 2-5: 6/6六=1, 7=2, 8=3, 9=4, 10=5, 11=6. k=min(3, 3)=3: day 4 = 6/9.
    Vector(
        name="day-6-fix3-paused",
        start="2026-06-01T09:00", length=6, unit="day", light="fix3",
        pauses=(("2026-06-01T10:00", "2026-06-05T10:00"),),
        due_on="2026-06-11", due_at="2026-06-12T00:00", yellow="2026-06-09T00:00", red="2026-06-12T00:00",
    ),
)

EXTENSIONS = (
    # 5 became 15 on 4/30. 4/28=1, 29=2, 30=3, 5/6=4, 7=5, 8=6, 9六班=7, 11=8; out 12-15; 18=9, 19=10, 20=11, 21=12,
    # 22=13, 25=14, 26=15. k=5: day 11 = 5/20.
    Vector(
        name="wd-5-extended-to-15-then-paused",
        start="2026-04-27T09:15", length=5, unit="working_day",
        pauses=(("2026-05-11T14:00", "2026-05-15T10:00"),), extensions=((15, "2026-04-30T10:00"),),
        due_on="2026-05-26", due_at="2026-05-27T00:00", yellow="2026-05-20T00:00", red="2026-05-27T00:00",
    ),
    # Extended inside the first yellow (from 10/6). 9/30=15, 10/30=45, k=10: day 36 = 10/21: yellow goes out until then.
    Vector(
        name="day-30-extended-to-45-inside-yellow",
        start="2026-09-15T10:00", length=30, unit="day",
        extensions=((45, "2026-10-08T16:00"),),
        due_on="2026-10-30", due_at="2026-10-31T00:00", yellow="2026-10-21T00:00", red="2026-10-31T00:00",
    ),
    # 7/31=30, 8/2=32. k=10: day 23 = 7/24, before the extension: crossed as the new clock opens.
    Vector(
        name="day-30-extended-by-two-days-stays-yellow",
        start="2026-07-01T10:00", length=30, unit="day",
        extensions=((32, "2026-07-30T15:00"),),
        due_on="2026-08-02", due_at="2026-08-03T00:00", yellow="2026-07-30T15:00", red="2026-08-03T00:00",
    ),
    # 7/16=15. k=5: day 11 = 7/12, whose 00:00 is the very instant of the extension.
    Vector(
        name="day-12-extended-at-the-instant-of-the-new-yellow",
        start="2026-07-01T10:00", length=12, unit="day",
        extensions=((15, "2026-07-12T00:00"),),
        due_on="2026-07-16", due_at="2026-07-17T00:00", yellow="2026-07-12T00:00", red="2026-07-17T00:00",
    ),
    # Extended at the start itself: 20 days, 7/21. k=7: day 14 = 7/15.
    Vector(
        name="day-10-extended-as-it-starts",
        start="2026-07-01T10:00", length=10, unit="day",
        extensions=((20, "2026-07-01T10:00"),),
        due_on="2026-07-21", due_at="2026-07-22T00:00", yellow="2026-07-15T00:00", red="2026-07-22T00:00",
    ),
    # Extended in the last minute before the old end, 7/11 24:00. 7/13=12, k=4: day 9 = 7/10, crossed at the opening.
    Vector(
        name="day-10-extended-in-its-last-minute",
        start="2026-07-01T10:00", length=10, unit="day",
        extensions=((12, "2026-07-11T23:59"),),
        due_on="2026-07-13", due_at="2026-07-14T00:00", yellow="2026-07-11T23:59", red="2026-07-14T00:00",
    ),
    # 10, then 20 on 7/5, then 30 on 7/15: 7/31=30. k=10: day 21 = 7/22.
    Vector(
        name="day-10-extended-twice-before-yellow",
        start="2026-07-01T10:00", length=10, unit="day",
        extensions=((20, "2026-07-05T10:00"), (30, "2026-07-15T10:00")),
        due_on="2026-07-31", due_at="2026-08-01T00:00", yellow="2026-07-22T00:00", red="2026-08-01T00:00",
    ),
    # 10 (7/11), then 12 (7/13), then 13 (7/14). k=ceil(13/3)=5: day 9 = 7/10, crossed at the second opening.
    Vector(
        name="day-10-extended-twice-inside-yellow",
        start="2026-07-01T10:00", length=10, unit="day",
        extensions=((12, "2026-07-10T10:00"), (13, "2026-07-12T12:00")),
        due_on="2026-07-14", due_at="2026-07-15T00:00", yellow="2026-07-12T12:00", red="2026-07-15T00:00",
    ),
    # 10 on 3/6; out 11, 12. 3-6 = 1-4, 9=5, 10=6, 13=7, 16=8, 17=9, 18=10. k=4: day 7 = 3/13.
    Vector(
        name="wd-5-extended-to-10-then-paused",
        start="2026-03-02T09:00", length=5, unit="working_day",
        pauses=(("2026-03-10T09:00", "2026-03-12T09:00"),), extensions=((10, "2026-03-06T10:00"),),
        due_on="2026-03-18", due_at="2026-03-19T00:00", yellow="2026-03-13T00:00", red="2026-03-19T00:00",
    ),
    # Out 4, 5, so five days end 3/11 (3=1, 6=2, 9=3, 10=4, 11=5). Eight: 12=6, 13=7, 16=8. k=3: day 6 = 3/12.
    Vector(
        name="wd-5-paused-then-extended-to-8",
        start="2026-03-02T09:00", length=5, unit="working_day",
        pauses=(("2026-03-03T10:00", "2026-03-05T10:00"),), extensions=((8, "2026-03-10T16:00"),),
        due_on="2026-03-16", due_at="2026-03-17T00:00", yellow="2026-03-12T00:00", red="2026-03-17T00:00",
    ),
    # Out 4 (3 to 4 March) and 11 (10 to 11), extended between them: 3=1, 5=2, 6=3, 9=4, 10=5, 12=6, 13=7, 16=8.
    # k=3: day 6 = 3/12.
    Vector(
        name="wd-5-extended-to-8-between-two-pauses",
        start="2026-03-02T09:00", length=5, unit="working_day",
        pauses=(("2026-03-03T10:00", "2026-03-04T10:00"), ("2026-03-10T10:00", "2026-03-11T10:00")),
        extensions=((8, "2026-03-09T16:00"),),
        due_on="2026-03-16", due_at="2026-03-17T00:00", yellow="2026-03-12T00:00", red="2026-03-17T00:00",
    ),
    # One day had no yellow; three have: 3=1, 4=2, 5=3. k=1.
    Vector(
        name="wd-1-extended-to-3-gains-a-yellow",
        start="2026-03-02T09:00", length=1, unit="working_day",
        extensions=((3, "2026-03-03T17:00"),),
        due_on="2026-03-05", due_at="2026-03-06T00:00", yellow="2026-03-05T00:00", red="2026-03-06T00:00",
    ),
    # Ten: 3-6 = 1-4, 9-13 = 5-9, 16=10. Post: yellow 3/17; then 17, 18, 19, 20, 23 are five: red 3/24.
    Vector(
        name="wd-5-post-extended-to-10",
        start="2026-03-02T09:00", length=5, unit="working_day", light="post",
        extensions=((10, "2026-03-09T20:00"),),
        due_on="2026-03-16", due_at="2026-03-17T00:00", yellow="2026-03-17T00:00", red="2026-03-24T00:00",
    ),
    # Eight ended Friday 3/13; ten end Sunday 3/15. The last working day up to it is
    # 3/13, whose 00:00 lies before the extension: crossed at the opening.
    Vector(
        name="day-8-one-day-extended-onto-a-sunday",
        start="2026-03-05T10:00", length=8, unit="day", light="one_day",
        extensions=((10, "2026-03-13T12:00"),),
        due_on="2026-03-15", due_at="2026-03-16T00:00", yellow="2026-03-13T12:00", red="2026-03-16T00:00",
    ),
    # Fifteen ended 5/4 休, rolled to 5/6, so 5/5 is in time. Twenty: 5/9六班, worked. k=7: day 14 = 5/3, crossed.
    Vector(
        name="day-15-extended-in-the-days-won-by-rolling",
        start="2026-04-19T10:00", length=15, unit="day", roll="next_working_day",
        extensions=((20, "2026-05-05T10:00"),),
        due_on="2026-05-09", due_at="2026-05-10T00:00", yellow="2026-05-05T10:00", red="2026-05-10T00:00",
    ),
    # Six: 7/7. k=min(3, 3)=3: day 4 = 7/5, after the extension.
    Vector(
        name="day-4-fix3-extended-to-6",
        start="2026-07-01T10:00", length=4, unit="day", light="fix3",
        extensions=((6, "2026-07-04T09:00"),),
        due_on="2026-07-07", due_at="2026-07-08T00:00", yellow="2026-07-05T00:00", red="2026-07-08T00:00",
    ),
    # Two working days ended 12/30. Five: 29=1, 30=2, 31=3, 2027-01-04=4, 05=5. k=2: day 4. Now 2027 is needed.
    Vector(
        name="wd-2-extended-into-the-unpublished-year",
        start="2026-12-28T09:00", length=2, unit="working_day",
        extensions=((5, "2026-12-30T09:00"),),
        due_on="2027-01-05", due_at="2027-01-06T00:00", yellow="2027-01-04T00:00", red="2027-01-06T00:00",
        provisional=True,
    ),
)

HOURS_AND_MINUTES = (
    # 24 h from Friday 17:00. Yellow after 16 h: Saturday 09:00. Weekends run.
    Vector(
        name="hour-24-into-a-weekend",
        start="2026-03-06T17:00", length=24, unit="hour",
        due_on="2026-03-07", due_at="2026-03-07T17:00", yellow="2026-03-07T09:00", red="2026-03-07T17:00",
    ),
    # 48 h from Friday 09:00: Sunday 09:00. Yellow after 32 h: Saturday 17:00.
    Vector(
        name="hour-48-over-a-weekend",
        start="2026-03-06T09:00", length=48, unit="hour",
        due_on="2026-03-08", due_at="2026-03-08T09:00", yellow="2026-03-07T17:00", red="2026-03-08T09:00",
    ),
    # 2 h over midnight into 10/1 休. Two thirds of 120 minutes are 80: 00:20. A short hour clock has its yellow.
    Vector(
        name="hour-2-over-midnight-into-a-holiday",
        start="2026-09-30T23:00", length=2, unit="hour",
        due_on="2026-10-01", due_at="2026-10-01T01:00", yellow="2026-10-01T00:20", red="2026-10-01T01:00",
    ),
    # Ends at 00:00 of 6/2: the last instant before it is of 6/1. Yellow after 40 minutes.
    Vector(
        name="hour-1-ends-at-midnight",
        start="2026-06-01T23:00", length=1, unit="hour",
        due_on="2026-06-01", due_at="2026-06-02T00:00", yellow="2026-06-01T23:40", red="2026-06-02T00:00",
    ),
    # 200 h = 8 d 8 h. Two thirds: 133 h 20 min = 5 d 13 h 20 min.
    Vector(
        name="hour-200-through-national-day-2025",
        start="2025-09-29T08:00", length=200, unit="hour",
        due_on="2025-10-07", due_at="2025-10-07T16:00", yellow="2025-10-04T21:20", red="2025-10-07T16:00",
    ),
    # 24 h into 2027; yellow after 16 h. No calendar is asked.
    Vector(
        name="hour-24-into-the-unpublished-year",
        start="2026-12-31T12:00", length=24, unit="hour",
        due_on="2027-01-01", due_at="2027-01-01T12:00", yellow="2027-01-01T04:00", red="2027-01-01T12:00",
    ),
    # 24 h from 00:00 end at 24:00 of the same day. Yellow after 16 h.
    Vector(
        name="hour-24-from-midnight-is-due-on-the-same-day",
        start="2026-03-06T00:00", length=24, unit="hour",
        due_on="2026-03-06", due_at="2026-03-07T00:00", yellow="2026-03-06T16:00", red="2026-03-07T00:00",
    ),
    # fix3 is two thirds for hours too.
    Vector(
        name="hour-24-fix3",
        start="2026-03-06T09:00", length=24, unit="hour", light="fix3",
        due_on="2026-03-07", due_at="2026-03-07T09:00", yellow="2026-03-07T01:00", red="2026-03-07T09:00",
    ),
    # So is one_day, on a Saturday as on any day.
    Vector(
        name="hour-24-one-day",
        start="2026-03-06T09:00", length=24, unit="hour", light="one_day",
        due_on="2026-03-07", due_at="2026-03-07T09:00", yellow="2026-03-07T01:00", red="2026-03-07T09:00",
    ),
    # Yellow when due, red one whole length later.
    Vector(
        name="hour-24-post",
        start="2026-03-06T09:00", length=24, unit="hour", light="post",
        due_on="2026-03-07", due_at="2026-03-07T09:00", yellow="2026-03-07T09:00", red="2026-03-08T09:00",
    ),
    # Six hours of pause move due to 15:00; red is 24 h after that, without the six hours again.
    Vector(
        name="hour-24-post-paused",
        start="2026-03-06T09:00", length=24, unit="hour", light="post",
        pauses=(("2026-03-06T12:00", "2026-03-06T18:00"),),
        due_on="2026-03-07", due_at="2026-03-07T15:00", yellow="2026-03-07T15:00", red="2026-03-08T15:00",
    ),
    # Six hours before yellow: 01:00 becomes 07:00, due 09:00 becomes 15:00.
    Vector(
        name="hour-24-paused-before-yellow",
        start="2026-03-06T09:00", length=24, unit="hour",
        pauses=(("2026-03-06T12:00", "2026-03-06T18:00"),),
        due_on="2026-03-07", due_at="2026-03-07T15:00", yellow="2026-03-07T07:00", red="2026-03-07T15:00",
    ),
    # Six hours after yellow (01:00): only due moves.
    Vector(
        name="hour-24-paused-after-yellow",
        start="2026-03-06T09:00", length=24, unit="hour",
        pauses=(("2026-03-07T04:00", "2026-03-07T10:00"),),
        due_on="2026-03-07", due_at="2026-03-07T15:00", yellow="2026-03-07T01:00", red="2026-03-07T15:00",
    ),
    # The pause begins at the very instant of yellow: not before it, so yellow stays. Two hours: due 11:00.
    Vector(
        name="hour-24-paused-at-the-instant-of-yellow",
        start="2026-03-06T09:00", length=24, unit="hour",
        pauses=(("2026-03-07T01:00", "2026-03-07T03:00"),),
        due_on="2026-03-07", due_at="2026-03-07T11:00", yellow="2026-03-07T01:00", red="2026-03-07T11:00",
    ),
    # Four hours move yellow from 01:00 to 05:00; now the pause at 03:00 comes before it: 07:00. Due 09:00+4+2 = 15:00.
    Vector(
        name="hour-24-paused-twice-the-first-brings-the-second-before-yellow",
        start="2026-03-06T09:00", length=24, unit="hour",
        pauses=(("2026-03-06T20:00", "2026-03-07T00:00"), ("2026-03-07T03:00", "2026-03-07T05:00")),
        due_on="2026-03-07", due_at="2026-03-07T15:00", yellow="2026-03-07T07:00", red="2026-03-07T15:00",
    ),
    # Paused from the start for three days: yellow (3/7 01:00) and due (3/7 09:00) both move by 72 h, to 3/10.
    Vector(
        name="hour-24-paused-from-the-start-over-a-weekend",
        start="2026-03-06T09:00", length=24, unit="hour",
        pauses=(("2026-03-06T09:00", "2026-03-09T09:00"),),
        due_on="2026-03-10", due_at="2026-03-10T09:00", yellow="2026-03-10T01:00", red="2026-03-10T09:00",
    ),
    # 48 h in all: due Sunday 09:00, yellow after 32 h. The old yellow (01:00) is gone.
    Vector(
        name="hour-24-extended-to-48-inside-yellow",
        start="2026-03-06T09:00", length=24, unit="hour",
        extensions=((48, "2026-03-07T02:00"),),
        due_on="2026-03-08", due_at="2026-03-08T09:00", yellow="2026-03-07T17:00", red="2026-03-08T09:00",
    ),
    # 27 h: yellow after 18 h = 03:00, before the extension at 08:00. Due 12:00.
    Vector(
        name="hour-24-extended-by-three-stays-yellow",
        start="2026-03-06T09:00", length=24, unit="hour",
        extensions=((27, "2026-03-07T08:00"),),
        due_on="2026-03-07", due_at="2026-03-07T12:00", yellow="2026-03-07T08:00", red="2026-03-07T12:00",
    ),
    # 36 h granted at 20:00, yellow after 24 h = 09:00; then paused 22:00-23:30: yellow 10:30, due 21:00+1:30 = 22:30.
    Vector(
        name="hour-24-extended-then-paused",
        start="2026-03-06T09:00", length=24, unit="hour",
        pauses=(("2026-03-06T22:00", "2026-03-06T23:30"),), extensions=((36, "2026-03-06T20:00"),),
        due_on="2026-03-07", due_at="2026-03-07T22:30", yellow="2026-03-07T10:30", red="2026-03-07T22:30",
    ),
    # 30 min over midnight; yellow after 20.
    Vector(
        name="minute-30-over-midnight",
        start="2026-03-06T23:45", length=30, unit="minute",
        due_on="2026-03-07", due_at="2026-03-07T00:15", yellow="2026-03-07T00:05", red="2026-03-07T00:15",
    ),
    # Ends at 00:00 of 3/7, which is the end of 3/6.
    Vector(
        name="minute-30-ends-at-midnight",
        start="2026-03-06T23:30", length=30, unit="minute",
        due_on="2026-03-06", due_at="2026-03-07T00:00", yellow="2026-03-06T23:50", red="2026-03-07T00:00",
    ),
    # Yellow when due, red 30 min later.
    Vector(
        name="minute-30-post",
        start="2026-03-06T10:00", length=30, unit="minute", light="post",
        due_on="2026-03-06", due_at="2026-03-06T10:30", yellow="2026-03-06T10:30", red="2026-03-06T11:00",
    ),
    # Ten minutes of pause before yellow: 10:20 becomes 10:30, 10:30 becomes 10:40.
    Vector(
        name="minute-30-paused-before-yellow",
        start="2026-03-06T10:00", length=30, unit="minute",
        pauses=(("2026-03-06T10:05", "2026-03-06T10:15"),),
        due_on="2026-03-06", due_at="2026-03-06T10:40", yellow="2026-03-06T10:30", red="2026-03-06T10:40",
    ),
    # Paused 10:25 to 09:00 of the next day, after yellow: five minutes are left, due 09:05.
    Vector(
        name="minute-30-paused-overnight-after-yellow",
        start="2026-03-06T10:00", length=30, unit="minute",
        pauses=(("2026-03-06T10:25", "2026-03-07T09:00"),),
        due_on="2026-03-07", due_at="2026-03-07T09:05", yellow="2026-03-06T10:20", red="2026-03-07T09:05",
    ),
    # 3000 min = 50 h. Two thirds: 2000 min = 33 h 20 min.
    Vector(
        name="minute-3000-over-labour-day",
        start="2026-05-01T00:00", length=3000, unit="minute",
        due_on="2026-05-03", due_at="2026-05-03T02:00", yellow="2026-05-02T09:20", red="2026-05-03T02:00",
    ),
)

ZONES = (
    # Clocks go forward on 3/29 at 01:00 GMT. 24 h from 12:00 GMT: 12:00 GMT = 13:00 BST. Yellow 04:00 GMT = 05:00 BST.
    Vector(
        name="hour-24-london-spring",
        start="2026-03-28T12:00", length=24, unit="hour", zone="Europe/London",
        due_on="2026-03-29", due_at="2026-03-29T13:00", yellow="2026-03-29T05:00", red="2026-03-29T13:00",
    ),
    # 00:50 GMT + 30 min = 01:20 GMT = 02:20 BST; yellow 01:10 GMT = 02:10 BST.
    Vector(
        name="minute-30-over-the-missing-hour",
        start="2026-03-29T00:50", length=30, unit="minute", zone="Europe/London",
        due_on="2026-03-29", due_at="2026-03-29T02:20", yellow="2026-03-29T02:10", red="2026-03-29T02:20",
    ),
    # Forward on 3/8 at 07:00 UTC. 10:00 EST = 15:00 UTC; +24 h = 11:00 EDT. +16 h = 07:00 UTC, just 03:00 EDT.
    Vector(
        name="hour-24-new-york-spring",
        start="2026-03-07T10:00", length=24, unit="hour", zone="America/New_York",
        due_on="2026-03-08", due_at="2026-03-08T11:00", yellow="2026-03-08T03:00", red="2026-03-08T11:00",
    ),
    # Back on 11/1 at 06:00 UTC. 12:00 EDT = 16:00 UTC; +24 h = 11:00 EST. +16 h = 08:00 UTC = 03:00 EST.
    Vector(
        name="hour-24-new-york-autumn",
        start="2026-10-31T12:00", length=24, unit="hour", zone="America/New_York",
        due_on="2026-11-01", due_at="2026-11-01T11:00", yellow="2026-11-01T03:00", red="2026-11-01T11:00",
    ),
    # Paused from 20:00 EDT = 00:00 UTC to 08:00 EST = 13:00 UTC: 13 h on the wall's 12. Due 16:00+13 = 05:00 UTC
    # = 00:00 EST of 11/2, the end of 11/1. Yellow 08:00+13 = 21:00 UTC = 16:00 EST.
    Vector(
        name="hour-24-paused-over-the-repeated-hour",
        start="2026-10-31T12:00", length=24, unit="hour", zone="America/New_York",
        pauses=(("2026-10-31T20:00", "2026-11-01T08:00"),),
        due_on="2026-11-01", due_at="2026-11-02T00:00", yellow="2026-11-01T16:00", red="2026-11-02T00:00",
    ),
    # Half an hour forward on 10/4 (+10:30 to +11). 24 h: 12:30. 16 h: 04:00 becomes 04:30.
    Vector(
        name="hour-24-lord-howe-spring",
        start="2026-10-03T12:00", length=24, unit="hour", zone="Australia/Lord_Howe",
        due_on="2026-10-04", due_at="2026-10-04T12:30", yellow="2026-10-04T04:30", red="2026-10-04T12:30",
    ),
    # Half an hour back on 4/5 (+11 to +10:30). 24 h: 11:30. 16 h: 04:00 becomes 03:30.
    Vector(
        name="hour-24-lord-howe-autumn",
        start="2026-04-04T12:00", length=24, unit="hour", zone="Australia/Lord_Howe",
        due_on="2026-04-05", due_at="2026-04-05T11:30", yellow="2026-04-05T03:30", red="2026-04-05T11:30",
    ),
    # 3/28=1, 29=2, 30=3. A day is a local day, even the one of 23 hours. k=1.
    Vector(
        name="day-3-london-over-the-short-day",
        start="2026-03-27T10:00", length=3, unit="day", zone="Europe/London",
        due_on="2026-03-30", due_at="2026-03-31T00:00", yellow="2026-03-30T00:00", red="2026-03-31T00:00",
    ),
    # Thursday 10/22; 23=1, 26=2, 27=3, over the long Sunday of 10/25. k=1.
    Vector(
        name="wd-3-london-over-the-long-day",
        start="2026-10-22T10:00", length=3, unit="working_day", zone="Europe/London",
        due_on="2026-10-27", due_at="2026-10-28T00:00", yellow="2026-10-27T00:00", red="2026-10-28T00:00",
    ),
    # 00:30 BST of 6/30 is still 6/29 in UTC; the local day counts. 7/1=1, 2=2, 3=3. k=1.
    Vector(
        name="day-3-london-just-after-local-midnight",
        start="2026-06-30T00:30", length=3, unit="day", zone="Europe/London",
        due_on="2026-07-03", due_at="2026-07-04T00:00", yellow="2026-07-03T00:00", red="2026-07-04T00:00",
    ),
    # Friday 10/30; November 2-6 = 1-5. k=2: day 4. The clocks go back on 11/1.
    Vector(
        name="wd-5-new-york-over-the-long-day",
        start="2026-10-30T10:00", length=5, unit="working_day", zone="America/New_York",
        due_on="2026-11-06", due_at="2026-11-07T00:00", yellow="2026-11-05T00:00", red="2026-11-07T00:00",
    ),
    # From 23:30 of 7/8 to 00:30 of 7/9, local: out 7/9 (in UTC both are 7/9). 7=1, 8=2, 10=3, 11=4, 12=5. k=2: day 4.
    Vector(
        name="day-5-new-york-paused-over-local-midnight",
        start="2026-07-06T10:00", length=5, unit="day", zone="America/New_York",
        pauses=(("2026-07-08T23:30", "2026-07-09T00:30"),),
        due_on="2026-07-12", due_at="2026-07-13T00:00", yellow="2026-07-11T00:00", red="2026-07-13T00:00",
    ),
    # From 19:00 to 21:00 of 7/8, over midnight in UTC only: nothing out. 7-11 = 1-5. k=2: day 4 = 7/10.
    Vector(
        name="day-5-new-york-paused-over-utc-midnight",
        start="2026-07-06T10:00", length=5, unit="day", zone="America/New_York",
        pauses=(("2026-07-08T19:00", "2026-07-08T21:00"),),
        due_on="2026-07-11", due_at="2026-07-12T00:00", yellow="2026-07-10T00:00", red="2026-07-12T00:00",
    ),
    # 3/31=21, 4/9=30, over the half hour of 4/5. k=10: day 21 = 3/31, still at +11, due at +10:30.
    Vector(
        name="day-30-lord-howe",
        start="2026-03-10T10:00", length=30, unit="day", zone="Australia/Lord_Howe",
        due_on="2026-04-09", due_at="2026-04-10T00:00", yellow="2026-03-31T00:00", red="2026-04-10T00:00",
    ),
    # 00:30 of 6/10 at +13 is 6/9 in UTC. 11=1, 12=2, 15=3. k=1.
    Vector(
        name="wd-3-apia",
        start="2026-06-10T00:30", length=3, unit="working_day", zone="Pacific/Apia",
        due_on="2026-06-15", due_at="2026-06-16T00:00", yellow="2026-06-15T00:00", red="2026-06-16T00:00",
    ),
    # 12/31=1, worked and published; its end is 2027 in Apia, and still 2026 in UTC.
    Vector(
        name="wd-1-apia-year-end",
        start="2026-12-30T23:59", length=1, unit="working_day", zone="Pacific/Apia",
        due_on="2026-12-31", due_at="2027-01-01T00:00", yellow=None, red="2027-01-01T00:00",
    ),
    # 23:59 of 9/30; 10/1-7 休, 10/8=1.
    Vector(
        name="wd-1-utc-before-national-day",
        start="2026-09-30T23:59", length=1, unit="working_day", zone="UTC",
        due_on="2026-10-08", due_at="2026-10-09T00:00", yellow=None, red="2026-10-09T00:00",
    ),
    # 1/29 to 2/28, N=30. 2/28六班 is worked: it does not roll. k=10: day 21 = 2/19.
    Vector(
        name="month-1-utc-onto-a-make-up-saturday",
        start="2026-01-29T00:00", length=1, unit="month", roll="next_working_day", zone="UTC",
        due_on="2026-02-28", due_at="2026-03-01T00:00", yellow="2026-02-19T00:00", red="2026-03-01T00:00",
    ),
)
# fmt: on

VECTORS: tuple[Vector, ...] = (
    *WORKING_DAYS,
    *CALENDAR_DAYS,
    *MONTHS,
    *PAUSES,
    *EXTENSIONS,
    *HOURS_AND_MINUTES,
    *ZONES,
)

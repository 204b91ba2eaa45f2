"""Notices as a Chinese spreadsheet saves them and as the State Council words them."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from workflow.notices import Notice, NoticeIsWrong, decoded, read_notice

SHIPPED = Path(__file__).parents[2] / "workflow" / "policies" / "calendars" / "cn-2026.toml"
TABLE = "日期,安排\n2027/2/5,休\n2027/2/13,班\n"
READ = Notice(off=[date(2027, 2, 5)], work=[date(2027, 2, 13)])
#: The State Council's own words for 2026 (国办发明电, 4 November 2025).
WORDS = """国务院办公厅关于2026年部分节假日安排的通知
各省、自治区、直辖市人民政府：经国务院批准，现将2026年元旦、春节、清明节、劳动节、端午节、中秋节和国庆节放假调休日期的具体安排通知如下。
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
节假日期间，各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作，遇有重大突发事件，要按规定及时报告并妥善处置，确保人民群众祥和平安度过节日假期。
国务院办公厅
2025年11月4日
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_notice_is_read_in_every_encoding_that_a_chinese_spreadsheet_saves(encoding: str) -> None:
    assert read_notice(decoded(TABLE.encode(encoding)), year=2027) == READ


@pytest.mark.parametrize("raw", [b"PK\x03\x04workbook", b"\xff\xff\xff", b"\xff\xfe\x00"])
def test_a_file_that_is_no_text_is_refused(raw: bytes) -> None:
    with pytest.raises(NoticeIsWrong, match=r"calendar\.encoding"):
        decoded(raw)


@pytest.mark.parametrize(
    "text",
    [
        TABLE, TABLE.replace(",", "\t"), TABLE.replace(",", ";"), TABLE.replace(",", "；"), TABLE.replace(",", "，"),
        TABLE.replace("/", "-"), TABLE.replace("/", "."), TABLE.replace("\n", "\r\n"), "2027-02-05,off\n2027-02-13,work\n",
        "2027年2月5日,休\n2027年2月13日,班\n", "2月5日,休\n2月13日,班\n", "20270205,休\n20270213,班", "２０２７/２/５，休\n２０２７/２/１３，班",
        "2027/2/5 0:00,休\n2027/2/13 0:00,班\n", "春节,2027/2/5,休\n,2027/2/13,调休上班\n", "2027/2/5,星期五,休\n2027/2/13,星期六,补班\n",
        "2027/2/5 星期五,休\n2027/2/13（周六）,班", '"2027/2/5","休"\n"2027/2/13","班"', "日期;安排;说明\n2027/2/5;放假;除夕, 补\n2027/2/13;上班;\n",
    ],
)  # fmt: skip
def test_a_table_is_read_however_its_days_and_columns_are_written(text: str) -> None:
    assert read_notice(text, year=2027) == READ


def test_a_cell_may_name_the_days_from_one_to_another() -> None:
    assert read_notice("2027/2/5至2027/2/7,休", year=2027).off == [date(2027, 2, day) for day in (5, 6, 7)]


def test_the_state_councils_own_words_are_the_calendar_that_ships() -> None:
    """33 days off: 3 + 9 + 3 + 5 + 3 + 3 + 7; six make-up days."""
    read, (ships,) = read_notice(WORDS, year=2026), tomllib.loads(SHIPPED.read_text("utf-8"))["calendar"]
    assert (sorted(read.off), sorted(read.work)) == (sorted(ships["off"]), sorted(ships["work"]))
    assert len(read.off) == 33
    assert (read.off[0], read.off[3], read.off[11]) == (date(2026, 1, 1), date(2026, 2, 15), date(2026, 2, 23))
    assert read.work == [
        date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
    ]  # fmt: skip


def days(*written: str) -> list[date]:
    return [date.fromisoformat(one) for one in written]


@pytest.mark.parametrize(
    ("text", "off", "work"),
    [
        ("元旦：1月1日放假1天，不调休。", days("2027-01-01"), []),
        (
            "元旦：2027年1月1日（星期五）至3日（星期日）放假，共3天。",
            days("2027-01-01", "2027-01-02", "2027-01-03"),
            [],
        ),
        ("一、元旦:1月1日—3日放假。4日上班。", days("2027-01-01", "2027-01-02", "2027-01-03"), days("2027-01-04")),
        ("元旦：1月1日-1月2日放假；1月9日上班", days("2027-01-01", "2027-01-02"), days("2027-01-09")),
        ("元旦：１月１日到２日放假", days("2027-01-01", "2027-01-02"), []),
        ("春节：2月5日、6日、8日放假", days("2027-02-05", "2027-02-06", "2027-02-08"), []),
        ("跨月：4月30日至5月2日放假", days("2027-04-30", "2027-05-01", "2027-05-02"), []),
        ("放假时间：1月1日至2日。上班时间：1月9日。", days("2027-01-01", "2027-01-02"), days("2027-01-09")),
        ("元旦放假：1月1日至2日放假，1月9日上班。", days("2027-01-01", "2027-01-02"), days("2027-01-09")),
        ("元旦：1月1日放假，与周末连休。鼓励安排职工在除夕（2月5日）休息。", days("2027-01-01"), []),
        ("元旦：1月1日至\n3日放假", days("2027-01-01", "2027-01-02", "2027-01-03"), []),
    ],
)
def test_sentences_say_which_days_are_off_and_which_are_worked(text: str, off: list[date], work: list[date]) -> None:
    assert read_notice(text, year=2027) == Notice(off=off, work=work)


@pytest.mark.parametrize(
    "text",
    [
        "元旦：2026年12月31日（周四）至2027年1月2日（周六）放假",
        "元旦：2026年12月31日至1月2日放假",
        "元旦：12月31日至1月2日放假",
        "元旦：12月31日至2027年1月2日放假",
    ],
)
def test_a_holiday_over_new_year_gives_each_year_its_own_days(text: str) -> None:
    assert read_notice(text, year=2027) == Notice(off=days("2027-01-01", "2027-01-02"), elsewhere=days("2026-12-31"))


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("一、元旦：1月1日放假。\n二、春节：1月4日（周日）上班。", "calendar.weekday", 2),  # 4 January 2027 is a Monday
        ("元旦：2月30日放假", "calendar.day", 1),
        ("元旦：1月1日放假。\n春节：2月5日庆祝。\n清明：4月5日放假。", "calendar.word", 2),
        ("元旦：1月1日放假。1月1日上班。", "policy.day_twice", 1),
        ("元旦：1月1日上班。", "calendar.empty", 1),
        (WORDS, "policy.day_of_another_year", 1),
        ("2027/2/5,休\n2027/2/5,班", "policy.day_twice", 2),
        ("2027/2/5,休\n2026/2/5,休", "policy.day_of_another_year", 2),
        ("2027/2/5,休\n2027/2/6,不详", "calendar.word", 2),
        ("2027/2/5,休\n2027/2/30,休", "calendar.day", 2),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(NoticeIsWrong) as refused:
        read_notice(text, year=2027)
    assert (refused.value.code, refused.value.line) == (code, line)

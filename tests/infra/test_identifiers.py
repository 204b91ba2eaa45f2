"""Which spellings of an identifier that was typed by hand are the same."""

import pytest

from cases.numbers import same_number
from cases.tracking import read_code
from infra.identifiers import read_identifier, read_sign_in_name
from infra.networks import network_of

CODE = "QHB004YAWV88T67V6C7MTN0A"
#: As they were typed; the first as it was printed.
CODES = (
    "QHB0-04YA-WV88-T67V-6C7M-TN0A",
    "ＱＨＢ０-０４ＹＡ-ＷＶ８８-Ｔ６７Ｖ-６Ｃ７Ｍ-ＴＮ０Ａ",
    "ｑｈｂ０－０４ｙａ－ｗｖ８８－ｔ６７ｖ－６ｃ７ｍ－ｔｎ０ａ",
    "QHB0－04YA－WV88－T67V－6C7M－TN0A",
    "QHB0–04YA–WV88–T67V–6C7M–TN0A",
    "QHB0——04YA—WV88―T67V−6C7M‑TN0A",
    "QHB0﹣04YA﹘WV88‐T67V⁃6C7M─TN0A",
    "QHB0 04YA\u3000WV88\u00a0T67V\u20096C7M\tTN0A\r\n",
    "QHB0\u200b04YA\ufeffWV88\u00adT67V\u200e6C7M\u2060TN0A\ufe0f",
    "QHBO.O4YA·WV88、T67V_6C7M/TNOA。",
    "「QHB0-04YA-WV88-T67V-6C7M-TN0A」",
)


@pytest.mark.parametrize("typed", CODES)
def test_a_code_is_read_however_it_was_typed(typed: str) -> None:
    assert read_code(typed) == CODE


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("clerk", "clerk"),
        ("Clerk", "clerk"),
        ("ＣＬＥＲＫ", "clerk"),
        (" clerk\u3000", "clerk"),
        ("cl\u200berk\ufeff", "clerk"),
        ("wang－wei", "wang-wei"),
        ("wang–wei", "wang-wei"),
        ("wang−wei", "wang-wei"),
        ("wang。wei", "wang.wei"),
        ("wang．wei＠office", "wang.wei@office"),
        ("mediator＿２", "mediator_2"),
        ("王 伟", "王伟"),
        ("Straße", "strasse"),
        ("ＥＬＥ\u0301ＮＥ", "eléne"),  # E and a combining accent are the one letter that is printed
        ("\u200b\u3000", ""),
        ("\ud800", ""),
    ],
)
def test_sign_in_names_are_the_same_without_case_width_and_what_does_not_print(typed: str, name: str) -> None:
    assert read_sign_in_name(typed) == name
    assert read_sign_in_name(name) == name, "what is kept is read as itself"


def test_letters_that_are_others_stay_others() -> None:
    assert (
        len({read_sign_in_name(name) for name in ("王伟", "王玮", "wangwei", "wang_wei", "wang-wei", "wang.wei")}) == 6
    )


def test_an_identifier_keeps_its_capital_letters() -> None:
    assert read_identifier("Ａb－1") == "Ab-1"


@pytest.mark.parametrize(
    "typed",
    [
        "（2026）滨园人调字第31号",
        "(２０２６)滨园人调字第３１号",
        "〔2026〕滨园人调字31",
        "【2026】 滨园人调字 第31号\u200b",
    ],
)
def test_a_case_number_is_the_same_in_full_width(typed: str) -> None:
    assert same_number(typed, "（2026）滨园人调字第31号")
    assert not same_number(typed, "（2026）滨园人调字第3号")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_is_the_place_of_a_subscriber(address: str, place: str) -> None:
    assert network_of(address) == place

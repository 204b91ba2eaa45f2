"""Which mail addresses an account may have, and how each goes over the wire."""

import pytest

from infra.addresses import AddressIsWrong, LocalPartIsNotAscii, address_on_the_wire, fault_of_address


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("zhang.wei@example.cn", "zhang.wei@example.cn"),
        ("a+b_c-d@mail.example.cn", "a+b_c-d@mail.example.cn"),
        ("admin@localhost", "admin@localhost"),
        ("zhang@例子.中国", "zhang@xn--fsqu00a.xn--fiqs8s"),
        ("zhang@例子。中国", "zhang@xn--fsqu00a.xn--fiqs8s"),  # the full stop of a Chinese keyboard
        ("zhang@BÜCHER.example", "zhang@xn--bcher-kva.example"),
        ("zhang@xn--fsqu00a.xn--fiqs8s", "zhang@xn--fsqu00a.xn--fiqs8s"),
        ("a" * 64 + "@example.cn", "a" * 64 + "@example.cn"),
    ],
)
def test_an_address_goes_out_with_its_domain_in_ascii(typed: str, wire: str) -> None:
    assert address_on_the_wire(typed) == wire


@pytest.mark.parametrize(
    "typed",
    [
        "", "zhang", "@", "a@", "@b", "a@.", "a@b.", "a@.b", "a@b..c", ".a@b", "a.@b", "a..b@c", "a b@c", "a@b c", "a@b,c@d",
        "a@b%0d%0aBcc:x@y", "a@b\r\nBcc: x@y", "\x01a@b", "a@b\x00", "a@b\n", "<a@b>", '"a b"@c', "a@-b", "a@b-", "a@b_c",
        "a@1.2.3.4", "a@[1.2.3.4]", "a" * 65 + "@example.cn", "a@" + "b" * 64, "a@" + "b." * 126 + "cn", "a@\u200b",
        "a@例\u200b子.\ufffd", "a\u200b@b", "a@@b", "a＠b",
    ],
)  # fmt: skip
def test_what_no_mail_server_takes_is_refused(typed: str) -> None:
    with pytest.raises(AddressIsWrong):
        address_on_the_wire(typed)
    assert fault_of_address(typed)


def test_letters_before_the_at_sign_that_need_another_kind_of_server_are_refused_in_their_own_words() -> None:
    with pytest.raises(LocalPartIsNotAscii):
        address_on_the_wire("张伟@example.cn")
    assert fault_of_address("张伟@example.cn") == "email_not_ascii"
    assert fault_of_address("a@.") == "email_wrong"

"""Examples for the description of the interface: bodies that are what they look like, each of which a test sends."""

from collections.abc import Mapping

from workflow.model import Json

_PERSON: dict[str, Json] = {
    "title": "小区门口长期堵车", "statement": "早晚高峰，小区门口车辆排队，消防车进不来。", "applicant": "李某",
    "applicant_contact": "13800000000", "dispute_type": "99",
}  # fmt: skip

#: By command, or by the code of the operation.
EXAMPLES: Mapping[str, Json] = {
    "register": {"matter": "petition", "fields": {**_PERSON, "channel": "visit"}},
    "send_order": {"matter": "hotline", "order_number": "12345-20260302-0001", "fields": _PERSON},
    "Accept": {"version": 1, "fields": {}},
    "AddNote": {"version": 1, "fields": {"occasion": "note", "note": "已电话联系来访人，约定周三上午面谈。"}},
}

"""What kind of browser somebody uses, from what it says of itself: enough for its owner to know it again, and no more."""

BROWSERS = ("wechat", "dingtalk", "edge", "firefox", "opera", "huawei", "qq", "chrome", "safari", "other")
SYSTEMS = ("harmony", "android", "ios", "windows", "macos", "linux", "other")
#: What a browser of each kind says, in the order in which they are looked for: many say more than one.
_BROWSERS = (
    ("wechat", ("micromessenger", "wxwork")), ("dingtalk", ("dingtalk",)), ("edge", ("edg/", "edga/", "edgios/", "edge/")),
    ("firefox", ("firefox/", "fxios/")), ("opera", ("opr/", "opera")), ("huawei", ("huaweibrowser",)),
    ("qq", ("qqbrowser",)), ("chrome", ("chrome/", "crios/", "chromium/")), ("safari", ("safari/",)),
)  # fmt: skip
_SYSTEMS = (
    ("harmony", ("harmonyos", "openharmony")), ("android", ("android",)), ("ios", ("iphone", "ipad", "ipod")),
    ("windows", ("windows",)), ("macos", ("mac os x", "macintosh")), ("linux", ("linux", "x11")),
)  # fmt: skip


def kind_of(user_agent: str) -> tuple[str, str]:
    """The code of the browser and that of the system; `other` for what is none of these."""
    said = user_agent.lower()

    def found(known: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
        return next((code for code, marks in known if any(mark in said for mark in marks)), "other")

    return found(_BROWSERS), found(_SYSTEMS)

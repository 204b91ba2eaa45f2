"""What no browser of ours sends: texts, charsets, headers and addresses that some reader of them cannot read."""

import encodings
import pkgutil

TEXTS = (
    "", " ", "\0", "\r\n", "\u2028", "\ufeff", "\u202e", "\ud7ff", "💥", "é", "e\u0301", "ﷺ", "１２", "²", "٣", "-", "-0", "0", "-1",
    "1e9999", "NaN", "Infinity", "0x10", "1_000", "9" * 10, "9" * 19, "9" * 20, "9" * 4_300, "9" * 5_000, "-" + "9" * 5_000, "0.1", "true",
    "None", "null", "[]", "{}", "[" * 2_000, "2026-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "2026-W01-1", "20260302",
    "2026-03-02T25:00", "2026-03-29T02:30", "2026-03-02T09:00+25:00", "0001-01-01T00:00", "9999-12-31T23:59", "../../etc/passwd",
    "%00", "%", "%zz", "%ff", "{{7*7}}", "%s%n", "<script>", "'", '"', "\\", "' OR 1=1--", "=1+1", "a" * 300, "中" * 5_000,
    "x" * 100_000, "a@b", "a@b\r\nBcc: c@d", "~", "2026~1", "9999-12-31T23:59:59+14:00~1", "0001-01-01T00:00:00-14:00~1",
)  # fmt: skip
#: Bytes that are no text in UTF-8.
NO_TEXTS = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe4\xb8", b"\x80" * 50)
CHARSETS = tuple(
    sorted({module.name for module in pkgutil.iter_modules(encodings.__path__)} | {"", "none", "\xff", "utf-8;", "x" * 500})
)  # fmt: skip
KINDS = (
    "", "text/plain", "application/json", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x; boundary=y", "multipart/mixed; boundary=x",
    "multipart/form-data; boundary*=utf-8''%ff", "multipart/form-data; boundary=" + "b" * 3_000, ";;;", "\xff", "application/xml",
)  # fmt: skip
METHODS = (
    "GET",
    "POST",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "PUT",
    "PATCH",
    "DELETE",
    "PROPFIND",
    "get",
    "X",
    "CONNECT",
    "PRI",
)
HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Host", ("", "[", "]", "[::1", "a b", "\xff", ":", "127.0.0.1:99999", "evil.test", "127.0.0.1\t", "x" * 3_000)),
    ("Origin", ("", "null", "http://[", "http://[::1", "http://]", "//", "\xff", "http://127.0.0.1:x", "data:,", "x" * 3_000)),
    ("Sec-Fetch-Site", ("", "same-origin", "cross-site", "\xff", "none")),
    ("Referer", ("http://[", "\xff")),
    ("Accept-Language", ("", "\xff", "x" * 3_000, ";q=9")),
    ("Accept-Encoding", ("\xff", "gzip;q=\xb2")),
    ("Range", ("bytes=", "bytes=9-1", "bytes=" + "9" * 5_000 + "-", "bytes=0-0,0-0,0-0", "\xff", "bytes=-" + "9" * 30)),
    ("If-None-Match", ("\xff", "*", '"' * 500)),
    ("If-Modified-Since", ("9" * 5_000, "\xff", "Thu, 99 Foo 99999 99:99:99 GMT")),
    ("If-Range", ("\xff", "Thu, 99 Foo 99999 99:99:99 GMT")),
    ("X-Forwarded-For", ("", ",", "[::", "\xff", "1.2.3.4, " * 300)),
    ("X-Forwarded-Proto", ("https", "\xff")),
    ("Expect", ("100-continue", "\xff")),
    ("Upgrade", ("websocket", "h2c", "\xff")),
    ("Connection", ("upgrade", "keep-alive, upgrade", "\xff")),
    ("Content-Encoding", ("gzip", "\xff")),
    ("Transfer-Encoding", ("gzip", "chunked, chunked", "\xff")),
    ("Content-Length", ("-1", "\xb2", "9" * 19, "9" * 5_000, "1, 2", "0x1", "", "3000000")),
    ("Authorization", ("Basic \xff", "Bearer")),
    ("X" * 300, ("x",)),
    ("a\xff", ("x",)),
    ("a b", ("x",)),
    ("Set-Cookie", ("x=\0",)),
)  # fmt: skip
COOKIES = (
    "", "=", "; ;=;", "huiyin_session", "huiyin_session=", "huiyin_session=\xff", 'huiyin_session="\\777"', "huiyin_language=\xff",
    "huiyin_language=../../x", "huiyin_known=\xff", "huiyin_browser=", "huiyin_browser=\xff", 'huiyin_browser="\\', "x" * 4_000, "a=b; " * 400,
)  # fmt: skip
PATHS = (
    "/%", "/%zz", "/%ff", "/%00", "//", "/..", "/.", "/;", "/\xff", "*", "http://evil.test/", "evil.test:443", "/static/%00",
    "/static/%ff", "/static/..%2f..%2fpyproject.toml", "/static/../../x", "/static/" + "a" * 5_000, "/static/%5c..%5c", "/static",
    "/static/", "/static//etc/passwd", "/healthz/", "/healthz?" + "a" * 8_000, "/?lang=%ff", "/?" + "a&" * 2_000, "/favicon.ico", "/\t",
)  # fmt: skip

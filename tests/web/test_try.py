import time
from tests.databases import *
def test_x(site, postgresql):
    t=time.time()
    b = site.browser_for("clerk")
    print("signin", time.time()-t); t=time.time()
    r = b.get("/work"); print(r.status_code, time.time()-t); t=time.time()
    r = b.get("/work"); print(r.status_code, time.time()-t)
    r = b.head("/work"); print("head", r.status_code, r.headers)
    r = site.browser_for("administrator").get("/mails/abc"); print(r.status_code, r.text[:300], r.headers)
    b2=site.browser(raise_errors=False)
    r = site.browser_for("auditor").get("/assessment?year=abc"); print(r.status_code, r.text[:300])
    a=site.session_for("administrator")
    try: print(a.get("/mails/99999999999999999999").status_code)
    except Exception as e: print(repr(e))
    try: print(b.get("/work?after=2026-01-01T00:00:00%2B00:00~99999999999999999999").status_code)
    except Exception as e: print(repr(e))
    t=time.time(); found(postgresql); print("pg", time.time()-t)

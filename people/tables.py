"""The tables of people and units. A unit knows every unit above it (`unit_above`), so that scopes are plain joins."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from infra.columns import BigKey, Row, UTCDateTime


class Office(Row, table=True):
    """The one row that says whose database this is."""

    __tablename__ = "office"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
    id: int = Field(default=1, primary_key=True)
    name: str
    short_name: str  #: stands in every case number
    calendar: str
    profiles: str  #: the profiles it has chosen, in the order of its intake desk, separated by spaces
    scheme: str | None = None  #: the scheme it has chosen to score by
    demo: bool = False
    simulation: bool = False
    created_at: datetime = Field(sa_type=UTCDateTime)
    #: Since when the clock of its machine is in doubt, by what it should have shown (`cases/clock_watch.py`).
    clock_doubted_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Unit(Row, table=True):
    """`kind`: upstream (the level above), centre (whose duty leader is told), unit (a room, a desk, an enterprise group)."""

    __tablename__ = "unit"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    parent_id: int | None = Field(default=None, foreign_key="unit.id", sa_type=BigKey)
    name: str
    kind: str
    takes_intake: bool = False
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  #: since when nothing is assigned to it


class UnitAbove(Row, table=True):
    """`above` is `unit` itself (depth 0) or a unit above it."""

    __tablename__ = "unit_above"
    unit: int = Field(primary_key=True, foreign_key="unit.id", sa_type=BigKey)
    above: int = Field(primary_key=True, foreign_key="unit.id", sa_type=BigKey, index=True)
    depth: int


class Account(Row, table=True):
    """`login` is kept as `infra.identifiers.read_sign_in_name` spells it, so that unique is unique without case and width."""

    __tablename__ = "account"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigKey, index=True)
    role: str = Field(index=True)
    login: str = Field(unique=True)
    name: str
    email: str
    password_hash: str | None = None
    totp_secret: str | None = None  #: of the second factor, if there is one
    totp_step: int | None = Field(default=None, sa_type=BigKey)  #: the last half minute whose code was used
    language: str = "zh_CN"
    active: bool = True
    created_at: datetime = Field(sa_type=UTCDateTime)


class Post(Row, table=True):
    """A role in a unit that an account has beside the one it was made with, or, as a deputy, in place of somebody who is away. The
    timers make it `active` when its time comes and end it when that is over."""

    __tablename__ = "post"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    account_id: int = Field(foreign_key="account.id", sa_type=BigKey, index=True)
    role: str
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigKey, index=True)
    stands_in_for: int | None = Field(default=None, foreign_key="account.id", sa_type=BigKey, index=True)
    from_at: datetime = Field(sa_type=UTCDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    active: bool = False
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    given_by: int | None = Field(default=None, sa_type=BigKey)


class SavedView(Row, table=True):
    """Filters of the list of matters that somebody keeps under a name: codes and ids as an address has them, and no words that were
    looked for."""

    __tablename__ = "saved_view"
    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_type=BigKey)
    name: str = Field(primary_key=True)
    filters: str


class Identity(Row, table=True):
    """Who signs in to an account by way of somebody else (`people/identities.py`): the hash of their name there."""

    __tablename__ = "identity"
    identity_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", sa_type=BigKey, unique=True)
    created_at: datetime = Field(sa_type=UTCDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Telling(Row, table=True):
    """How somebody has chosen to be told (`people/telling.py`): now, by digest, at the desk; and the hours of a day that are quiet."""

    __tablename__ = "telling"
    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_type=BigKey)
    lights: str
    news: str
    quiet_from: int | None = None
    quiet_until: int | None = None
    phone: str | None = None  #: of the owner, for what is urgent


class WebSession(Row, table=True):
    """A signed-in browser, known by the hash of its token: of an account, or of a petitioner who came with a code."""

    __tablename__ = "web_session"
    token_hash: str = Field(primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", sa_type=BigKey, index=True)
    case_id: int | None = Field(default=None, sa_type=BigKey)
    created_at: datetime = Field(sa_type=UTCDateTime)
    seen_at: datetime = Field(sa_type=UTCDateTime)
    by_link: bool = False  #: begun by a one-time link, and no password chosen since
    limited: str | None = None  #: what comes first: the code of the second factor, or setting one up
    post_id: int | None = Field(
        default=None, sa_type=BigKey
    )  #: as whom the account acts; None: as what it was made for


class AccessToken(Row, table=True):
    """What a program of somebody else acts with as an account, known by the hash of the token; `post_id` as `WebSession` has it."""

    __tablename__ = "access_token"
    token_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", sa_type=BigKey, index=True)
    post_id: int | None = Field(default=None, sa_type=BigKey)
    name: str  #: which program has it, in the owner's words
    scopes: str  #: what it is for, separated by spaces (`people/tokens.py`)
    created_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_by: int | None = Field(default=None, sa_type=BigKey)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Webhook(Row, table=True):
    """An address that is told what happens in the matters that an account may see; from `created_at` to `ended_by` what it is, then how
    far its deliveries are: what comes after `place` is waiting, and what was last tried ends at `until_place`."""

    __tablename__ = "webhook"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    account_id: int = Field(foreign_key="account.id", sa_type=BigKey, index=True)
    post_id: int | None = Field(default=None, sa_type=BigKey)
    address: str
    nonce: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_by: int | None = Field(default=None, sa_type=BigKey)
    place: int = Field(sa_type=BigKey)
    until_place: int | None = Field(default=None, sa_type=BigKey)
    attempts: int = 0
    next_try_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    lease: str | None = None
    delivered_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    failing_since: datetime | None = Field(default=None, sa_type=UTCDateTime)
    last_error: str | None = None


class RecoveryCode(Row, table=True):
    """A code that stands in for the second factor once, known by its hash."""

    __tablename__ = "recovery_code"
    code_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", sa_type=BigKey, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Passkey(Row, table=True):
    """A key pair of which a device of the account's owner keeps the secret half; ids and public keys in base64url."""

    __tablename__ = "passkey"
    credential_id: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", sa_type=BigKey, index=True)
    public_key: str
    sign_count: int = Field(
        sa_type=BigKey
    )  #: how often it has signed, as it says itself; one that says 0 does not count
    name: str  #: what its owner calls it
    created_at: datetime = Field(sa_type=UTCDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class PasskeyChallenge(Row, table=True):
    """What a browser was given to come back with, once, for one purpose: signed by a passkey, or from the unified sign-in. The name
    is that of what it was first for."""

    __tablename__ = "passkey_challenge"
    browser_hash: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    challenge: str
    account_id: int | None = Field(default=None, foreign_key="account.id", sa_type=BigKey)
    expires_at: datetime = Field(sa_type=UTCDateTime)


class SignIn(Row, table=True):
    """That somebody has signed in, how, and in what kind of browser: for the owner of the account to look at, for a while."""

    __tablename__ = "sign_in"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    account_id: int = Field(foreign_key="account.id", sa_type=BigKey, index=True)
    at: datetime = Field(sa_type=UTCDateTime)
    how: str
    browser: str
    system: str


class KnownBrowser(Row, table=True):
    """A browser that an account has signed in with, known by the hash of its token."""

    __tablename__ = "known_browser"
    token_hash: str = Field(primary_key=True)
    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_type=BigKey, index=True)
    seen_at: datetime = Field(sa_type=UTCDateTime)


class Tries(Row, table=True):
    """How often a thing was tried of late, by a hash of what and who. `last` is a hash of what was tried last."""

    __tablename__ = "tries"
    key_hash: str = Field(primary_key=True)
    counted_at: datetime = Field(sa_type=UTCDateTime)
    forgotten_at: datetime = Field(sa_type=UTCDateTime, index=True)
    last: str = ""


class SigninLink(Row, table=True):
    """A link that signs somebody in once (in the demo: as often as it is opened)."""

    __tablename__ = "signin_link"
    token_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", sa_type=BigKey)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    reusable: bool = False
    nonce: str | None = None  #: with a secret of the program, what its token and its code follow from
    code_hash: str | None = None  #: of the code that a second person hands over
    made_by: int | None = Field(default=None, sa_type=BigKey)


class Proposal(Row, table=True):
    """Something that two people decide: asked by one, `verdict` (agreed, refused) by another."""

    __tablename__ = "proposal"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    act: str
    account_id: int | None = Field(default=None, foreign_key="account.id", sa_type=BigKey)
    data: str  #: what was typed, as JSON
    asked_by: int = Field(sa_type=BigKey)
    asked_at: datetime = Field(sa_type=UTCDateTime)
    decided_by: int | None = Field(default=None, sa_type=BigKey)
    decided_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    verdict: str | None = None


class OfficeKey(Row, table=True):
    """Which key the office works with: `anchor` (signs), `rating` (origins of ratings), `links` (mailed links)."""

    __tablename__ = "office_key"
    name: str = Field(primary_key=True)
    fingerprint: str
    public: str | None = None  #: of a key that signs
    pinned_at: datetime = Field(sa_type=UTCDateTime)

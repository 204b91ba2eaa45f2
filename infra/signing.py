"""The office's signing key: Ed25519, a file of its own outside the database and its backups.

The private key is made when it is first needed, in `keys/anchor.pem` of the office's home, and nobody but the program's
own user may read it. The public key stands beside it, to be handed out. How a secret is kept, and what can be wrong with
its file, is in `keys.py`.
"""

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from infra.keys import FOLDER, KeyIsUnreadable, fingerprint_of, kept_secret

PRIVATE, PUBLIC = "anchor.pem", "anchor.pub"
KEY_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that signs, and never leaves the process."""

    _private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


def key_id(public: bytes) -> str:
    """The beginning of the key's fingerprint, in hexadecimal digits."""
    return fingerprint_of(public)[: 2 * KEY_ID_BYTES]


def written(public: bytes) -> str:
    """A public key as people copy it: base64, one line."""
    return base64.b64encode(public).decode()


def signing_file(home: Path) -> Path:
    return home / FOLDER / PRIVATE


def signing_key(home: Path) -> SigningKey:
    """The key of this machine, made now if there is none. Raises `KeyIsExposed`, `KeyIsUnreadable`, `OSError`."""
    path = signing_file(home)
    try:
        private = load_pem_private_key(kept_secret(path, made=_new_key), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyIsUnreadable(path) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyIsUnreadable(path)
    key = SigningKey(private)
    _say_public(path.with_name(PUBLIC), written(key.public) + "\n")
    return key


def public_key(home: Path) -> str | None:
    """The public key as it was handed out, or None as long as nothing has been signed."""
    path = home / FOLDER / PUBLIC
    return path.read_text("ascii").strip() if path.is_file() else None


def public_from(home: Path) -> bytes | None:
    """The raw public key of this machine, if it has a key. Raises `KeyIsExposed`, `KeyIsUnreadable`."""
    return signing_key(home).public if signing_file(home).is_file() else None


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _say_public(path: Path, line: str) -> None:
    if not path.is_file() or path.read_text("ascii", "replace") != line:
        unfinished = path.with_name(f".{PUBLIC}.{secrets.token_hex(8)}")
        unfinished.write_text(line, "ascii")
        unfinished.replace(path)

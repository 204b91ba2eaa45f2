"""A device with passkeys, as far as a server sees one: it makes a key pair for a name, keeps the secret half, and signs what it is
asked to sign. What a browser would see to, the origin and the name, is told to it, so that a test can lie about them.

Source: W3C Web Authentication, level 2, §6.1 (authenticator data), §6.5 (attestation), §7.
"""

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
#: COSE: an elliptic curve key, P-256, for ES256.
EC2, ES256, P256 = 2, -7, 1


@dataclass(kw_only=True)
class Device:
    """`asks_owner`: whether it asks who is there; `steps`: what it adds to its count each time, 0 if it does not count."""

    origin: str
    asks_owner: bool = True
    steps: int = 1
    count: int = 0
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    handle: bytes = b""

    def create(self, options: Any, *, name: str | None = None, challenge: str | None = None) -> str:
        """Its answer to a page that adds a passkey."""
        self.handle = base64url_to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: EC2, 3: ES256, -1: P256, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        held = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(public)
        data = self._data(name or options["rp"]["id"], ATTESTED) + held
        made = {"fmt": "none", "attStmt": {}, "authData": data}
        return self._answer("webauthn.create", challenge or options["challenge"], attestationObject=cbor2.dumps(made))

    def sign(self, options: Any, *, name: str | None = None, challenge: str | None = None) -> str:
        """Its answer to a page that asks for one."""
        said = self._said("webauthn.get", challenge or options["challenge"])
        data = self._data(name or options["rpId"])
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ECDSA(hashes.SHA256()))
        return self._answer(
            "webauthn.get", challenge or options["challenge"], authenticatorData=data, signature=signature,
            userHandle=self.handle,
        )  # fmt: skip

    def _data(self, name: str, flags: int = 0) -> bytes:
        self.count += self.steps
        flags |= PRESENT | (VERIFIED if self.asks_owner else 0)
        return hashlib.sha256(name.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _said(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said, separators=(",", ":")).encode()

    def _answer(self, kind: str, challenge: str, **parts: bytes) -> str:
        response = {name: bytes_to_base64url(part) for name, part in parts.items()}
        response["clientDataJSON"] = bytes_to_base64url(self._said(kind, challenge))
        own = bytes_to_base64url(self.id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": response})

"""Signed notes as C2SP specifies them (c2sp.org/signed-note): a text, an empty line, lines of signatures.

    verifier key   <name>+<key id, 8 hex digits>+<base64 of 0x01 and the 32 bytes of the public key>
    private key    PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 and the 32 bytes of the seed>
    key id         SHA-256(name || 0x0A || 0x01 || public key)[:4]
    signature      — <name> <base64 of key id and the 64 bytes of the Ed25519 signature of the text>

Ed25519 is that of the package `cryptography`, the extra `[proofs]`.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import Any, Final, NamedTuple

from journal_tools.errors import Finding, ToolError

ED25519: Final = b"\x01"
SIGNATURES_MAX: Final = 100
NOTE_BYTES_MAX: Final = 1 << 20
_PRIVATE: Final = "PRIVATE+KEY+"


class VerifierKey(NamedTuple):
    """Who signs, and the 32 bytes of his public key."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that stand before his signatures."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """A key from its text. Raises ToolError `key_invalid`."""
        name, public = _parse_key(text.strip())
        key = cls(name, public)
        if text.strip() != str(key):
            raise _bad_key("its id is that of another key")
        return key


class SigningKey(NamedTuple):
    """A name and the 32 bytes of a seed."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        """What others need to check its signatures."""
        return VerifierKey(self.name, _ed25519().from_private_bytes(self.seed).public_key().public_bytes_raw())

    def __str__(self) -> str:
        seed = base64.b64encode(ED25519 + self.seed).decode()
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{seed}"

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """A key from its text. Raises ToolError `key_invalid`, without a word of what was read."""
        if not text.startswith(_PRIVATE):
            raise _bad_key("it is no private key")
        name, seed = _parse_key(text.strip().removeprefix(_PRIVATE))
        key = cls(name, seed)
        if text.strip() != str(key):
            raise _bad_key("its id is that of another key")
        return key

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """A new key from the randomness of the operating system."""
        return cls(checked_name(name), _ed25519().generate().private_bytes_raw())


def checked_name(name: str) -> str:
    """A name a key may have. Raises ToolError `key_name_invalid`."""
    if not name or "+" in name or any(letter.isspace() or not letter.isprintable() for letter in name):
        raise ToolError(
            f"{name!r} is no name for a key",
            code="key_name_invalid",
            hint="a name has no space and no +; an address without scheme, such as venue.example/session, is usual",
        )
    return name


def sign(text: str, key: SigningKey) -> str:
    """The note that says a text, signed."""
    private = _ed25519().from_private_bytes(key.seed)
    signature = base64.b64encode(key.verifier.id + private.sign(text.encode())).decode()
    return f"{text}\n— {key.name} {signature}\n"


def text_of(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note, and the names and bytes of its signatures. Raises Finding `note_malformed`."""
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise malformed("it is no UTF-8") from None
    text, gap, lines = whole.rpartition("\n\n")
    controls = any(letter < " " and letter != "\n" for letter in whole)
    if not gap or not lines.endswith("\n") or controls or len(note) > NOTE_BYTES_MAX:
        raise malformed("it is no text, empty line and signatures")
    signatures = [_signature(line) for line in lines[:-1].split("\n")]
    if len(signatures) > SIGNATURES_MAX:
        raise malformed(f"it has more than {SIGNATURES_MAX} signatures")
    return text + "\n", signatures


def opened(note: bytes, key: VerifierKey) -> str:
    """The text of a note that a key signed; signatures of other keys are passed over.

    Raises:
        Finding: `note_malformed`; `signature_missing` the key did not sign it; `signature_invalid` its signature is of
            another text.
    """
    text, signatures = text_of(note)
    mine = [signature[4:] for name, signature in signatures if (name, signature[:4]) == (key.name, key.id)]
    if not mine:
        others = ", ".join(name for name, _ in signatures)
        raise Finding(
            f"{key.name} did not sign this; who did: {others}",
            code="signature_missing",
            hint="is it the right key, and the right checkpoint?",
        )
    if not all(_is_signature(text, signature, key) for signature in mine):
        raise Finding(
            f"the signature of {key.name} is not one of this text",
            code="signature_invalid",
            hint="the text was changed, or somebody else signed in this name: believe nothing it says",
        )
    return text


def malformed(why: str) -> Finding:
    """The finding that something is no signed note, or no checkpoint."""
    return Finding(f"this is no checkpoint: {why}", code="note_malformed", hint="was it cut, or changed on its way?")


# --- how ------------------------------------------------------------------------------------------------------------


def _is_signature(text: str, signature: bytes, key: VerifierKey) -> bool:
    _ed25519()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise malformed("a signature is no base64") from None
    if dash != "—" or not name or "+" in name or len(raw) < 5 or base64.b64encode(raw).decode() != encoded:
        raise malformed("a line of signatures is none")
    return name, raw


def _parse_key(text: str) -> tuple[str, bytes]:
    parts = text.split("+", 2)
    try:
        raw = base64.b64decode(parts[-1], validate=True)
    except binascii.Error:
        raise _bad_key("it is no base64") from None
    if len(parts) != 3 or len(raw) != 33 or raw[:1] != ED25519:
        raise _bad_key("it is not name, id and 33 bytes of Ed25519")
    return checked_name(parts[0]), raw[1:]


def _bad_key(why: str) -> ToolError:
    return ToolError(f"this is no key: {why}", code="key_invalid", hint="`journal prove keygen` makes one")


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise ToolError(
            "signatures need cryptography",
            code="extra_missing",
            hint="pip install 'crossbook-journal-tools[proofs]'",
        ) from None
    return Ed25519PrivateKey

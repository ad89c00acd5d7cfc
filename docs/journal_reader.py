"""Read a crossbook journal without crossbook: verify the whole chain, print every record as one line of JSON.

    python journal_reader.py SESSION

Needs the standard library, `lmdb` and `msgspec`. Written from docs/journal_format.md and nothing else. Opens everything
read-only. Exit code 0: everything verifies. 1: something does not; the reason is on stderr. 2: could not run.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import lmdb
import msgspec

HEADER = struct.Struct("<8sIIQQQQ32s32s80sII")
GENESIS_DOMAIN = b"crossbook journal genesis v1\x00"


class Broken(Exception):
    """The journal does not verify."""


def require(condition: object, reason: str) -> None:
    """Raises Broken unless the condition holds."""
    if not condition:
        raise Broken(reason)


def signed_off(path: Path) -> dict[str, Any]:
    """One of the small JSON files; its last member is the SHA-256 of all bytes before it."""
    raw = path.read_bytes()
    content, _, digest = raw.rpartition(b',"sha256":"')
    require(digest == sha256(content).hexdigest().encode() + b'"}\n', f"{path} does not match its digest")
    fields: dict[str, Any] = json.loads(raw)
    require(fields["journal_format"] == 1, f"{path} has format {fields['journal_format']}, this reader knows format 1")
    return fields


def stored(directory: Path, *, live: bool) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a segment in key order. A live segment is read under LMDB's reader lock."""
    with lmdb.open(str(directory), readonly=True, lock=live, create=False) as env, env.begin() as transaction:
        yield from transaction.cursor()


def records(body: bytes, count: int) -> list[list[Any]]:
    """A body is records back to back; with an array header before them it is one msgpack array."""
    found: list[list[Any]] = msgspec.msgpack.decode(b"\xdd" + count.to_bytes(4, "big") + body)
    return found


class Chain:
    """What the next block must continue."""

    def __init__(self, session_file: bytes) -> None:
        self.next_seq = 1
        self.hash = sha256(GENESIS_DOMAIN + session_file).digest()
        self.time_ns = 0

    def accept(self, key: bytes, value: bytes) -> Iterator[dict[str, Any]]:
        """Verifies one block and yields its records."""
        where = f"block at seq {int.from_bytes(key, 'big')}"
        require(len(value) > HEADER.size, f"{where}: no header")
        raw, body = value[: HEADER.size], value[HEADER.size :]
        magic, layout, count, first, base, last_time, _epoch, previous, body_hash, _mark, length, crc = HEADER.unpack(
            raw
        )
        require(magic == b"XBBLOCK1" and layout == 1, f"{where}: not a block of format 1")
        require(zlib.crc32(raw[:196]) == crc, f"{where}: the header does not match its CRC")
        require(key == first.to_bytes(8, "big") and first == self.next_seq, f"{where}: expected seq {self.next_seq}")
        require(previous == self.hash, f"{where}: does not continue the chain")
        require(
            length == len(body) and sha256(body).digest() == body_hash, f"{where}: the body does not match its hash"
        )
        require(base >= self.time_ns, f"{where}: time goes back")
        time_ns = base
        for offset, (dt, origin, author, cause, nonce, command) in enumerate(records(body, count)):
            time_ns = base + dt
            yield {
                "seq": first + offset,
                "time_ns": time_ns,
                "origin": origin,
                "author": author,
                "cause": cause,
                "nonce": nonce,
                "command": command,
            }
        require(time_ns == last_time, f"{where}: the last record's time is not the header's")
        self.next_seq, self.hash, self.time_ns = first + count, sha256(raw).digest(), last_time


def read_session(session: Path) -> Iterator[dict[str, Any]]:
    """Every record of a session in order, verified."""
    chain = Chain((session / "session.json").read_bytes())
    manifest = signed_off(session / "session.json")
    identity = manifest["id"]
    if "change" in manifest:
        raw = (session / "change.json").read_bytes() if (session / "change.json").exists() else b""
        require(sha256(raw).hexdigest() == manifest["change"], "the branch is without the change it was made with")
        print(f"a branch of session {manifest['parent']} up to seq {manifest['parent_seq']}", file=sys.stderr)
    closing = signed_off(session / "closing.json") if (session / "closing.json").exists() else None
    directories = sorted(path for path in (session / "segments").iterdir() if path.name.isdigit())
    previous_footer = ""
    for number, directory in enumerate(directories, start=1):
        opening = signed_off(directory / "opening.json")
        start = (identity, number, chain.next_seq, chain.hash.hex(), previous_footer)
        names = ("session", "segment", "first_seq", "previous_hash", "previous_footer")
        require(tuple(opening[name] for name in names) == start, f"{directory} does not continue the segment before")
        sealed = (directory / "footer.json").exists()
        require(sealed or number == len(directories), f"{directory} has no footer and is not the last segment")
        end = signed_off(directory / "footer.json") if sealed else closing
        if end is not None:  # checked before LMDB maps the file: liblmdb may crash on a damaged one
            require(end["session"] == identity and end["segment"] == number, f"{directory} does not end as stated")
            data = (directory / "data.mdb").read_bytes()
            require(sha256(data).hexdigest() == end["data_sha256"], f"{directory}/data.mdb is not the file signed off")
        for key, value in stored(directory, live=end is None):
            yield from chain.accept(key, value)
        if end is not None:
            require(end["head_hash"] == chain.hash.hex(), f"{directory} ends in another block than stated")
        if sealed:
            previous_footer = sha256((directory / "footer.json").read_bytes()).hexdigest()


def main() -> int:
    """Prints the session named on the command line."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        for record in read_session(Path(sys.argv[1])):
            print(json.dumps(record, default=bytes.hex))
    except Broken as broken:
        print(f"broken: {broken}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

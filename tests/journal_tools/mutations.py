"""Ways to change a journal: as a disk does, as a thief does, and as an insider does who can compute every hash."""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import lmdb

from crossbook.journal.lmdb_file import META_BYTES, LmdbFile

HEADER = struct.Struct("<8sIIQQQQ32s32s80sII")
HEADER_BYTES = HEADER.size
Entry = tuple[int, bytes]
"""A key (the first seq) and a value (the block)."""


class Place(NamedTuple):
    """What a run of bytes of a data file is: `header` or `body` of the block at a seq, or `meta`."""

    begin: int
    end: int
    what: str
    seq: int


# --- files ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def changed(path: Path, raw: bytes | None) -> Iterator[None]:
    """Another content for a file, or none, for as long as the context lasts."""
    before = path.read_bytes()
    if raw is None:
        path.unlink()
    else:
        path.write_bytes(raw)
    try:
        yield
    finally:
        path.write_bytes(before)


def flipped(raw: bytes, at: int, mask: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ mask]) + raw[at + 1 :]


def signed(members: dict[str, Any]) -> bytes:
    """A small file as its content must be spelled, with the digest an insider would compute."""
    content = json.dumps({k: v for k, v in members.items() if k != "sha256"}, separators=(",", ":")).encode()[:-1]
    return content + b',"sha256":"' + sha256(content).hexdigest().encode() + b'"}\n'


def edited(path: Path, **values: Any) -> bytes:
    return signed(json.loads(path.read_bytes()) | values)


def segment_paths(session: Path) -> list[Path]:
    return sorted((session / "segments").iterdir())


# --- data files -------------------------------------------------------------------------------------------------------


def entries(data: Path) -> list[Entry]:
    with LmdbFile(data) as file:
        return [(int.from_bytes(node.key, "big"), file.value(file.newest, node)) for node in file.nodes(file.newest)]


def places(data: Path) -> list[Place]:
    """Where the newest tree of a file keeps its blocks, and where its meta pages are."""
    raw = data.read_bytes()
    found = [Place(0, META_BYTES, "meta", 0), Place(4096, 4096 + META_BYTES, "meta", 0)]
    with LmdbFile(data) as file:
        meta = file.newest
        for page in file.leaf_pages(meta, meta.main.root, meta.main.depth, b""):
            for node in file.leaf_nodes(meta, page):
                value = file.value(meta, node)
                begin = raw.index(value, page * 4096) if node.inline is not None else node.overflow_page * 4096 + 16
                seq = int.from_bytes(node.key, "big")
                found.append(Place(begin, begin + HEADER_BYTES, "header", seq))
                found.append(Place(begin + HEADER_BYTES, begin + len(value), "body", seq))
    return found


def place_of(found: list[Place], at: int) -> Place:
    return next((place for place in found if place.begin <= at < place.end), Place(at, at + 1, "nothing", 0))


def write_data(data: Path, blocks: list[Entry], *, map_bytes: int) -> None:
    """A whole LMDB file of these entries, and nothing that would tell it from one that a writer made."""
    with tempfile.TemporaryDirectory() as folder:
        env = lmdb.open(folder, map_size=map_bytes, max_dbs=0, sync=False)
        for part in (blocks[:-1], blocks[-1:]):
            with env.begin(write=True) as transaction:
                for key, value in part:
                    transaction.put(key.to_bytes(8, "big"), value)
        env.close()
        shutil.copyfile(Path(folder) / "data.mdb", data)


def block(value: bytes, *, body: bytes | None = None, **fields: Any) -> bytes:
    """A block with another body or other fields of its header, and the hashes an insider would compute."""
    names = (
        "magic",
        "format",
        "count",
        "first_seq",
        "first_time",
        "last_time",
        "epoch",
        "previous",
        "body_hash",
        "mark",
    )
    header = dict(zip((*names, "length", "crc"), HEADER.unpack(value[:HEADER_BYTES]), strict=True)) | fields
    new = value[HEADER_BYTES:] if body is None else body
    header |= {"body_hash": sha256(new).digest(), "length": len(new), "crc": 0}
    raw = HEADER.pack(*header.values())[:-4]
    return raw + struct.pack("<I", zlib.crc32(raw)) + new


def block_hash(value: bytes) -> bytes:
    return sha256(value[:HEADER_BYTES]).digest()


def first_seq(value: bytes) -> int:
    return int(HEADER.unpack(value[:HEADER_BYTES])[3])


def rechained(blocks: list[Entry], head: bytes) -> list[Entry]:
    """The same blocks, each made to continue the one before."""
    made = []
    for key, value in blocks:
        made.append((key, block(value, previous=head)))
        head = block_hash(made[-1][1])
    return made


# --- an insider -------------------------------------------------------------------------------------------------------


def reseal(session: Path, parts: list[list[Entry]], *, chain: bool) -> None:
    """Write segments with these blocks, and every footer, opening and closing.json anew, as if it had been so always.

    With `chain` the blocks are chained again as well, from genesis.
    """
    manifest = json.loads((session / "session.json").read_bytes())
    head = sha256(b"crossbook journal genesis v1\x00" + (session / "session.json").read_bytes()).digest()
    previous_footer, next_seq = "", 1
    for directory, part in zip(segment_paths(session), parts, strict=True):
        blocks = rechained(part, head) if chain else part
        write_data(directory / "data.mdb", blocks, map_bytes=manifest["segment_bytes"])
        opening = {"first_seq": next_seq, "previous_hash": head.hex(), "previous_footer": previous_footer}
        (directory / "opening.json").write_bytes(edited(directory / "opening.json", **opening))
        last = HEADER.unpack(blocks[-1][1][:HEADER_BYTES])
        head, next_seq = block_hash(blocks[-1][1]), last[3] + last[2]
        raw = (directory / "data.mdb").read_bytes()
        stated = {
            "blocks": len(blocks),
            "head_hash": head.hex(),
            "data_bytes": len(raw),
            "data_sha256": sha256(raw).hexdigest(),
        }
        footer, closing = directory / "footer.json", session / "closing.json"
        if footer.exists():
            sealed = {
                "first_seq": opening["first_seq"],
                "last_seq": next_seq - 1,
                "first_hash": block_hash(blocks[0][1]).hex(),
                "last_time_ns": last[5],
                "epoch": last[6],
                "previous_footer": previous_footer,
            }
            footer.write_bytes(edited(footer, **stated, **sealed))
            previous_footer = sha256(footer.read_bytes()).hexdigest()
        elif closing.exists():
            closing.write_bytes(edited(closing, **stated, next_seq=next_seq, exec_mark=""))

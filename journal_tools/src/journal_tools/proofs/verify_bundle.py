"""Checks the evidence in the directory of this file (`python verify.py`), with the standard library alone.

Exit code 0 if it holds, 1 if not. The files are in docs/journal_proofs.md of crossbook. Two things it cannot do: check
the checkpoint's Ed25519 signature (the standard library has none: use any C2SP verifier, or
`journal check-proof --key`), and vouch for itself: if you do not trust who gave it to you, take it from the tools.
"""

import base64
import json
import struct
import sys
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

HEADER = struct.Struct("<8sIIQQQQ32s32s80sII")
DOMAIN = "crossbook liabilities %s v1\0"


def need(holds: object, why: str) -> None:
    """Refuse if something does not hold."""
    if not holds:
        raise ValueError(why)


def climb(found: Any, index: int, size: int, path: list[Any], join: Any) -> Any:
    """The top of a tree from a leaf and its path, by the steps of RFC 9162, 2.1.3.2."""
    need(0 <= index < size, "there is no such leaf")
    last = size - 1
    for sibling in path:
        need(last > 0, "the path is too long")
        if index & 1 or index == last:
            found = join(sibling, found)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            found = join(found, sibling)
        index, last = index >> 1, last >> 1
    need(last == 0, "the path is too short")
    return found


def node(left: bytes, right: bytes) -> bytes:
    """The hash of a node of RFC 6962."""
    return sha256(b"\x01" + left + right).digest()


def included(proof: dict[str, Any], tree: str, size: int, root: bytes) -> bytes:
    """The leaf of a proof file that leads to the checkpoint's root."""
    need((proof["kind"], proof["version"]) == ("crossbook inclusion proof", 1), "this is no proof of inclusion")
    need((proof["tree"], proof["size"]) == (tree, size), "the proof is of another tree than the checkpoint")
    leaf, path = bytes.fromhex(proof["leaf"]), [bytes.fromhex(text) for text in proof["path"]]
    top = climb(sha256(b"\0" + leaf).digest(), proof["index"], size, path, node)
    need(top == root, "the proof leads to another root than the checkpoint's")
    return leaf


def checkpoint(note: str) -> dict[str, Any]:
    """What the text of a checkpoint says, by name."""
    lines = note[: note.rindex("\n\n")].split("\n")
    said = {line.split(" ")[0]: line.split(" ")[1:] for line in lines[3:]}
    return {**said, "size": int(lines[1]), "root": base64.b64decode(lines[2], validate=True)}


def chain(raw: bytes) -> list[tuple[bytes, int, int, bytes]]:
    """The headers of the blocks in a slice, each whole, each continuing the one before."""
    headers: list[tuple[bytes, int, int, bytes]] = []
    previous: Any = None
    while raw:
        header = raw[:200]
        magic, layout, count, first, begins, ends, _, before, digest, _, length, crc = HEADER.unpack(header)
        body, raw = raw[200 : 200 + length], raw[200 + length :]
        need((magic, layout, crc) == (b"XBBLOCK1", 1, zlib.crc32(header[:196])), "a header is broken")
        need(len(body) == length and count and sha256(body).digest() == digest, "a body is not the one in its header")
        if previous is not None:
            need((before, first) == (sha256(previous[0]).digest(), previous[1]), "a block does not continue another")
            need(begins >= previous[2], "time goes back")
        previous = (header, first + count, ends)
        headers.append((header, first, first + count - 1, body))
    return headers


def record(files: dict[str, bytes], said: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A record: in the tree of records, and in a slice of blocks whose last is in the tree of blocks."""
    leaf = included(json.loads(files["record.json"]), "records", said["size"], said["root"])
    seq, time_ns = struct.unpack(">QQ", leaf[:16])
    need(seq == json.loads(files["record.json"])["index"] + 1, "the record is of another place")
    count, root = int(said["blocks"][0]), base64.b64decode(said["blocks"][1], validate=True)
    last = included(json.loads(files["block.json"]), "blocks", count, root)
    blocks = chain(files["blocks"])
    need(blocks[-1][0] == last, "the slice ends with another block than the proof")
    need(blocks[0][1] <= seq <= blocks[0][2] and leaf[17:] in blocks[0][3], "the slice does not begin with the record")
    return {"record": {"seq": seq, "to_seq": blocks[-1][2]}}, f"time {time_ns} ns, msgpack {leaf[16:].hex()}"


def liability(files: dict[str, bytes], said: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What is owed to an account, in a sum tree whose root the checkpoint states."""
    proof = json.loads(files["liability.json"])

    def packed(sums: list[Any]) -> bytes:
        return b"".join(int(amount).to_bytes(16, "big") for amount in sums)  # refuses what is negative or too large

    def join(left: Any, right: Any) -> Any:
        both = left[0] + packed(left[1]) + right[0] + packed(right[1])
        sums = [int(one) + int(other) for one, other in zip(left[1], right[1], strict=True)]
        return sha256((DOMAIN % "node").encode() + both).digest(), sums

    leaf = bytes.fromhex(proof["salt"]) + proof["account"].to_bytes(4, "big") + packed(proof["sums"])
    path = [(bytes.fromhex(item["hash"]), item["sums"]) for item in proof["path"]]
    start = (sha256((DOMAIN % "leaf").encode() + leaf).digest(), proof["sums"])
    top, sums = climb(start, proof["index"], proof["accounts"], path, join)
    numbers = proof["seq"].to_bytes(8, "big") + proof["accounts"].to_bytes(8, "big")
    assets = b"".join(asset.to_bytes(2, "big") for asset in [len(proof["assets"]), *proof["assets"]])
    about = bytes.fromhex(proof["session"]) + numbers + assets
    root = sha256((DOMAIN % "root").encode() + about + top + packed(sums)).hexdigest()
    need([str(proof["seq"]), root] == said["liabilities"], "it leads to another root than the checkpoint's")
    need([proof["session"]] == said["session"], "it is of another session")
    need(len(proof["sums"]) == 2 * len(proof["assets"]), "sums are missing")
    fact = {"account": proof["account"], "seq": proof["seq"]}
    return {"liability": fact}, f"owed then owing, by asset {proof['assets']}: {proof['sums']} of {sums} in all"


def main() -> None:
    """Check everything, and say what was proved."""
    here = Path(__file__).resolve().parent
    files = {path.name: path.read_bytes() for path in here.iterdir() if path.name != "manifest.json"}
    said = checkpoint(files["checkpoint"].decode())
    fact, shown = (liability if "liability.json" in files else record)(files, said)
    manifest = {
        "kind": "crossbook bundle",
        "version": 1,
        "session": said["session"][0],
        "fact": fact,
        "files": {name: sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    written = (here / "manifest.json").read_text()
    need(
        written == json.dumps(manifest, indent=1) + "\n",
        "a file or the fact is not the one in the manifest",
    )
    print(f"holds: {json.dumps(fact)}\n{shown}\ncheckpoint sha256 {manifest['files']['checkpoint']}")  # noqa: T201
    print("not checked: the signature of the checkpoint")  # noqa: T201


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001  # whatever is wrong with the evidence, it does not hold
        sys.exit(f"does not hold: {type(error).__name__} {error}")

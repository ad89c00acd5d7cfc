"""A kernel in a process of its own, driven over stdin and stdout. It needs a kernel and the standard library.

    python kernel_process.py [EXTENSION]

loads the kernel from the extension's file, or, without one, imports the `crossbook` of that Python. Requests and
answers are a line of JSON, then as many bytes as its `bytes` says:

    {"op": "load", "bytes": n}                        a kernel snapshot; none for genesis
    {"op": "apply", "first_seq", "base_time_ns", "count", "limit", "bytes": n}     a block body; answers its events
    {"op": "keep"} {"op": "back"}                     remembers the state, goes back to it
    {"op": "subsystems"} {"op": "snapshot"}

Every answer has `seq`, `mark` (80 bytes) and `root` (32), in hex; a kernel that refuses answers `error`.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import sys
from typing import Any, BinaryIO


class Host:
    """Holds a kernel, and does what is asked of it. `make` is the kernel's class."""

    def __init__(self, make: Any) -> None:
        self.make = make
        self.kernel = make()
        self.kept = b""

    def state(self) -> dict[str, Any]:
        """Where the kernel stands."""
        kernel = self.kernel
        return {"seq": kernel.seq, "mark": kernel.exec_mark().hex(), "root": kernel.state_root().hex()}

    def load(self, _request: dict[str, Any], data: bytes) -> bytes:
        """Stand where a snapshot stands; without one, at genesis."""
        self.kernel = self.make.from_snapshot(data) if data else self.make()
        self.kept = data
        return b""

    def apply(self, request: dict[str, Any], data: bytes) -> bytes:
        """Execute a block, or the beginning of it."""
        answer: bytes = self.kernel.apply(
            data,
            first_seq=request["first_seq"],
            base_time_ns=request["base_time_ns"],
            count=request["count"],
            limit=request["limit"],
        )
        return answer

    def keep(self, _request: dict[str, Any], _data: bytes) -> bytes:
        """Remember where the kernel stands."""
        self.kept = self.kernel.snapshot() if self.kernel.seq else b""
        return b""

    def back(self, request: dict[str, Any], _data: bytes) -> bytes:
        """Go back to what was remembered."""
        return self.load(request, self.kept)

    def snapshot(self, _request: dict[str, Any], _data: bytes) -> bytes:
        """The state as bytes."""
        state: bytes = self.kernel.snapshot()
        return state

    def subsystems(self, _request: dict[str, Any], _data: bytes) -> bytes:
        """The digest of each subsystem, as JSON."""
        return json.dumps([[name, root.hex()] for name, root in self.kernel.subsystem_roots()]).encode()


def answered(host: Host, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """What a host answers a request: the head, and the bytes after it."""
    operations = {
        "load": host.load,
        "apply": host.apply,
        "keep": host.keep,
        "back": host.back,
        "snapshot": host.snapshot,
        "subsystems": host.subsystems,
    }
    try:
        body = operations[request["op"]](request, data)
        return {**host.state(), "bytes": len(body)}, body
    except Exception as error:  # noqa: BLE001  # Whatever goes wrong in another build is an answer of it.
        return {"error": f"{type(error).__name__}: {error}", "bytes": 0}, b""


def serve(make: Any, source: BinaryIO, target: BinaryIO) -> None:
    """Answer requests until there are none."""
    host = Host(make)
    while line := source.readline():
        request = json.loads(line)
        head, body = answered(host, request, source.read(request.get("bytes", 0)))
        target.write(json.dumps(head).encode() + b"\n" + body)
        target.flush()


def kernel_of(extension: str) -> Any:
    """The kernel's class in the file of an extension."""
    loader = importlib.machinery.ExtensionFileLoader("_kernel", extension)
    spec = importlib.util.spec_from_file_location("_kernel", extension, loader=loader)
    if spec is None:
        raise ImportError(f"{extension} is no extension")
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module.Kernel


def installed() -> Any:
    """The kernel that is installed: the module `crossbook._kernel`."""
    from crossbook import _kernel

    return _kernel


def main() -> None:
    """Serve the kernel that was asked for; what it prints goes to stderr, so that answers stay answers."""
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    make = kernel_of(sys.argv[1]) if len(sys.argv) > 1 else installed().Kernel
    serve(make, sys.stdin.buffer, target)


if __name__ == "__main__":
    main()

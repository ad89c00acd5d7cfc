"""A build of the kernel: this one, the one another Python has installed, or the extension in a wheel or a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, Self

from journal_tools import replaying
from journal_tools.differences import kernel_process
from journal_tools.errors import ToolError

_SERVER: Final = Path(kernel_process.__file__)
_EXTENSIONS: Final = (".so", ".pyd", ".dylib")


class Stand(NamedTuple):
    """Where a kernel stands; `error` says why it stands nowhere any more."""

    seq: int
    mark: bytes
    root: bytes
    error: str = ""


class Build:
    """A kernel that is told what to do in requests. A context manager; this one is the kernel of this process."""

    name = "this build"

    def __init__(self) -> None:
        """Raises ToolError `extra_missing` without crossbook."""
        replaying.need()
        self._host = kernel_process.Host(kernel_process.installed().Kernel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the kernel go."""

    def ask(self, op: str, data: bytes = b"", **request: Any) -> tuple[Stand, bytes]:
        """Make a request; returns where the kernel stands after it, and the bytes of the answer."""
        head, body = self._exchange({"op": op, **request, "bytes": len(data)}, data)
        if "error" in head:
            return Stand(0, b"", b"", str(head["error"])), b""
        return Stand(head["seq"], bytes.fromhex(head["mark"]), bytes.fromhex(head["root"])), body

    def _exchange(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        return kernel_process.answered(self._host, request, data)


class OtherBuild(Build):
    """A kernel in a process of its own."""

    def __init__(self, name: str, command: list[str], folder: TemporaryDirectory[str] | None = None) -> None:
        """`command` is what `kernel_process` describes; `folder` goes when the build does."""
        self.name = name
        self._folder = folder
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # a build is a program that is run
        except OSError as error:
            raise _unusable(name, str(error)) from error

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
        if self._folder is not None:
            self._folder.cleanup()

    def _exchange(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        source, target = self._process.stdout, self._process.stdin
        assert source is not None
        assert target is not None
        try:
            target.write(json.dumps(request).encode() + b"\n" + data)
            target.flush()
        except BrokenPipeError:
            raise _unusable(self.name, "its process ended") from None
        line = source.readline()
        if not line:
            raise _unusable(self.name, "its process ended")
        head: dict[str, Any] = json.loads(line)
        return head, source.read(head["bytes"])


def open_build(named: str | None) -> Build:
    """The build that a text names: a Python, a wheel, an extension's file; this one if nothing is named.

    Raises:
        ToolError: `build_unusable` it is none of these, or cannot be run.
    """
    if named is None:
        return Build()
    path = Path(named)
    if not path.is_file():
        raise _unusable(named, "there is no such file")
    if path.suffix == ".whl":
        folder = TemporaryDirectory(prefix="journal-build-")
        return OtherBuild(named, _command(_unpacked(path, Path(folder.name))), folder)
    if path.suffix in _EXTENSIONS:
        return OtherBuild(named, _command(path))
    if os.access(path, os.X_OK):
        return OtherBuild(named, [str(path.absolute()), str(_SERVER)])
    raise _unusable(named, "it is no Python, no wheel and no extension")


def _command(extension: Path) -> list[str]:
    return [sys.executable, str(_SERVER), str(extension.resolve())]


def _unpacked(wheel: Path, folder: Path) -> Path:
    """The extension of a wheel, written into a folder that goes when the build does."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith("crossbook/_kernel") and name.endswith(_EXTENSIONS):
                return Path(archive.extract(name, folder))
    raise _unusable(str(wheel), "it holds no crossbook kernel")


def _unusable(name: str, why: str) -> ToolError:
    return ToolError(
        f"{name} cannot be used as a build: {why}",
        code="build_unusable",
        hint="give a Python that has crossbook installed, a crossbook wheel, or the file of its extension _kernel",
        build=name,
    )

"""The package as a whole: cheap to import, typed, and its stub says what the extension is."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import crossbook
from crossbook import errors
from crossbook.errors import CrossbookError

ROOT = Path(__file__).parents[2]


def python(program: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments, "-c", program], capture_output=True, text=True, check=True
    ).stdout


def test_importing_the_package_imports_the_standard_library_at_most() -> None:
    loaded = python("import sys, crossbook; print(*sys.modules)").split()
    foreign = {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith(("_", "sitecustomize"))} == {"crossbook"}


def test_importing_the_venue_starts_no_thread_and_configures_no_logging() -> None:
    program = (
        "import sys, threading, logging, structlog; import crossbook.venue, crossbook.replay; "
        "print(threading.active_count(), structlog.is_configured(), logging.root.handlers, 'click' in sys.modules)"
    )
    assert python(program).strip() == "1 False [] False"


def test_every_public_name_is_there() -> None:
    for name in crossbook.__all__:
        assert getattr(crossbook, name).__name__ == name
        assert name in dir(crossbook)
    assert not hasattr(crossbook, "nothing")


def test_the_package_is_marked_as_typed() -> None:
    assert files(crossbook).joinpath("py.typed").is_file()


def test_every_error_of_the_surface_is_a_crossbook_error_with_a_docstring() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) >= 8
    for kind in kinds:
        assert issubclass(kind, CrossbookError)
        assert kind.__doc__


def test_every_error_raised_has_a_code_of_its_own_kind() -> None:
    """No code is used by two kinds of error: a caller may switch on it."""
    homes: dict[str, set[str]] = {}
    for path in sorted(Path(crossbook.__file__).parent.glob("*.py")):
        for kind, code in re.findall(r"(\w+)\(\s*f?\"[^\n]*?,?\s*code=\"(\w+)\"", path.read_text()):
            homes.setdefault(code, set()).add(kind)
    assert len(homes) > 10
    shared = {code: kinds for code, kinds in homes.items() if len(kinds - {"ConfigError"}) > 1}
    assert shared == {}


def test_errors_survive_pickling() -> None:
    import pickle

    error = errors.InputError("no", code="nope", values={"a": 1}, hint="try again")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.values) == (errors.InputError, str(error), {"a": 1})


def test_the_stub_of_the_extension_is_true() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy.stubtest",
            "crossbook._kernel",
            "--mypy-config-file",
            str(ROOT / "pyproject.toml"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr

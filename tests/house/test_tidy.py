"""The house rules that a machine can check: sizes, imports, words.

A file fits a sitting (500 lines), a function a screen (60); LMDB has one importer; the kernel is pure.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
RUST_FUNCTION = re.compile(
    r"^(?P<indent>\s*)(?:pub(?:\([a-z]+\))?\s+)?(?:const\s+|async\s+)*fn\s+(?P<name>\w+)", re.ASCII
)
SKIPPED = {
    "target",
    ".venv",
    ".git",
    "demo-session",
    "demo-session-market",
    "__pycache__",
    ".hypothesis",
    ".mypy_cache",
    ".ruff_cache",
}


def files(suffix: str, *folders: str) -> list[Path]:
    """Our own source files, in order."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob(f"*{suffix}")))
    return [path for path in found if not SKIPPED & set(path.relative_to(ROOT).parts)]


PYTHON = files(".py", "python", "journal_tools", "tests", "benches", "docs")
RUST = files(".rs", "rust", "tests", "benches")


def name(path: Path) -> str:
    """How a test names a file."""
    return str(path.relative_to(ROOT))


def test_there_is_something_to_check() -> None:
    assert len(PYTHON) > 50
    assert len(RUST) > 30


@pytest.mark.parametrize("path", PYTHON + RUST, ids=name)
def test_a_file_fits_a_sitting(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= FILE_LINES_MAX, f"{lines} lines: redesign before you add"


def python_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function with its length; a docstring is not code."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = ast.get_docstring(node) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - docstring


def rust_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function with its length: from its line to the brace at its own indent, as rustfmt writes it."""
    lines = path.read_text().splitlines()
    for start, line in enumerate(lines):
        match = RUST_FUNCTION.match(line)
        if match and not line.rstrip().endswith(";"):
            close = match["indent"] + "}"
            ends = (end for end in range(start, len(lines)) if lines[end] == close or lines[end].endswith("{}"))
            yield match["name"], next(ends, start) - start + 1


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_a_python_function_fits_a_screen(path: Path) -> None:
    long = [(function, lines) for function, lines in python_functions(path) if lines > FUNCTION_LINES_MAX]
    assert long == []


@pytest.mark.parametrize("path", RUST, ids=name)
def test_a_rust_function_fits_a_screen(path: Path) -> None:
    long = [(function, lines) for function, lines in rust_functions(path) if lines > FUNCTION_LINES_MAX]
    assert long == []


def imported(path: Path) -> set[str]:
    """The top-level names of the modules a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_only_the_journal_imports_lmdb() -> None:
    """Law 4: one owner of LMDB in a process."""
    owners = {path.parent.name for path in files(".py", "python") if "lmdb" in imported(path)}
    assert owners == {"journal"}


def test_the_model_shares_no_code_with_what_it_judges() -> None:
    """Two implementations judge each other only if they are two."""
    engines = ROOT / "tests" / "model" / "engines.py"
    guilty = [name(path) for path in files(".py", "tests/model") if path != engines and "crossbook" in imported(path)]
    assert guilty == []


IMPURE = re.compile(r"\b(std::(?:fs|net|time|thread|env|process|io)|SystemTime|Instant|f32|f64|unsafe|println!|rand)\b")


def test_the_kernel_is_pure() -> None:
    """Law 1: no input or output, clock, thread, float, randomness or unsafe code in the kernel."""
    guilty = []
    for path in files(".rs", "rust/kernel"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = line.split("//")[0]
            if IMPURE.search(code) and "forbid(unsafe_code)" not in code:
                guilty.append(f"{name(path)}:{number}: {line.strip()}")
    assert guilty == []


def test_the_kernel_links_neither_python_nor_lmdb() -> None:
    """Laws 1 and 4, in the manifest: the kernel depends on a hash, a hasher and a hint, and on nothing else."""
    manifest = (ROOT / "Cargo.toml").read_text()
    dependencies = manifest.split("[dependencies]")[1].split("\n[")[0]
    named = set(re.findall(r"^([\w-]+)\s*=", dependencies, re.MULTILINE))
    assert named == {"blake3", "rustc-hash", "crossbook-prefetch"}


def test_unsafe_code_is_one_line_in_a_crate_of_its_own() -> None:
    """The measured exception: a hint to the processor, with a safety comment."""
    guilty = {name(path) for path in files(".rs", "rust") if re.search(r"\bunsafe \{", path.read_text())}
    assert guilty == {"rust/prefetch/src/lib.rs"}


def test_no_hash_map_is_keyed_by_what_a_client_chooses() -> None:
    """Ids that collide can be computed; the kernel's own counters cannot be chosen."""
    keys = {key for path in files(".rs", "rust/kernel") for key in re.findall(r"FxHashMap<(\w+)", path.read_text())}
    assert keys == {"AccountId"}


def test_overflow_is_checked_in_release() -> None:
    """Law 1: arithmetic that would wrap stops the engine."""
    release = (ROOT / "Cargo.toml").read_text().split("[profile.release]")[1].split("\n[")[0]
    assert "overflow-checks = true" in release


@pytest.mark.parametrize("path", files(".rs", "rust/kernel"), ids=name)
def test_money_is_not_divided_with_a_bare_slash(path: Path) -> None:
    """A division names its rounding; the functions that do are in one file."""
    if path.name == "quantities.rs":
        assert "div_ceil" in path.read_text()
        return
    code = "\n".join(line.split("//")[0] for line in path.read_text().splitlines())
    assert re.findall(r"\.0\s*/\s", code) == []

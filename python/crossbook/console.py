"""How the command line talks: data to stdout, talk to stderr, one JSON document with `--json`, `hint:` lines.

0  done, nothing found      1  a finding: damage, divergence, a refusal      2  could not run      130  interrupted
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NoReturn, ParamSpec

import click
import structlog
from msgspec import Struct

from crossbook._kernel import KernelError
from crossbook.errors import CrossbookError, NotFound, PolicyDivergence, ReplayDivergence
from crossbook.journal.errors import JournalDamaged
from crossbook.replay import Progress
from crossbook.times import parse_time

EXIT_OK: Final = 0
EXIT_FINDING: Final = 1
EXIT_FAILED: Final = 2
EXIT_INTERRUPTED: Final = 130

P = ParamSpec("P")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


def jsonable(value: Any) -> Any:
    """A value as JSON holds it: decimals in plain digits, fractions as `a/b`, bytes as hex, enums by name."""
    if isinstance(value, Struct):
        return {field: jsonable(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    return value


def emit_json(document: Any) -> None:
    """Print the one JSON document of this run."""
    click.echo(json.dumps(jsonable(document), indent=2))


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Facts one a line, their names in a column."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in rows)


def many(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def guarded(command: Callable[P, int | None]) -> Callable[P, None]:
    """Run a command under the grammar: its return value is the exit code, a CrossbookError is explained."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        configure_logging()
        as_json = bool(kwargs.get("as_json"))
        try:
            code = command(*args, **kwargs)
        except CrossbookError as error:
            fail(error, as_json=as_json)
        except KernelError as error:
            hint = "this is a bug in the kernel: please report it with the journal that shows it"
            fail(CrossbookError(f"the kernel stopped: {error}", code="kernel_fault", hint=hint), as_json=as_json)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(EXIT_OK)
        except OSError as error:
            hint = "check the path, its permissions and the free space"
            values = {"errno": error.errno, "path": error.filename}
            fail(CrossbookError(str(error), code="os_error", values=values, hint=hint), as_json=as_json)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise  # wrong usage that only the command could see
        except Exception as error:  # noqa: BLE001 - Python's own exit code for it, 1, would say that something was found
            traceback.print_exception(error)
            hint = "this is a bug: please report it with the journal that shows it"
            message = f"{type(error).__name__}: {error}"
            fail(CrossbookError(message, code="unforeseen", hint=hint), as_json=as_json)
        sys.exit(code or EXIT_OK)

    return run


def fail(error: CrossbookError, *, as_json: bool, exit_code: int | None = None) -> NoReturn:
    """Explain an error and exit: 1 if it is a finding about the journal, 2 if the command could not run."""
    found = isinstance(error, (ReplayDivergence, PolicyDivergence, JournalDamaged))
    code = exit_code or (EXIT_FINDING if found else EXIT_FAILED)
    if as_json:
        emit_json(
            {"error": {"code": error.code, "message": error.message} | {"values": error.values, "hint": error.hint}}
        )
    else:
        click.echo(f"error: {error.message} [{error.code}]", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
    sys.exit(code)


def configure_logging() -> None:
    """Send the library's warnings to stderr; this program is the application that configures structlog."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


@contextlib.contextmanager
def progress_bar(label: str, *, as_json: bool) -> Iterator[Progress | None]:
    """A progress callback that draws on stderr, if that is a terminal; else None, and nothing is drawn."""
    if as_json or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


class Grammar(click.Group):
    """The root of a command line: wrong usage is told like every other error, as one JSON document if asked for."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's own signature
        **extra: Any,
    ) -> Any:
        """Run, and exit under this grammar instead of click's; see `click.Command.main`."""
        given = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in given
        try:
            code = super().main(given, prog_name, complete_var, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(EXIT_FAILED)
        except click.UsageError as error:
            called = error.ctx.command_path if error.ctx else prog_name
            hint = f"`{called} --help` shows how it is called"
            fail(CrossbookError(error.format_message().rstrip("."), code="usage", hint=hint), as_json=as_json)
        except click.Abort:
            # click would exit with 1, which says that something was found.
            hint = "what was answered is in the journal; `crossbook verify` says where it ends"
            told = CrossbookError("interrupted", code="interrupted", hint=hint)
            fail(told, as_json=as_json, exit_code=EXIT_INTERRUPTED)
        if standalone_mode:
            sys.exit(code or EXIT_OK)
        return code


def parse_at(text: str) -> tuple[int | None, int | None]:
    """`--at` as (seq, None) or (None, time): digits are a seq, anything else is a time.

    Raises InputError `time_syntax`.
    """
    if text.isdigit():
        return int(text), None
    return None, parse_time(text, field="--at", also="a seq, ")


def require_journal(path: Path) -> None:
    """Refuse a path that holds nothing. Raises NotFound `no_such_path`."""
    if not path.exists():
        raise NotFound(
            f"there is nothing at {path}",
            code="no_such_path",
            values={"path": str(path)},
            hint="give the directory of a venue; `crossbook demo` makes one to look at",
        )

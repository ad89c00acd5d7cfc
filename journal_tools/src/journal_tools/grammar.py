"""How every verb talks: data to stdout, talk to stderr, a `hint:` with every refusal, and four exit codes.

0  done, nothing found      1  a finding      2  could not run      125  skipped: no answer here      130  interrupted
"""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, ParamSpec

import click

from journal_tools.errors import Finding, Skipped, ToolError
from journal_tools.output import FORMATS

EXIT_OK: Final = 0
EXIT_FINDING: Final = 1
EXIT_FAILED: Final = 2
EXIT_SKIPPED: Final = 125
EXIT_INTERRUPTED: Final = 130

P = ParamSpec("P")


def verb(name: str, *, short_help: str) -> Callable[[Callable[P, int | None]], click.Command]:
    """Make a function a verb: its options are click's, its return value the exit code, its errors explained.

    Every verb knows `--format` and `--json` (short for `--format json`); the function takes them as `fmt: str`.
    """

    def make(function: Callable[P, int | None]) -> click.Command:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            as_json = bool(kwargs.pop("as_json", False))
            if as_json:
                kwargs["fmt"] = "json"
            sys.exit(_guarded(lambda: function(*args, **kwargs), machine=kwargs.get("fmt") in ("json", "ndjson")))

        command = click.command(name, short_help=short_help)(run)
        # click's mark before lines that are not to be wrapped, as a raw docstring spells it.
        command.help = (command.help or "").replace("\\b\n", "\b\n")
        command = click.option("--json", "as_json", is_flag=True, help="Short for --format json.")(command)
        return click.option(
            "--format",
            "fmt",
            type=click.Choice(FORMATS),
            default="table",
            show_default=True,
            help="How to print. arrow and parquet are binary: redirect them into a file.",
        )(command)

    return make


path_argument = click.argument("path", type=click.Path(path_type=Path))


class Grammar(click.Group):
    """The root of the command line: wrong usage is told like every other refusal, with a code and a hint."""

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
        try:
            code = super().main(given, prog_name, complete_var, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(EXIT_FAILED)
        except click.UsageError as error:
            called = error.ctx.command_path if error.ctx else prog_name
            message = error.format_message().rstrip(".")
            told = ToolError(message, code="usage", hint=f"`{called} --help` shows how it is called")
            _explain(told, machine=_asks_for_json(given))
            sys.exit(EXIT_FAILED)
        except click.Abort:
            # click would exit with 1, which says that something was found.
            _explain(ToolError("interrupted", code="interrupted"), machine=_asks_for_json(given))
            sys.exit(EXIT_INTERRUPTED)
        if standalone_mode:
            sys.exit(code or EXIT_OK)
        return code


def _asks_for_json(given: Sequence[str]) -> bool:
    """Whether arguments that could not be read as a whole ask for a document."""
    formats = [value for option, value in pairwise([*given, ""]) if option == "--format"]
    named = [argument.partition("=")[2] for argument in given if argument.startswith("--format=")]
    return "--json" in given or any(name in ("json", "ndjson") for name in [*formats, *named])


def _guarded(work: Callable[[], int | None], *, machine: bool) -> int:
    try:
        return work() or EXIT_OK
    except ToolError as error:
        _explain(error, machine=machine)
        return exit_code(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except OSError as error:
        _explain(ToolError(str(error), code="os_error", hint="check the path and its permissions"), machine=machine)
        return EXIT_FAILED
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise  # wrong usage that only the verb could see, which `Grammar.main` tells
    except Exception as error:  # noqa: BLE001 - Python's own exit code for it, 1, would say that something was found
        _explain(_of_the_venue(error) or _unforeseen(error), machine=machine)
        return EXIT_FAILED


def _unforeseen(error: Exception) -> ToolError:
    """What nobody thought of: the trace goes to stderr, and the exit code says that the verb could not run."""
    traceback.print_exception(error)
    hint = "this is a bug in the tools: please report it with the journal that shows it"
    return ToolError(f"{type(error).__name__}: {error}", code="unforeseen", hint=hint)


def _of_the_venue(error: Exception) -> ToolError | None:
    """What crossbook refuses where it executes for a verb, as an error of ours; None if it is anything else."""
    errors = sys.modules.get("crossbook.errors")
    if errors is None or not isinstance(error, errors.CrossbookError):
        return None
    told = ToolError(error.message, code=error.code, hint=error.hint)
    told.values = dict(error.values)
    return told


def exit_code(error: ToolError) -> int:
    """The exit code of an error: a finding is 1, a skip 125, everything else 2."""
    return EXIT_FINDING if isinstance(error, Finding) else EXIT_SKIPPED if isinstance(error, Skipped) else EXIT_FAILED


def _explain(error: ToolError, *, machine: bool) -> None:
    if machine:
        document = {"code": error.code, "message": error.message, "values": error.values, "hint": error.hint}
        click.echo(json.dumps({"error": document}, indent=2, default=str))
        return
    kind = "finding" if isinstance(error, Finding) else "skipped" if isinstance(error, Skipped) else "error"
    click.echo(f"{kind}: {error.message} [{error.code}]", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


class Moment(NamedTuple):
    """A moment of a session: a seq, or a stamped time in ns since the epoch."""

    seq: int | None
    time_ns: int | None


def moment(text: str | None) -> Moment:
    """A moment from the command line: a seq, an ISO 8601 time (UTC unless it says otherwise), or ns as `123ns`."""
    if text is None:
        return Moment(None, None)
    if text.isdecimal():
        return Moment(int(text), None)
    if text.endswith("ns") and text[:-2].isdecimal():
        return Moment(None, int(text[:-2]))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ToolError(
            f"{text!r} is no seq and no time",
            code="moment_invalid",
            hint="give a seq, a time like 2026-01-01T00:00:00Z, or ns since the epoch like 1767225600000000000ns",
        ) from None
    moved = found if found.tzinfo else found.replace(tzinfo=UTC)
    since = moved - datetime(1970, 1, 1, tzinfo=UTC)
    return Moment(None, (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000)


def shown_time(time_ns: int) -> str:
    """A stamped time as ISO 8601 in UTC, with all nine digits."""
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


Verb = Callable[..., Any]

"""The command `journal`: the table of its verbs. One verb is one file in `verbs/`, loaded when it is called."""

from __future__ import annotations

import importlib
from typing import ClassVar

import click

from journal_tools.grammar import Grammar


class _Verbs(Grammar):
    """The verbs, by name; each is the attribute `command` of its module."""

    verbs: ClassVar[dict[str, str]] = {
        "verify": "is the chain whole, and what was not checked",
        "stat": "what is in a journal",
        "log": "commands and events, by account, market, order, type and time",
        "show": "one seq in full: the command, its cause, its author, its effects",
        "state": "an account, a market or the venue as of a seq or a time",
        "book": "an order book as of a seq or a time",
        "order": "the whole life of an order",
        "why": "why an account was liquidated, an order refused, a payment made",
        "blame": "the entries a balance is the sum of",
        "grep": "every seq at which a condition became true, and who last changed a value",
        "diff": "two journals: the first divergence, then who, what, how much",
        "bisect": "two builds or replicas: the first seq, subsystem, entity and field that differ",
        "prove": "that a record is in a journal, or that one checkpoint continues another",
        "check-proof": "check what prove made, without a journal",
        "liabilities": "a Merkle sum tree of what is owed to accounts, and a proof for each",
        "report": "named reports for compliance, with the proof attached",
        "export": "Arrow and Parquet, each row with the way back to its block",
        "bundle": "the least evidence of a fact, with a checker of its own",
        "redact": "erase personal fields of a copy, every hash still valid",
        "doctor": "does this machine reproduce the golden journals",
    }

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(self.verbs)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in self.verbs:
            return None
        module = importlib.import_module(f"journal_tools.verbs.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(self.verbs.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="crossbook-journal-tools", prog_name="journal")
def main() -> None:
    """Read, check, explain and prove what is in the journal of a crossbook venue. Nothing is ever written to it.

    Exit codes: 0 done, 1 a finding, 2 could not run, 125 skipped.
    """

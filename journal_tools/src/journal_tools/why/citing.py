"""Seqs as what happened at them: the command, who sent it, and because of what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from journal_tools.grammar import shown_time
from journal_tools.journal import Journal, Record
from journal_tools.verbs.log import spelled
from journal_tools.verbs.show import brief, causes
from journal_tools.vocabulary import fields_of, name_of

WINDOW: Final = 10_000
"""How many seqs before an oracle price its observations are looked for."""


class Citing:
    """Looks up records of a journal, each once."""

    def __init__(self, journal: Journal) -> None:
        self.journal: Final = journal
        self._records: dict[int, Record] = {}

    def record(self, seq: int) -> Record:
        """The record at a seq. Raises ToolError `unknown_seq`."""
        if seq not in self._records:
            self._records[seq] = self.journal.record(seq)[0]
        return self._records[seq]

    def brief(self, seq: int) -> dict[str, Any]:
        """The record at a seq as `journal log` has it, with its cause."""
        record = self.record(seq)
        return brief(record) | {"cause": record.cause or None}

    def words(self, seq: int) -> str:
        """The record at a seq in a line."""
        record = self.record(seq)
        return (
            f"seq {seq}  {shown_time(record.time_ns)}  {name_of(record.command)} {spelled(fields_of(record.command))}"
        )

    def cited(self, seqs: Iterable[int]) -> list[dict[str, Any]]:
        """What is at these seqs, each once, in order."""
        return [self.brief(seq) for seq in sorted(set(seqs))]

    def chain(self, seq: int) -> list[Record]:
        """What caused the command at a seq, the nearest first."""
        return causes(self.journal, self.record(seq))

    def observations(self, chain: list[Record]) -> list[Record]:
        """The observations that an oracle price in a chain of causes was made of, as far as the journal tells.

        The one that is its cause, and others of the same feed since the market's price before.
        """
        priced = next((record for record in chain if name_of(record.command) == "SetOracle"), None)
        observed = next((record for record in chain if name_of(record.command) == "Observe"), None)
        if priced is None or observed is None:
            return [observed] if observed is not None else []
        market, feed = fields_of(priced.command)["market"], fields_of(observed.command)["feed"]
        found: list[Record] = []
        for record in self.journal.records(max(1, priced.seq - WINDOW), priced.seq - 1):
            name, fields = name_of(record.command), fields_of(record.command)
            if name == "SetOracle" and fields["market"] == market:
                found.clear()
            elif name == "Observe" and fields["feed"] == feed:
                found.append(record)
        return found or [observed]

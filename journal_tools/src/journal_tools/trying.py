"""What if: commands tried on a scratch copy of a kernel, and sessions run again with something otherwise.

Beside `replaying`, which tells what happened, and the program that drives another build's kernel, the only module that
imports `crossbook`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from journal_tools import replaying
from journal_tools.journal import Block, Journal, Record

if TYPE_CHECKING:
    from crossbook import rows

    # The names that are imported as themselves are for annotations of modules that do not import the venue.
    from crossbook._kernel import Kernel
    from crossbook.counterfactual.change import Change
    from crossbook.counterfactual.saving import Saving as Saving  # noqa: PLC0414
    from crossbook.counterfactual.saving import Search as Search  # noqa: PLC0414
    from crossbook.counterfactual.saving import Unsaved as Unsaved  # noqa: PLC0414
    from crossbook.counterfactual.trial import Trials as Trials  # noqa: PLC0414
    from crossbook.events import Rejected
    from crossbook.journal import Block as VenueBlock
    from crossbook.journal import Head
    from crossbook.session import Envelope as Envelope  # noqa: PLC0414
    from crossbook.views import Preview


def auction_rows(kernel: Kernel) -> list[rows.AuctionRow]:
    """Every open auction."""
    from crossbook import rows

    return rows.AUCTIONS.decode(kernel.auctions())


def market_of_order(kernel: Kernel, order: int) -> int:
    """The market of an open order, 0 if there is no such order."""
    from crossbook import rows

    found = rows.ORDER.decode(kernel.order(order)) if 0 < order < 2**63 else None
    return found.market if found is not None else 0


def named_values(reject: Rejected) -> dict[str, int]:
    """The two values of a refusal under their names."""
    from crossbook import rejects

    return rejects.named_values(reject.code, reject.a, reject.b)


def advice(reject: Rejected) -> tuple[str, str]:
    """What a refusal means, and what to do about it; nothing of one that this build does not know."""
    from crossbook.rejects import REASONS

    found = REASONS.get(reject.code)
    return (found.meaning, found.hint) if found is not None else ("", "")


def envelope(record: Record, block: Block) -> Envelope:
    """A command of the past with its provenance, to be tried again."""
    from crossbook.session import Envelope
    from crossbook.wire import decode_body

    (found,) = decode_body(block.record_bytes()[record.seq - block.first_seq], 1)
    return Envelope(found.command, found.origin, found.author, found.cause, found.nonce, record.time_ns)


def previewed(kernel: Kernel, items: list[Envelope], account: int = 0) -> Preview:
    """What commands would do to a kernel, found on a scratch copy."""
    from crossbook.preview import preview
    from crossbook.session import UNNAMED

    return preview(kernel, items, now_ns=kernel.time_ns, default=UNNAMED, account=account)


def deposit(account: int, asset: int, amount: int, time_ns: int) -> Envelope:
    """A deposit to try."""
    from crossbook.commands import Deposit
    from crossbook.session import Envelope

    return Envelope(Deposit(account, asset, amount), time_ns=time_ns)


def least(saves: Callable[[int], bool], *, guess: int, most: int) -> int | None:
    """See `crossbook.counterfactual.saving.least`."""
    from crossbook.counterfactual import saving

    return saving.least(saves, guess=guess, most=most)


def trials(path: Path, *, recorded: bool) -> Trials:
    """A session to try changes on: policies run again, or with `recorded` what is on record of them."""
    replaying.need()
    from crossbook.counterfactual.parent import read_parent
    from crossbook.counterfactual.trial import Trials

    return Trials(read_parent(path, recorded=recorded, reader=_Reader))


class _Reader:
    """A journal as the venue's own code reads it, through the reader of the tools: the venue's leaves a lock file."""

    def __init__(self, path: Path) -> None:
        from crossbook.journal import SessionManifest

        self._journal = Journal.open(path)
        fields = SessionManifest.__struct_fields__
        known: dict[str, Any] = {name: self._journal.session.get(name) for name in fields}
        self.manifest = SessionManifest(**known)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Nothing is kept open."""

    def head(self) -> Head:
        """The end of the journal as it is now."""
        from crossbook.journal import Head

        last = self._journal.last_block
        if last is None:
            return Head(next_seq=1, head_hash=b"", last_time_ns=0, epoch=0, blocks=0)
        return Head(last.last_seq + 1, last.hash, last.last_time_ns, last.epoch, blocks=0)

    def blocks(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[VenueBlock]:
        """The blocks that hold these seqs, each checked and linked."""
        from crossbook.journal import Block as VenueBlock
        from crossbook.journal import BlockHeader

        for block in self._journal.blocks(from_seq, to_seq):
            header = BlockHeader(
                magic=block.raw[:8],
                format=self.manifest.journal_format,
                count=block.count,
                first_seq=block.first_seq,
                first_time_ns=block.first_time_ns,
                last_time_ns=block.last_time_ns,
                epoch=block.epoch,
                previous_hash=block.previous,
                body_hash=block.body_hash,
                exec_mark=block.exec_mark,
                body_length=len(block.body),
            )
            yield VenueBlock(header, block.body, block.segment, block.hash)


def search(found: Trials, pool: tuple[int, int, int], *, after: int, until_ns: int) -> Search:
    """What looks for what saves a pool (account, asset, market), changing what comes after a seq."""
    from crossbook.counterfactual.saving import Pool, Search, Window

    return Search(found, Pool(*pool), Window(after, until_ns))


def steps_in_branch(
    found: Trials, out: Path, change: Change, pool: tuple[int, int, int], *, after: int, until_ns: int
) -> list[int]:
    """Write a branch, and say at which of its seqs the waterfall took a step on a pool, after a seq until a time."""
    from crossbook.counterfactual import branch
    from crossbook.counterfactual.saving import Pool, steps_on

    branch(found.parent, out, change)
    journal = Journal.open(out)
    playback, last = replaying.Playback(journal, after=after), journal.seq_at(until_ns)
    return [
        seq
        for seq, events in playback.commands(last)
        if any(steps_on(Pool(*pool), event, playback.kernel) for event in events)
    ]

"""Ids of the parent as ids of the branch.

Orders, auctions and authors are numbered by counters that inside commands move too, so an outside command that names
one of them would mean another one in the branch. What it meant is known: the order that an outside command made, the
n-th order that policies placed for an account in a market, the auction of a position, the n-th policy in a slot. If
the branch has no such thing, the command is kept with an id that cannot exist: it is refused, and counted.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from crossbook import events as e
from crossbook import rows
from crossbook._kernel import Kernel
from crossbook.commands import Amend, Bid, Cancel, CloseAuction, SetAgent
from crossbook.counterfactual.parent import CREATED, Parent
from crossbook.errors import InputError
from crossbook.events import Event
from crossbook.policies import notes
from crossbook.policies.recovery import body_of
from crossbook.receipt import Receipt
from crossbook.session import Envelope

NO_ID: Final = 2**63 - 1
"""An order or an auction that cannot exist."""
SEQ_MAX: Final = 2**64 - 1
"""No cause can be beyond this; whoever names one so far in the future means nothing by it."""
NO_AUTHOR: Final = 2**16 - 1
"""An author that does not exist unless somebody registered as many."""


class Outside(Envelope, frozen=True, gc=False):
    """An outside command on its way into the branch; `parent_seq` is 0 for one that the parent does not have."""

    parent_seq: int = 0


class Ledger:
    """Who made which id in the branch, kept while it runs; the counterpart of `Parent`."""

    def __init__(self, parent: Parent, reached: Callable[[int], Kernel]) -> None:
        """`reached` lets everything before a time happen and returns the branch's kernel."""
        self.parent: Final = parent
        self.unresolved = 0
        self.newly_refused = 0
        self.newly_accepted = 0
        self._reached: Final = reached
        self._seqs: Final = array("Q", bytes(8 * (parent.seq + 1)))
        self._orders: Final[dict[int, int]] = {}
        self._inside_orders: Final[dict[tuple[int, int], list[int]]] = {}
        self._authors: Final[dict[int, int]] = {}
        self._playing: Final[dict[str, list[int]]] = {}
        self._loop_author = 0

    # --- what the branch did ----------------------------------------------------------------------------------------

    def note(self, items: Sequence[Envelope], receipt: Receipt) -> None:
        """Remember what came of a submission of the branch, outside or inside."""
        outside = [item.parent_seq if isinstance(item, Outside) else None for item in items]
        refused: set[int] = set()
        orders: dict[int, int] = {}
        for offset, parent_seq in enumerate(outside):
            if parent_seq:
                self._seqs[parent_seq] = receipt.seq + offset
        for event in receipt.events:
            at = event.seq - receipt.seq
            if type(event) is e.Rejected:
                refused.add(at)
            elif isinstance(event, e.OrderAccepted):
                self._note_order(event, outside[at], orders)
            elif isinstance(event, e.AuthorRegistered) and outside[at]:
                self._authors[outside[at] or 0] = event.author
            elif type(event) in CREATED and outside[at]:
                self._check_created(event, outside[at] or 0)
        for at, parent_seq in enumerate(outside):
            if parent_seq and (at in refused) != self.parent.refused(parent_seq):
                self.newly_refused += at in refused
                self.newly_accepted += at not in refused
        for item in items:
            self._note_engagement(item)

    def _note_order(self, event: e.OrderAccepted, parent_seq: int | None, orders: dict[int, int]) -> None:
        if parent_seq:
            nth = orders[event.seq] = orders.get(event.seq, -1) + 1
            self._orders[parent_seq * 256 + nth] = event.order
        elif parent_seq is None:
            self._inside_orders.setdefault((event.account, event.market), []).append(event.order)

    def _note_engagement(self, item: Envelope) -> None:
        engaged = None if isinstance(item, Outside) else body_of(item.command, notes.ENGAGED, notes.Engaged)
        if engaged is not None:
            self._loop_author = item.author
            self._playing.setdefault(engaged.slot, []).append(engaged.author)

    def _check_created(self, event: Event, parent_seq: int) -> None:
        name = CREATED[type(event)]
        found = (name, getattr(event, name))
        if self.parent.created.get(parent_seq) != found:
            raise InputError(
                f"seq {parent_seq} of the parent gets {name} {found[1]} here, and later commands would mean others",
                code="ids_shifted",
                values={"seq": parent_seq, "kind": name, "id": found[1]},
                hint="leave what creates assets, markets and accounts as it was, and change what is done with them",
            )

    # --- what the parent meant --------------------------------------------------------------------------------------

    def translate(self, at_seq: int, item: Envelope, *, inserted: bool = False) -> Outside:
        """An outside command with the ids that the branch has for what its ids meant at the parent's `at_seq`.

        It is the parent's command at that seq, or one inserted behind it.
        """
        command, time_ns = item.command, item.time_ns or 0
        if isinstance(command, Cancel | Amend) and command.order:
            command = replace(command, order=self._order(command.order, at_seq, time_ns))
        elif isinstance(command, Bid | CloseAuction):
            command = replace(command, auction=self._auction(command.auction, at_seq, time_ns))
        elif isinstance(command, SetAgent):
            command = replace(command, author=self._author(command.author, time_ns))
        author = self._author(item.author, time_ns) if item.author else 0
        cause = self._cause(item.cause, at_seq, time_ns) if item.cause else 0
        return Outside(command, item.origin, author, cause, item.nonce, time_ns, 0 if inserted else at_seq)

    def _found(self, found: int | None) -> int:
        self.unresolved += found is None
        return NO_ID if found is None else found

    def _order(self, order: int, at_seq: int, time_ns: int) -> int:
        key = self.parent.orders.get(order)
        inside = self.parent.inside_orders.get(order)
        if key is not None and key // 256 <= at_seq:
            if key not in self._orders:
                self._reached(time_ns)
            return self._found(self._orders.get(key))
        kernel = self._reached(time_ns)
        if inside is not None and inside[0] <= at_seq:
            _, account, market, nth = inside
            placed = self._inside_orders.get((account, market), [])
            return self._found(placed[nth - 1] if nth <= len(placed) else None)
        # Nobody had this id yet: it was refused, and is refused again.
        return order if rows.ORDER.decode(kernel.order(order)) is None else NO_ID

    def _auction(self, auction: int, at_seq: int, time_ns: int) -> int:
        account, market, opened, closed = self.parent.auctions.get(auction, (0, 0, 0, 0))
        open_now = rows.AUCTIONS.decode(self._reached(time_ns).auctions())
        if opened and opened <= at_seq and not 0 < closed < at_seq:
            place = (account, market)
            return self._found(next((row.auction for row in open_now if (row.account, row.market) == place), None))
        return NO_ID if any(row.auction == auction for row in open_now) else auction

    def _author(self, author: int, time_ns: int) -> int:
        parent = self.parent
        if author in parent.authors:
            if parent.authors[author] not in self._authors:
                self._reached(time_ns)
            found = self._authors.get(parent.authors[author])
        elif author in parent.playing:
            self._reached(time_ns)
            slot, nth = parent.playing[author]
            played = self._playing.get(slot, [])
            found = played[min(nth, len(played)) - 1] if played else None
        elif author and author == parent.loop_author:
            self._reached(time_ns)
            found = self._loop_author or None
        else:
            known = len(rows.AUTHORS.decode(self._reached(time_ns).authors()))
            return NO_AUTHOR if 0 < author <= known else author
        self.unresolved += found is None
        return NO_AUTHOR if found is None else found

    def _cause(self, cause: int, at_seq: int, time_ns: int) -> int:
        """The branch's seq for a cause: an inside one is as far behind the outside command before it as it was."""
        kernel = self._reached(time_ns)
        if cause >= at_seq:
            return min(kernel.seq + 1 + cause - at_seq, SEQ_MAX)
        outside = cause
        while outside and not self._seqs[outside]:
            outside -= 1
        return min(self._seqs[outside] + (cause - outside), kernel.seq) if outside else 0

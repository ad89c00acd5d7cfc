"""A venue that somebody else has open and trades in, for as long as its stdin is open.

python -m tests.journal_tools.open_venue PATH
"""

from __future__ import annotations

import sys
import threading
from itertools import count
from pathlib import Path

from crossbook import Venue
from crossbook.commands import CreateAccount, Deposit, OrderKind, Place, Side, TimeInForce
from tests.flow.big_session import MARK, config


def trade(path: Path) -> None:
    """Open a venue at a path, say so, and go on until nobody listens any more."""
    done = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
    with Venue.create(path, config(), durability="volatile") as venue:
        venue.submit([CreateAccount(0), CreateAccount(0), Deposit(1, 1, 10**9), Deposit(2, 1, 10**9)])
        for number in count():
            price = MARK + number % 10
            venue.submit(
                [
                    Place(1, 1, Side.SELL, OrderKind.LIMIT, price, 3, TimeInForce.GTC),
                    Place(2, 1, Side.BUY, OrderKind.LIMIT, price, 2, TimeInForce.IOC),
                    Place(2, 1, Side.SELL, OrderKind.LIMIT, price, 1, TimeInForce.IOC),
                    Place(1, 1, Side.BUY, OrderKind.MARKET, 0, 1, TimeInForce.IOC),
                ]
            )
            if number == 10:
                sys.stdout.write("open\n")
                sys.stdout.flush()
            if done.wait(0.01):
                return


if __name__ == "__main__":
    trade(Path(sys.argv[1]))

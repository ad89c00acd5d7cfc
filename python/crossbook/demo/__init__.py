"""The demo: a seeded market of many agents under policies, journaled durably, replayed, proved equal, compared.

config.py       how large it is, and when what happens in it happens
market.py       what is traded: three perpetual markets, and the path of what they are about, with one crash in it
oracle.py       the sources of outside prices, which fail in the crash
policies.py     the policies of the venue, as its configuration names them
agents.py       who trades: makers, takers, hedgers, gamblers; each turns what it sees into commands
liquidators.py  who bids in auctions
cast.py         all of them, with their accounts, and what the operator sets up
session.py      the run: rounds of commands through a durable venue, and its policies' answers
tally.py        what happened, counted from events
proof.py        the journal again: from genesis, from a snapshot, in other blocks, and with its policies run again
comparison.py   the same outside commands under another liquidation policy
report.py       what it all came to
screen.py       the screen, with `story.py` for what the policies did
show.py         the demo from start to end
portfolios.py   portfolios on the same markets, for studies
"""

from crossbook.demo.config import DemoConfig
from crossbook.demo.session import Run
from crossbook.demo.show import run

__all__ = ["DemoConfig", "Run", "run"]

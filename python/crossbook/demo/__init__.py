"""The demo: a seeded market of many agents, journaled durably, replayed, proved equal, and shown on one screen.

agents.py    who trades: makers, takers, hedgers, gamblers; each turns what it sees into commands
market.py    what they trade: three perpetual markets and the path of their marks, with one crash in it
session.py   the run: rounds of commands through a durable venue, and what came of them
proof.py     the journal again, from genesis and from a snapshot
report.py    what it all came to
screen.py    the one screen
show.py      the demo from start to end
"""

from crossbook.demo.session import DemoConfig, Run
from crossbook.demo.show import run

__all__ = ["DemoConfig", "Run", "run"]

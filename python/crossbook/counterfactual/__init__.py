"""Counterfactuals: a session run again from its outside commands, with something otherwise, as a branch.

change     what shall be otherwise, as the caller says it
parent     one reading of the parent: outside and inside, who made which id
settings   values of the configuration as commands
plan       the change in terms of the parent's seqs
translate  ids of the parent as ids of the branch
fork       the run
walk       a journal command by command, measured
compare    two sessions side by side
sweep      many branches over local processes
"""

from __future__ import annotations

from crossbook.counterfactual.change import Change, Insert, Patch, parse_change
from crossbook.counterfactual.compare import AccountDifference, Comparison, Divergence, Moment, Party, compare
from crossbook.counterfactual.fork import Branched, branch
from crossbook.counterfactual.parent import Parent, read_parent
from crossbook.counterfactual.sweep import Failure, SweepTable, Swept, sweep

__all__ = [
    "AccountDifference",
    "Branched",
    "Change",
    "Comparison",
    "Divergence",
    "Failure",
    "Insert",
    "Moment",
    "Parent",
    "Party",
    "Patch",
    "SweepTable",
    "Swept",
    "branch",
    "compare",
    "parse_change",
    "read_parent",
    "sweep",
]

"""Reasons: what a number is the sum of, which commands it comes from, and what would have had to be otherwise.

answer       what every question is answered with, and how it is shown
citing       seqs as what happened at them
timeline     what happened to one account: standings, steps of the waterfall, remarks
terms        the term tree of a pool, checked
liquidated   why an account was liquidated
saved        what would have saved it, and the proof
refused      why a command was refused
ordered      why an order ended
happened     why anything else happened
paid         why a funding payment was made
struck       why a position was deleveraged for another account's sake
"""

"""Why what is at a seq happened, where nothing special is to be explained: its causes, and what it did."""

from __future__ import annotations

from journal_tools import replaying
from journal_tools.journal import Journal
from journal_tools.verbs.log import spelled
from journal_tools.why.answer import Answer
from journal_tools.why.citing import Citing


def explain(journal: Journal, seq: int) -> Answer:
    """The command, the chain of its causes with the observations behind them, and its events."""
    citing = Citing(journal)
    events = [replaying.named(event) for event in replaying.answered(journal, seq).events]
    chain = citing.chain(seq)
    observed = citing.observations([citing.record(seq), *chain])
    answer = Answer({"question": "happened", "seq": seq, "command": citing.brief(seq), "events": events})
    answer.document |= {
        "causes": [citing.brief(one.seq) for one in chain],
        "observations": [citing.brief(one.seq) for one in observed],
    }
    answer.say(citing.words(seq), "it was accepted, and did")
    for event in events:
        fields = {name: value for name, value in event.items() if name != "event"}
        answer.say(f"{event['event']} {spelled(fields)}", indent=1)
        answer.row("event", f"{event['event']} {spelled(fields)}", None, "", [seq])
    if chain:
        answer.say("because of", *(f"  {citing.words(one.seq)}" for one in chain))
    if observed:
        answer.say("the observations behind it", *(f"  {citing.words(one.seq)}" for one in observed))
    return answer

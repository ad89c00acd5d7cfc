"""Liquidation policies: what is done about pools in trouble, in which order, and when (`docs/policies_liquidation.md`).

| file | what it is |
|---|---|
| `ladder`, `market`, `dutch`, `backstop` | the policies: orders of rungs |
| `terms` | their configuration, and what a rung answers |
| `waterfall` | the walk they share: from events to cases, from cases to steps |
| `reduction`, `handover`, `losses` | the rungs |
| `cases` | what is remembered |
| `present` | what is seen in a turn |
| `words` | what is put on record |
| `allocation` | who closes in a deleveraging |
"""

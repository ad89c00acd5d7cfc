"""Studies: questions about the rules, answered by the kernel on a scratch venue that nobody journals.

| module | does |
|---|---|
| `scratch` | a kernel without a journal |
| `paths` | seeded stressed paths of marks, in integers |
| `efficiency` | what portfolios must have, and what they leave behind, under each way of margining them |
| `report` | the tables of `docs/capital_efficiency.md` |
"""

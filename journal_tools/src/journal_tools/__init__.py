"""The auditor's bench: reads crossbook journals, and believes nothing it has not checked.

| module | what is there |
|---|---|
| `journal` | the format, read from files alone: small files, LMDB pages, blocks, the chain |
| `vocabulary` | names of commands, events and refusals, and the shapes of records |
| `replaying` | re-execution, the only door to `crossbook`: an extra |
| `walking` | the way from genesis, stretch by stretch, for what has to see all of it |
| `output` | one table of rows in any format |
| `grammar` | exit codes, options, refusals with a hint |
| `verbs` | one verb per file |

Everything is read-only, and works on a sealed or a live journal.
"""

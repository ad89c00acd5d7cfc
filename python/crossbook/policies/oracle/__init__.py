"""Oracle policies: an accepted price out of what sources said, with a grade.

| module | what is there |
|---|---|
| `feeds` | configuration: feeds, their sources, thresholds |
| `heard` | what is remembered of sources and feeds |
| `chain` | the gates, one small function each, and their order |
| `gates` | the default: `Gates` |
| `plain` | to compare with: `PlainMedian`, `Primary` |
| `answers` | an accepted price as the commands that set it |
"""

"""A journal as tables of typed columns, for Arrow and Parquet.

| module | what is there |
|---|---|
| `columns` | the tables and the types of their columns |
| `content` | the rows of every table, by re-execution |
| `files` | a file for each table and segment: written, or read again and compared |
"""

"""Two builds, replicas, journals or branches side by side: where they part, and in what.

| module | what is there |
|---|---|
| `kernel_process` | a kernel in another process, driven over stdin and stdout; needs the standard library alone |
| `builds` | a build of the kernel: this one, another Python's, a wheel's, an extension's file |
| `executions` | a journal executed by a build: probes at seqs, each a digest of everything before it |
| `search` | the first seq at which two executions part, by halving |
| `marks` | the first block at which two journals part by what they recorded, by halving; nothing is executed |
| `records` | the first record that differs, field by field |
| `divergence` | the record, the events and the fields of the state that differ at one seq |
| `holdings` | who has what, and how much of it differs |
| `scripts` | a script as the judge of each seq |
"""

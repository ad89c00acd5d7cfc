"""Policies: the pluggable modules that decide, while the kernel disposes.

| module | what is there |
|---|---|
| `contract` | what a policy is: `Policy`, `Turn`, `Reaction`, `Proposal` |
| `roles` | the order of turns, what each role may propose, its default, what follows a fault |
| `view` | what a policy sees |
| `loop` | instants, turns, wakings |
| `guard` | containment of a policy that fails |
| `notes` | what is put on record about policies, and by them |
| `catalogue` | policies by name, those of other packages included |
| `installed` | `Venue.policies` |
"""

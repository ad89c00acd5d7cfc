"""The durability modes by name."""

from __future__ import annotations

from enum import StrEnum


class Durability(StrEnum):
    """When a block counts as written.

    durable: on disk, by fsync, before `append` returns. pipelined: on disk when `sync` returns; until then the block is
    in memory only, so an unsynced block can be lost but can never endanger a synced one. volatile: handed to the
    operating system without fsync; for simulations: a power failure may lose or tear the live segment.
    """

    DURABLE = "durable"
    PIPELINED = "pipelined"
    VOLATILE = "volatile"

"""What an oracle policy remembers: of each source what it last said, of each feed what was accepted."""

from __future__ import annotations

from msgspec import Struct, field

from crossbook.commands import Grade


class Said(Struct):
    """What one source last said that could be believed, and how it behaved.

    Attributes:
        price: in units of the feed; 0 before the first.
        confidence: in the same units.
        observed_at: by the source's clock, ns since the epoch.
        seq: of the observation.
        repeats: how many times in a row it said this price.
        others: how many times other sources changed theirs meanwhile.
        far_since: `observed_at` of the first observation of a jump it stands by; 0 for none.
        refused: why its last observation was not believed; empty if it was.
        reason: the reason on record; empty while it counts.
    """

    price: int = 0
    confidence: int = 0
    observed_at: int = 0
    seq: int = 0
    repeats: int = 0
    others: int = 0
    far_since: int = 0
    refused: str = ""
    reason: str = ""


class Accepted(Struct):
    """The price that was accepted for a feed, in its units, and its time-weighted average.

    `price` is 0 before the first and after it was lost. `observed_at` is when a quorum of its sources had spoken. The
    average is `twap + twap_rest / window`, taken up to `twap_at`.
    """

    price: int = 0
    confidence: int = 0
    grade: Grade = Grade.NONE
    observed_at: int = 0
    twap: int = 0
    twap_rest: int = 0
    twap_at: int = 0

    def average_to(self, now_ns: int, window_ns: int) -> None:
        """Let the accepted price count in its average up to now: what is older than the window fades out."""
        elapsed = min(max(now_ns - self.twap_at, 0), window_ns)
        total = self.twap * window_ns + self.twap_rest
        self.twap, self.twap_rest = divmod(total + self.price * elapsed - total * elapsed // window_ns, window_ns)
        self.twap_at = now_ns

    def lose(self) -> None:
        """The price is too old to say anything: the next one has nothing to be compared with."""
        self.price, self.grade = 0, Grade.NONE
        self.twap, self.twap_rest = 0, 0

    def begin_average(self, now_ns: int) -> None:
        """The first price of all is its own average."""
        self.twap, self.twap_rest, self.twap_at = self.price, 0, now_ns


class Told(Struct):
    """What the venue was last told about a feed: ticks and a grade, or a collateral price and a depeg rate."""

    price: int = 0
    confidence: int = 0
    rate: int = 0
    observed_at: int = 0
    time_ns: int = 0


class FeedState(Struct):
    """All that is remembered of one feed.

    `tick_size_e12` and `price_max` are those of its market once it is known, 0 before; `adopted` says that the feed
    went on from what the venue had before, `wake_ns` when something of it grows too old, 0 for never.
    """

    said: dict[int, Said] = field(default_factory=dict)
    accepted: Accepted = field(default_factory=Accepted)
    told: Told = field(default_factory=Told)
    tick_size_e12: int = 0
    price_max: int = 0
    adopted: bool = False
    wake_ns: int = 0

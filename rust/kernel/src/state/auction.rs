//! Auctions of positions that their pools can no longer carry.

use std::collections::BTreeMap;

use crate::command::Side;
use crate::quantities::{AccountId, AuctionId, Lots, MarketId, RATE_ONE, Rate, Ticks};

/// A position on offer, at a discount that grows with stamped time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auction {
    /// Whose position.
    pub account: AccountId,
    /// In which market.
    pub market: MarketId,
    /// The position's side: buy is long.
    pub side: Side,
    /// Lots that nobody has taken yet.
    pub lots: Lots,
    /// The discount at its opening.
    pub discount_start_rate: Rate,
    /// The discount from its end on.
    pub discount_end_rate: Rate,
    /// When it opened.
    pub opened_at: u64,
    /// How long the discount grows.
    pub duration_ns: u64,
}

impl Auction {
    /// From when on the discount grows no more.
    pub const fn ends_at(&self) -> u64 {
        self.opened_at.saturating_add(self.duration_ns)
    }

    /// `start + floor((end − start) · min(elapsed, duration) / duration)`.
    pub fn discount(&self, time: u64) -> Rate {
        let elapsed = i128::from((time - self.opened_at).min(self.duration_ns));
        let width = i128::from((self.discount_end_rate - self.discount_start_rate).0);
        let grown = (width * elapsed).div_euclid(i128::from(self.duration_ns));
        self.discount_start_rate + Rate(i64::try_from(grown).expect("at most the width"))
    }

    /// What a lot costs at a time: below the mark if the position is long, above it if it is short.
    pub fn price(&self, time: u64, mark: Ticks, price_max: Ticks) -> Ticks {
        let (mark, one) = (i128::from(mark.0), i128::from(RATE_ONE));
        let discount = i128::from(self.discount(time).0);
        let price = match self.side {
            Side::Buy => (mark * (one - discount)).div_euclid(one).max(1),
            Side::Sell => (-(-mark * (one + discount)).div_euclid(one)).min(i128::from(price_max.0)),
        };
        Ticks(i64::try_from(price).expect("between 1 and the highest price"))
    }
}

/// The open auctions.
#[derive(Clone, Debug, Default)]
pub struct Auctions {
    open: BTreeMap<AuctionId, Auction>,
    /// One a position at a time. Follows from the auctions.
    of_position: BTreeMap<(AccountId, MarketId), AuctionId>,
}

impl Auctions {
    /// Opens an auction under its number.
    pub fn open(&mut self, id: AuctionId, auction: Auction) {
        self.of_position.insert((auction.account, auction.market), id);
        self.open.insert(id, auction);
    }

    /// Takes lots off an auction; gives what is left.
    pub fn take(&mut self, id: AuctionId, lots: Lots) -> Lots {
        let auction = self.open.get_mut(&id).expect("the auction was looked up");
        auction.lots -= lots;
        auction.lots
    }

    /// Closes an auction.
    pub fn close(&mut self, id: AuctionId) -> Auction {
        let auction = self.open.remove(&id).expect("the auction was looked up");
        self.of_position.remove(&(auction.account, auction.market));
        auction
    }

    /// The open auction of this number.
    pub fn find(&self, id: AuctionId) -> Option<&Auction> {
        self.open.get(&id)
    }

    /// The open auction of a position.
    pub fn of_position(&self, account: AccountId, market: MarketId) -> Option<AuctionId> {
        self.of_position.get(&(account, market)).copied()
    }

    /// Every open auction, by number.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (AuctionId, &Auction)> + '_ {
        self.open.iter().map(|(&id, auction)| (id, auction))
    }

    /// How many positions are on offer: as many as auctions, if each position has one.
    pub fn positions(&self) -> usize {
        self.of_position.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auction(side: Side) -> Auction {
        Auction {
            account: AccountId(1),
            market: MarketId(1),
            side,
            lots: Lots(10),
            discount_start_rate: Rate(10_000_000),
            discount_end_rate: Rate(50_000_000),
            opened_at: 100,
            duration_ns: 40,
        }
    }

    #[test]
    fn the_discount_grows_from_its_start_to_its_end_and_stays() {
        let discounts = [100, 110, 139, 140, 1_000].map(|time| auction(Side::Buy).discount(time).0);
        assert_eq!(discounts, [10_000_000, 20_000_000, 49_000_000, 50_000_000, 50_000_000]);
    }

    #[test]
    fn a_long_position_goes_below_the_mark_and_a_short_one_above() {
        assert_eq!(auction(Side::Buy).price(110, Ticks(1_001), Ticks(5_000)), Ticks(980), "980.98");
        assert_eq!(auction(Side::Sell).price(110, Ticks(1_001), Ticks(5_000)), Ticks(1_022), "1,021.02");
        assert_eq!(auction(Side::Buy).price(110, Ticks(1), Ticks(5_000)), Ticks(1), "no price is below one tick");
        assert_eq!(auction(Side::Sell).price(110, Ticks(5_000), Ticks(5_000)), Ticks(5_000), "nor above the highest");
    }

    #[test]
    fn an_end_past_the_end_of_time_is_the_end_of_time() {
        let endless = Auction { duration_ns: u64::MAX, ..auction(Side::Buy) };
        assert_eq!(endless.ends_at(), u64::MAX);
        assert_eq!(endless.discount(u64::MAX), Rate(49_999_999), "100 short of its whole duration");
    }

    #[test]
    fn a_position_is_on_offer_once() {
        let mut auctions = Auctions::default();
        let first = AuctionId(1);
        auctions.open(first, auction(Side::Buy));
        assert_eq!(auctions.of_position(AccountId(1), MarketId(1)), Some(first));
        assert_eq!(auctions.take(first, Lots(4)), Lots(6));
        assert_eq!(auctions.close(first).lots, Lots(6));
        assert_eq!((auctions.of_position(AccountId(1), MarketId(1)), auctions.iter().len()), (None, 0));
    }
}

//! Auctions: what may be put on offer, and who may bid how much.

use super::health::Health;
use super::moving::{Move, Taken, freed, taken_by};
use super::{not_halted, open_market, some};
use crate::command::{Bid, CloseAuction, OpenAuction, Side};
use crate::event::MoveReason;
use crate::matching::book::Book;
use crate::quantities::{AuctionId, Lots, RATE_ONE, Rate, Ticks};
use crate::reject::{Code, Reject, report};
use crate::state::State;
use crate::state::auction::Auction;
use crate::validate::admin::first_failed;
use crate::validate::constraint::Notes;
use crate::validate::exposure::within_caps;
use crate::validate::order::may_add;

/// May the position be put on offer? Gives the auction, and how the pool stands.
pub fn open<B: Book>(state: &State<B>, command: &OpenAuction) -> Result<(Auction, Health), Reject> {
    let &OpenAuction { account, market, lots, discount_start_rate, discount_end_rate, duration_ns } = command;
    let market = open_market(state, market, not_halted)?;
    let health = Health::of_position(state, account, market);
    health.in_need()?;
    let held = health.target(state, market)?.lots;
    let checks = [
        (Lots(1)..=held.abs()).contains(&lots),
        Rate::ZERO <= discount_start_rate,
        discount_start_rate <= discount_end_rate && discount_end_rate <= Rate(RATE_ONE),
        duration_ns >= 1,
    ];
    if let Some(position) = first_failed(&checks) {
        return Err(Code::AuctionInvalid.with(position, 0));
    }
    if let Some(open) = state.auctions.of_position(account, market.id) {
        return Err(Code::AuctionOpen.with(report(open.0), 0));
    }
    let side = if held.0 > 0 { Side::Buy } else { Side::Sell };
    let opened_at = state.sequence.time;
    let auction = Auction {
        account,
        market: market.id,
        side,
        lots,
        discount_start_rate,
        discount_end_rate,
        opened_at,
        duration_ns,
    };
    Ok((auction, health))
}

fn known<B: Book>(state: &State<B>, id: AuctionId) -> Result<Auction, Reject> {
    state.auctions.find(id).copied().ok_or(Code::UnknownAuction.with(report(id.0), 0))
}

/// May the bidder take the lots? Gives the move.
pub fn bid<B: Book>(state: &State<B>, command: &Bid) -> Result<Move, Reject> {
    let auction = known(state, command.auction)?;
    bidder(state, command, &auction)?;
    let market = open_market(state, auction.market, not_halted)?;
    let health = Health::of_position(state, auction.account, market);
    health.in_need()?;
    let target = health.target(state, market)?;
    let side = taken_by(target.lots);
    if side != auction.side {
        return Err(Code::NoPosition.bare());
    }
    some(command.lots)?;
    let lots = command.lots.min(auction.lots).min(target.lots.abs());
    let price = auction.price(state.sequence.time, market.mark, market.price_max);
    let value = target.bid_value(lots, freed(&target, market, lots), price);
    // A price that no market has says no more than the nearest beyond its prices, whose value fits.
    let bounded = command.price.clamp(Ticks(-1), market.price_max + Ticks(1));
    let offered = lots.value_at(bounded, market.tick_value);
    let too_dear = match side {
        Side::Buy => value.wide() > offered,
        Side::Sell => value.wide() < offered,
    };
    if command.price != Ticks::ZERO && too_dear {
        return Err(Code::BidPrice.with(command.price.0, price.0));
    }
    let taken = Taken::by(state, command.account, market, side, (lots, value));
    if !taken.closes() {
        may_add(state, command.account, market)?;
        taken.within_limit(market)?;
        within_caps(state, command.account, market, (&taken.before, &taken.after), &mut Notes::default())?;
    }
    taken.solvent()?;
    let (source, destination) = (auction.account, command.account);
    Taken::by(state, source, market, side.opposite(), (lots, value)).fits()?;
    taken.fits()?;
    Ok(Move { reason: MoveReason::Auction, market: market.id, lots, value, source, destination, side })
}

/// A registered liquidator, and not the seller under another name.
fn bidder<B: Book>(state: &State<B>, command: &Bid, auction: &Auction) -> Result<(), Reject> {
    let master = |account| state.accounts.of(account).master;
    if !state.backstop.is_liquidator(command.account) {
        return Err(Code::BidderNotPermitted.with(1, 0));
    }
    if master(command.account) == master(auction.account) {
        return Err(Code::BidderNotPermitted.with(2, 0));
    }
    Ok(())
}

/// Is there such an auction?
pub fn close<B: Book>(state: &State<B>, command: &CloseAuction) -> Result<(), Reject> {
    known(state, command.auction).map(|_| ())
}

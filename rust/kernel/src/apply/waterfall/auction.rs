//! Auctions: opened by a policy, taken by whoever bids first, closed when nothing is left to sell.

use super::moving::move_lots;
use crate::command::{Bid, CloseAuction, OpenAuction};
use crate::emit::Emitter;
use crate::event::{AuctionClosed, AuctionEnd, AuctionOpened};
use crate::matching::book::Book;
use crate::quantities::{AuctionId, Lots};
use crate::reject::Reject;
use crate::state::State;
use crate::state::auction::Auction;
use crate::validate::waterfall::auction as check;
use crate::validate::waterfall::health::Health;

pub fn open<B: Book>(state: &mut State<B>, command: &OpenAuction, out: &mut Emitter) -> Result<(), Reject> {
    let (auction, health) = check::open(state, command)?;
    state.sequence.auctions += 1;
    let id = AuctionId(state.sequence.auctions);
    state.auctions.open(id, auction);
    let Auction { account, market, side, lots, discount_start_rate, discount_end_rate, .. } = auction;
    out.emit(&AuctionOpened {
        auction: id,
        account,
        market,
        side,
        lots,
        discount_start_rate,
        discount_end_rate,
        ends_at: auction.ends_at(),
        equity: health.equity.clamp_i64(),
        maintenance: health.maintenance.clamp_i64(),
    });
    Ok(())
}

pub fn bid<B: Book>(state: &mut State<B>, command: &Bid, out: &mut Emitter) -> Result<(), Reject> {
    let taken = check::bid(state, command)?;
    move_lots(state, &taken, out);
    let left = state.auctions.take(command.auction, taken.lots);
    let market = &state.markets[taken.market.index()];
    let health = Health::of_position(state, taken.source, market);
    let end = if left == Lots::ZERO {
        AuctionEnd::Taken
    } else if state.accounts.of(taken.source).holdings.position(taken.market).lots == Lots::ZERO {
        AuctionEnd::Gone
    } else if health.equity >= health.recovered {
        AuctionEnd::Recovered
    } else {
        return Ok(());
    };
    end_auction(state, command.auction, end, out);
    Ok(())
}

pub fn close<B: Book>(state: &mut State<B>, command: &CloseAuction, out: &mut Emitter) -> Result<(), Reject> {
    check::close(state, command)?;
    end_auction(state, command.auction, AuctionEnd::Requested, out);
    Ok(())
}

fn end_auction<B: Book>(state: &mut State<B>, id: AuctionId, reason: AuctionEnd, out: &mut Emitter) {
    let Auction { account, market, lots, .. } = state.auctions.close(id);
    out.emit(&AuctionClosed { auction: id, account, market, lots, reason });
}

//! Loading who stands ready, and what is on offer.

use super::load::{Loaded, allowed, require};
use super::parts::Parts;
use crate::command::SetVault;
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, AuctionId, Lots, MarketId, RATE_ONE, Rate};
use crate::state::State;
use crate::state::auction::Auction;
use crate::validate::waterfall::settings;

/// Vaults and liquidators. Lists that are not in order are not saved as the same bytes.
pub fn backstop<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<()> {
    for _ in 0..parts.count(14)? {
        let (account, asset) = (AccountId(parts.u32()?), AssetId(parts.u16()?));
        let command = SetVault { account, asset, exposure_max: parts.money()? };
        allowed(settings::set_vault(&command), "vault")?;
        require(state.asset(asset).is_some(), "vault")?;
        state.backstop.set_vault(account, asset, command.exposure_max);
    }
    for _ in 0..parts.count(4)? {
        state.backstop.set_liquidator(AccountId(parts.u32()?), true);
    }
    Ok(())
}

/// The open auctions.
pub fn auctions<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<()> {
    for _ in 0..parts.count(55)? {
        let id = AuctionId(parts.u64()?);
        let auction = Auction {
            account: AccountId(parts.u32()?),
            market: MarketId(parts.u16()?),
            side: parts.side()?,
            lots: Lots(parts.i64()?),
            discount_start_rate: parts.rate()?,
            discount_end_rate: parts.rate()?,
            opened_at: parts.u64()?,
            duration_ns: parts.u64()?,
        };
        let known = id != AuctionId::NONE && id.0 <= state.sequence.auctions && state.auctions.find(id).is_none();
        let alone = state.auctions.of_position(auction.account, auction.market).is_none();
        require(known && alone && is_possible(state, &auction), "auction")?;
        state.auctions.open(id, auction);
    }
    Ok(())
}

/// What opening an auction allows, and time and bids leave of it.
fn is_possible<B: Book>(state: &State<B>, auction: &Auction) -> bool {
    let Some(market) = state.market(auction.market) else { return false };
    let rates = Rate::ZERO <= auction.discount_start_rate
        && auction.discount_start_rate <= auction.discount_end_rate
        && auction.discount_end_rate <= Rate(RATE_ONE);
    let lots = (Lots(1)..=market.position_max).contains(&auction.lots);
    rates && lots && auction.duration_ns >= 1 && auction.opened_at <= state.sequence.time
}

/// The accounts that these name.
pub fn accounts_exist<B: Book>(state: &State<B>) -> Loaded<()> {
    let exists = |account| state.accounts.find(account).is_some();
    require(state.backstop.vaults().all(|(account, ..)| exists(account)), "vault")?;
    require(state.backstop.liquidators().all(exists), "liquidator")?;
    require(state.auctions.iter().all(|(_, auction)| exists(auction.account)), "auction")
}

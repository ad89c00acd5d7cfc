//! Configuration.

use crate::command::{
    ActivateRuleset, AddAsset, AddMarket, CreateAccount, RegisterAuthor, SetFees, SetLimits, SetParameters, SetTiers,
};
use crate::emit::Emitter;
use crate::event::{
    AccountCreated, AssetAdded, AuthorRegistered, FeesSet, LimitsSet, MarketAdded, ParametersSet, RulesetActivated,
    TiersSet,
};
use crate::matching::book::Book;
use crate::quantities::{AssetId, AuthorId, MarketId};
use crate::reject::Reject;
use crate::state::State;
use crate::state::asset::Asset;
use crate::state::market::{Limits, Market, Schedule};
use crate::state::parameters::{Author, Parameters};
use crate::validate::admin as check;

pub fn add_asset<B: Book>(state: &mut State<B>, command: &AddAsset, out: &mut Emitter) -> Result<(), Reject> {
    check::add_asset(state, command)?;
    let asset = AssetId(check::number(state.assets.len()));
    state.assets.push(Asset::new(*command.symbol, command.decimals));
    out.emit(&AssetAdded { asset, symbol: command.symbol.clone(), decimals: command.decimals });
    Ok(())
}

pub fn add_market<B: Book>(state: &mut State<B>, command: &AddMarket, out: &mut Emitter) -> Result<(), Reject> {
    let tick_value = check::add_market(state, command)?;
    let id = MarketId(check::number(state.markets.len()));
    state.books.push(B::new(command.price_max));
    state.markets.push(Market::new(id, command, tick_value));
    let (symbol, settlement) = (command.symbol.clone(), command.settlement);
    out.emit(&MarketAdded { market: id, symbol, settlement, tick_value });
    Ok(())
}

pub fn set_tiers<B: Book>(state: &mut State<B>, command: &SetTiers, out: &mut Emitter) -> Result<(), Reject> {
    check::set_tiers(command)?;
    let seq = state.sequence.seq;
    let market = &mut state.markets[command.market.index()];
    (market.schedule, market.schedule_changed) = (Schedule::new(&command.tiers), seq);
    let count = u8::try_from(command.tiers.len()).expect("tiers are few");
    out.emit(&TiersSet { market: command.market, count });
    Ok(())
}

pub fn set_fees<B: Book>(state: &mut State<B>, command: &SetFees, out: &mut Emitter) -> Result<(), Reject> {
    crate::validate::terms::set_fees(state, command)?;
    let &SetFees { market, maker_rate, taker_rate } = command;
    let fees = &mut state.markets[market.index()].fees;
    (fees.maker_rate, fees.taker_rate) = (maker_rate, taker_rate);
    out.emit(&FeesSet { market, maker_rate, taker_rate });
    Ok(())
}

pub fn set_limits<B: Book>(state: &mut State<B>, command: &SetLimits, out: &mut Emitter) -> Result<(), Reject> {
    check::set_limits(state, command)?;
    let &SetLimits { market, order_min_notional, order_max_lots, price_band_rate, market_bound_rate } = command;
    state.markets[market.index()].limits =
        Limits { order_min_notional, order_max_lots, price_band_rate, market_bound_rate };
    out.emit(&LimitsSet { market, order_min_notional, order_max_lots, price_band_rate, market_bound_rate });
    Ok(())
}

pub fn set_parameters<B: Book>(state: &mut State<B>, command: &SetParameters, out: &mut Emitter) -> Result<(), Reject> {
    check::set_parameters(command)?;
    let &SetParameters { open_orders_max, root_interval_commands, root_interval_ns } = command;
    let ruleset = state.parameters.ruleset;
    state.parameters = Parameters { ruleset, open_orders_max, root_interval_commands, root_interval_ns };
    out.emit(&ParametersSet { open_orders_max, root_interval_commands, root_interval_ns });
    Ok(())
}

pub fn create_account<B: Book>(state: &mut State<B>, command: &CreateAccount, out: &mut Emitter) -> Result<(), Reject> {
    check::create_account(state, command)?;
    let account = state.accounts.open(command.parent);
    out.emit(&AccountCreated { account, master: state.accounts.of(account).master });
    Ok(())
}

pub fn register_author<B: Book>(
    state: &mut State<B>,
    command: &RegisterAuthor,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::register_author(state, command)?;
    let author = AuthorId(check::number(state.authors.len()));
    let (origin, name, version) = (command.origin, command.name.clone(), command.version.clone());
    state.authors.push(Author { origin, name: *name, version: *version });
    out.emit(&AuthorRegistered { author, origin, name, version });
    Ok(())
}

pub fn activate_ruleset<B: Book>(
    state: &mut State<B>,
    command: &ActivateRuleset,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::activate_ruleset(command)?;
    state.parameters.ruleset = command.ruleset;
    out.emit(&RulesetActivated { ruleset: command.ruleset });
    Ok(())
}

//! Rows about what holds for all accounts: parameters, assets, markets.

use super::View;
use crate::matching::book::Book;
use crate::quantities::{Rate, Wide};
use crate::state::asset::Asset;
use crate::state::insurance::Insurance;
use crate::state::market::Market;

impl<B: Book> View<'_, B> {
    /// `[open_orders_max, root_interval_commands, root_interval_ns, ruleset]`.
    pub fn parameters(mut self) -> Vec<u8> {
        let parameters = &self.state.parameters;
        self.writer.array(4);
        self.field(&parameters.open_orders_max);
        self.field(&parameters.root_interval_commands);
        self.field(&parameters.root_interval_ns);
        self.field(&parameters.ruleset);
        self.finish()
    }

    /// `[author, origin, name, version]` rows.
    pub fn authors(self) -> Vec<u8> {
        let state = self.state;
        self.rows(state.authors.iter().enumerate(), |view, (index, author)| {
            view.writer.array(4);
            view.number(index + 1);
            view.field(&author.origin);
            view.writer.text(&author.name);
            view.writer.text(&author.version);
        })
    }

    /// Asset rows: what they are and hold, then how their pools are margined and liquidated, how they back others, and what
    /// limits withdrawals and insurance.
    pub fn assets(self) -> Vec<u8> {
        let state = self.state;
        self.rows(state.assets.iter().enumerate(), |view, (index, asset)| {
            view.writer.array(13);
            view.number(index + 1);
            view.writer.text(&asset.symbol);
            view.field(&asset.decimals);
            for money in [asset.net_deposits, asset.fees, asset.insurance.fund, asset.dust] {
                view.field(&money);
            }
            view.levels(asset);
            view.liquidation(asset);
            view.collateral(asset);
            view.writer.array(3);
            view.field(&asset.gate.closed);
            view.field(&asset.gate.interval_ns);
            view.field(&asset.gate.amount_max);
            view.insurance(&asset.insurance);
            view.writer.array(2);
            view.field(&asset.portfolio.maintenance_rate);
            view.field(&asset.portfolio.funding_epochs);
        })
    }

    fn levels(&mut self, asset: &Asset) {
        let levels = &asset.levels;
        self.writer.array(4);
        for rate in [levels.initial_rate, levels.transfer_rate, levels.buffer_rate] {
            self.field(&rate);
        }
        self.field(&levels.account_floor);
    }

    fn liquidation(&mut self, asset: &Asset) {
        let terms = &asset.liquidation;
        self.writer.array(9);
        for rate in [
            terms.first_call_rate,
            terms.second_call_rate,
            terms.take_over_rate,
            terms.adjustment_rate,
            terms.spread_rate,
            terms.partial_rate,
        ] {
            self.field(&rate);
        }
        self.field(&terms.partial_notional);
        self.field(&terms.cooldown_ns);
        self.field(&terms.fee_rate);
    }

    /// `[settlement, haircut_rate, account_cap, total_cap, price_decimals, price, depeg_rate]`, or nil.
    fn collateral(&mut self, asset: &Asset) {
        let Some(collateral) = &asset.collateral else { return self.writer.nil() };
        self.writer.array(7);
        self.field(&collateral.settlement);
        self.field(&collateral.haircut_rate);
        self.field(&collateral.account_cap);
        self.field(&collateral.total_cap);
        self.field(&collateral.price_decimals);
        self.field(&collateral.price);
        self.field(&collateral.depeg_rate);
    }

    /// `[fund, loss_max, interval_ns, usable]`.
    fn insurance(&mut self, insurance: &Insurance) {
        self.writer.array(4);
        self.field(&insurance.fund);
        self.field(&insurance.loss_max);
        self.field(&insurance.interval_ns);
        self.field(&insurance.usable(self.state.sequence.time));
    }

    /// `[auction, account, market, side, lots, discount_start_rate, discount_end_rate, opened_at, ends_at, price]` rows, by
    /// number; the price is the present one.
    pub fn auctions(self) -> Vec<u8> {
        let state = self.state;
        self.rows(state.auctions.iter(), |view, (id, auction)| {
            let market = &state.markets[auction.market.index()];
            view.writer.array(10);
            view.field(&id);
            view.field(&auction.account);
            view.field(&auction.market);
            view.field(&auction.side);
            view.field(&auction.lots);
            view.field(&auction.discount_start_rate);
            view.field(&auction.discount_end_rate);
            view.field(&auction.opened_at);
            view.field(&auction.ends_at());
            view.field(&auction.price(state.sequence.time, market.mark, market.price_max));
        })
    }

    /// `[vaults, liquidators]`: `[account, asset, exposure_max]` rows, and accounts.
    pub fn backstop(mut self) -> Vec<u8> {
        let backstop = &self.state.backstop;
        self.writer.array(2);
        self.writer.array(backstop.vaults().len());
        for (account, asset, exposure_max) in backstop.vaults() {
            self.writer.array(3);
            self.field(&account);
            self.field(&asset);
            self.field(&exposure_max);
        }
        self.writer.array(backstop.liquidators().len());
        for account in backstop.liquidators() {
            self.field(&account);
        }
        self.finish()
    }

    /// Market rows: terms, fees, limits, tiers, `mark, last, open_interest`, then what has come to them since.
    pub fn markets(self) -> Vec<u8> {
        let state = self.state;
        self.rows(state.markets.iter(), Self::market_row)
    }

    fn market_row(&mut self, market: &Market) {
        self.writer.array(28);
        self.field(&market.id);
        self.writer.text(&market.symbol);
        self.field(&market.settlement);
        self.field(&market.tick_size_e12);
        self.field(&market.lot_size_e12);
        self.field(&market.tick_value);
        self.field(&market.price_max);
        self.field(&market.position_max);
        self.field(&market.fees.maker_rate);
        self.field(&market.fees.taker_rate);
        self.field(&market.limits.order_min_notional);
        self.field(&market.limits.order_max_lots);
        self.field(&market.limits.price_band_rate);
        self.field(&market.limits.market_bound_rate);
        self.field(&market.schedule.tiers().collect::<Vec<_>>());
        self.field(&market.mark);
        self.field(&market.last);
        self.wide(Wide(market.open_interest));
        self.market_risk(market);
    }

    fn market_risk(&mut self, market: &Market) {
        self.field(&market.fees.tiers);
        self.field(&market.mode);
        self.field(&market.stress);
        self.writer.array(3);
        self.field(&market.scaling.size_rate);
        self.field(&market.scaling.open_interest_lower);
        self.field(&market.scaling.open_interest_upper);
        self.writer.array(3);
        self.field(&market.caps.open_interest_max);
        self.field(&market.caps.concentration_rate);
        self.field(&market.caps.concentration_floor);
        self.writer.array(6);
        let funding = &market.funding;
        for number in [funding.index, funding.loss_long, funding.loss_short, funding.clearing, funding.fraction] {
            self.digits(number);
        }
        self.field(&funding.last_rate);
        self.insurance(&market.insurance);
        self.scenarios(market);
        self.oracle(market);
    }

    /// `[price, confidence, grade, observed_at, updated_at, seq], [margin, liquidation, funding]`.
    fn oracle(&mut self, market: &Market) {
        let (oracle, grades) = (&market.oracle, &market.grades);
        self.writer.array(6);
        self.field(&oracle.price);
        self.field(&oracle.confidence);
        self.field(&oracle.grade);
        self.field(&oracle.observed_at);
        self.field(&oracle.updated_at);
        self.field(&oracle.changed);
        self.writer.array(3);
        self.field(&grades.margin);
        self.field(&grades.liquidation);
        self.field(&grades.funding);
    }

    /// `[group, moves, concentration_threshold, concentration_rate]`.
    fn scenarios(&mut self, market: &Market) {
        let scenarios = &market.scenarios;
        self.writer.array(4);
        self.field(&scenarios.group);
        self.list(scenarios.moves(), Self::field);
        self.field(&scenarios.concentration.threshold);
        self.field(&scenarios.concentration.rate);
    }

    /// `[bases, towards_one_rate, towards_zero_rate, correlations]`: `[group, basis_rate]` rows of the groups that have one.
    pub fn groups(mut self) -> Vec<u8> {
        let groups = &self.state.groups;
        let bases: Vec<_> = (1_u16..).zip(groups.bases()).filter(|(_, basis)| basis.rate != Rate::ZERO).collect();
        self.writer.array(4);
        self.list(&bases, |view, (group, basis)| {
            view.writer.array(2);
            view.field(group);
            view.field(&basis.rate);
        });
        let (towards_one, towards_zero) = groups.stresses();
        self.field(&towards_one);
        self.field(&towards_zero);
        self.list(groups.pairs(), |view, pair| {
            view.writer.array(4);
            view.field(&pair.group_a);
            view.field(&pair.group_b);
            view.field(&pair.correlation_rate);
            view.field(&pair.offset_cap_rate);
        });
        self.finish()
    }
}

//! Every command of the vocabulary, in any order, with fields that fit and fields that nobody should ask for. Whatever is
//! said, the kernel refuses or executes and stays sound; and a kernel that is loaded from snapshots on the way says the
//! same: nothing that comes of a state depends on how it came about.

#[path = "../benches/session/mod.rs"]
#[allow(clippy::cast_possible_truncation, dead_code)]
mod session;

mod desk;

use std::collections::BTreeMap;

use crossbook_kernel::command::{
    Command, CreateAccount, Deposit, MarketMode, Origin, Record, RegisterAuthor, SetAgent, SetCaps, SetCollateral,
    SetGroup, SetLevels, SetLimits, SetLiquidator, SetMarketMode, SetPermissions, SetScenarios, SetStress, SetTiers,
    SetVault, Tier,
};
use crossbook_kernel::kernel::{BlockHead, Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::matching::naive::Naive;
use crossbook_kernel::quantities::{AccountId, AuthorId, GroupId, Lots, MarketId, Money, RATE_ONE, Rate, Ticks};
use crossbook_kernel::wire::Writer;

use desk::{Desk, EUR, USD, text};
use session::Dice;

const ACCOUNTS: u32 = 8;
const EXTREMES: [i64; 14] =
    [0, 1, -1, 2, 255, 1 << 31, 1 << 40, 1 << 58, 1 << 60, (1 << 60) + 1, 1 << 62, i64::MAX, i64::MIN, -(1 << 58)];
/// Tags in the proportions of a day of trouble; every other tag comes now and then.
const USUAL: [u8; 40] = [
    8, 9, 10, 11, 11, 11, 11, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 13, 14, 34, 35, 35, 36, 37, 38, 39, 39, 54, 55,
    56, 57, 57, 59, 60, 61, 62, 63, 29, 51, 52,
];

struct Session {
    desk: Desk,
    twin: Kernel<Naive>,
    dice: Dice,
    /// Largest ordinary price and size.
    price: i64,
    lots: i64,
    executed: BTreeMap<u8, u32>,
}

impl Session {
    /// Ordinary numbers, and those at the notional limit in three ways.
    fn of(seed: u64) -> Self {
        let (price, lots) = [(2_000, 1_000), ((1 << 31) - 1, 1 << 27), (1_000, 1 << 48), (4, 1 << 56)]
            [usize::try_from(seed % 4).expect("few")];
        Self::open(seed, price, lots)
    }

    fn open(seed: u64, price_max: i64, position_max: i64) -> Self {
        let mut desk = Desk::open(Checks::Everything);
        let dice = Dice::seeded(seed);
        for _ in 0..3 {
            desk.market(price_max, position_max, RATE_ONE / 20, (price_max / 2).max(1));
        }
        for account in 1..=ACCOUNTS {
            desk.operator(CreateAccount { parent: AccountId(u32::from(account == 3)) });
            desk.operator(Deposit {
                account: AccountId(account),
                asset: USD,
                amount: Money((price_max * position_max / 16).min(1 << 56)),
            });
        }
        for market in (1..=2).map(MarketId) {
            desk.operator(SetGroup { market, group: GroupId(1) });
            let moves = vec![Ticks(price_max / 20), Ticks(-price_max / 20), Ticks(1)];
            desk.operator(SetScenarios { market, moves });
        }
        for account in 5..=8 {
            desk.operator(SetLiquidator { account: AccountId(account), registered: true });
        }
        desk.operator(SetVault { account: AccountId(8), asset: USD, exposure_max: Money(i64::MAX) });
        desk.operator(SetCollateral {
            asset: EUR,
            settlement: USD,
            haircut_rate: Rate(RATE_ONE / 4),
            account_cap: Money(1 << 50),
            total_cap: Money(1 << 60),
            price_decimals: 0,
        });
        let (name, version) = (Box::new(text("trader")), Box::new(text("1")));
        desk.operator(RegisterAuthor { origin: Origin::Policy, name, version });
        for account in (1..=4).map(AccountId) {
            desk.operator(SetAgent { account, author: AuthorId(1), granted: true });
        }
        let twin = Kernel::from_snapshot(&desk.kernel.snapshot(), Checks::Totals).expect("our own snapshot");
        Self { desk, twin, dice, price: price_max, lots: position_max, executed: BTreeMap::new() }
    }

    fn below(&mut self, bound: i64) -> i64 {
        i64::try_from(self.dice.below(bound.max(1).cast_unsigned())).expect("below an i64")
    }

    fn pick(&mut self, values: &[i64]) -> i64 {
        values[self.dice.index(values.len())]
    }

    /// A value that a field of this name usually has.
    fn usual(&mut self, name: &str) -> i64 {
        let (price, lots) = (self.price, self.lots);
        match name {
            "account" | "source" | "destination" | "vault" => 1 + self.below(i64::from(ACCOUNTS)),
            "parent" | "markets" | "destinations" => self.below(3),
            "order_price" => (price / 2 + self.below(price / 40 + 2) - price / 80).max(1),
            "asset" | "settlement" | "kind" => self.pick(&[1, 1, 1, 1, 2]),
            "market" => self.pick(&[1, 1, 2, 2, 3, 3, 0]),
            "group" | "group_a" | "group_b" | "id" | "side" | "author" => 1 + self.below(2),
            "time_in_force" => self.pick(&[1, 1, 1, 1, 2, 2, 3, 4]),
            "self_trade" => self.pick(&[0, 0, 0, 0, 1, 2, 3, 4]),
            "mode" => self.pick(&[1, 1, 1, 2, 2, 3, 4]),
            "scope" => 1 + self.below(3),
            "origin" => self.below(4),
            "post_only" | "reduce_only" | "no_withdraw" | "no_transfer" | "closed" => self.pick(&[1, 1, 1, 1, 1, 2]),
            "price" => match self.below(8) {
                0 => 1 + self.below(price),
                1 => 0,
                _ => (price / 2 + self.below(price / 10 + 1) - price / 20).max(1),
            },
            "moves" => self.below(price / 5 + 1) - price / 10,
            "lots" => match self.below(6) {
                0 => 0,
                1 => 1,
                _ => 1 + self.below(lots / 8),
            },
            "amount" | "amount_max" | "loss_max" | "notional_max" | "exposure_max" | "partial_notional"
            | "threshold" => match self.below(4) {
                0 => 0,
                1 => self.below(100),
                2 => -self.below(price),
                _ => self.below(price * (lots / 16).max(1)),
            },
            "account_floor" | "order_min_notional" => self.below(10),
            "order_max_lots" => lots,
            "account_cap" | "total_cap" => 1 << 50,
            "open_interest_max" => self.pick(&[0, lots, lots / 2]),
            "concentration_floor" | "open_interest_lower" | "open_interest_upper" => self.below(lots),
            "first_call_rate" | "second_call_rate" | "transfer_rate" => self.pick(&[0, RATE_ONE, RATE_ONE * 3 / 2]),
            "rate" | "size_rate" => self.below(RATE_ONE / 10) - RATE_ONE / 20,
            "open_orders_max" => 100,
            "interval_ns" | "root_interval_commands" | "root_interval_ns" | "duration_ns" | "cooldown_ns" => {
                self.below(40)
            }
            "expires_at" => self.pick(&[0, 0, 0, 0, 0, self.desk.time.cast_signed() + 50]),
            "client_order" => self.pick(&[0, 0, 0, 0, 0, 0, 1, 2]),
            "order" => self.below(self.desk.kernel.state().sequence.orders.cast_signed() + 1),
            "auction" => self.below(self.desk.kernel.state().sequence.auctions.cast_signed() + 1),
            "depeg_rate" => RATE_ONE,
            "grade" => self.pick(&[6, 6, 6, 5, 4, 0]),
            "margin" | "liquidation" | "funding" => self.pick(&[0, 0, 0, 0, 0, 5]),
            name if name.ends_with("_rate") => {
                let most = self.pick(&[RATE_ONE, RATE_ONE / 100, RATE_ONE / 1_000]);
                self.below(most + 1)
            }
            _ => self.below(20),
        }
    }

    fn number(&mut self, name: &str) -> i64 {
        if self.dice.below(60) == 0 { self.pick(&EXTREMES) } else { self.usual(name) }
    }

    fn field(&mut self, writer: &mut Writer, name: &str, kind: &str) {
        let number = self.number(name);
        match kind {
            "u8" => writer.unsigned(number.cast_unsigned().min(255)),
            "u16" => writer.unsigned(number.cast_unsigned().min(65_535)),
            "u32" => writer.unsigned(number.cast_unsigned().min(u64::from(u32::MAX))),
            "u64" => writer.unsigned(number.cast_unsigned()),
            "i64" => writer.signed(number),
            "bool" => writer.boolean(number % 2 == 0),
            "str" => writer.text(&text(["A", "BB", "C-1", ""][self.dice.index(4)])),
            "text" => writer.body(&"é".repeat(self.dice.index(4) * 40)),
            list => self.list(writer, list),
        }
    }

    fn list(&mut self, writer: &mut Writer, list: &str) {
        let row: &[(&str, &str)] = match list {
            "tiers" => &[("account_floor", "i64"), ("initial_rate", "i64"), ("maintenance_rate", "i64")],
            "fee_tiers" => &[("fee_rate", "i64"), ("fee_rate", "i64")],
            "correlations" => &[("group_a", "u16"), ("group_b", "u16"), ("fee_rate", "i64"), ("fee_rate", "i64")],
            "allocations" => &[("account", "u32"), ("lots", "i64")],
            "u16s" => &[("market", "u16")],
            "u64s" => &[("destination", "u64")],
            "i64s" => &[("moves", "i64")],
            other => panic!("a list of {other}"),
        };
        let count = if list == "i64s" { 3 } else { self.dice.index(3) };
        writer.array(count);
        for _ in 0..count {
            if row.len() > 1 {
                writer.array(row.len());
            }
            for (name, kind) in row {
                self.field(writer, name, kind);
            }
        }
    }

    /// A record as bytes, some of which no decoder takes.
    fn record(&mut self) -> (u8, Vec<u8>) {
        let tag = if self.dice.below(6) == 0 {
            1 + u8::try_from(self.dice.below(68)).expect("few")
        } else {
            USUAL[self.dice.index(USUAL.len())]
        };
        let entry = Command::VOCABULARY.iter().find(|entry| entry.tag == tag).expect("every tag");
        let mut writer = Writer::default();
        writer.array(6);
        writer.unsigned(0);
        let origin =
            [Origin::Operator, Origin::Operator, Origin::Operator, Origin::Policy, Origin::Client][self.dice.index(5)];
        writer.unsigned(origin as u64);
        // A policy is an author whom half of the accounts trust.
        for number in [u64::from(origin == Origin::Policy), 0, 0] {
            writer.unsigned(number);
        }
        writer.array(entry.fields.len() + 1);
        writer.unsigned(u64::from(tag));
        for (name, kind) in entry.fields {
            let name = if tag == 12 && *name == "price" { "order_price" } else { name };
            self.field(&mut writer, name, kind);
        }
        (tag, writer.as_bytes().to_vec())
    }

    /// What an operator does so that trading goes on.
    fn rescue(&mut self) -> (u8, Vec<u8>) {
        let market = MarketId(1 + u16::try_from(self.dice.below(3)).expect("few"));
        let account = AccountId(1 + u32::try_from(self.dice.below(u64::from(ACCOUNTS))).expect("few"));
        let command: Command = match self.dice.below(8) {
            0 => SetMarketMode { market, mode: MarketMode::Continuous }.into(),
            1 => SetStress { market, active: false }.into(),
            2 => SetPermissions {
                account,
                reduce_only: false,
                no_withdraw: false,
                no_transfer: false,
                markets: vec![],
                destinations: vec![],
            }
            .into(),
            3 => SetLimits {
                market,
                order_min_notional: Money(0),
                order_max_lots: Lots(self.lots),
                price_band_rate: Rate(0),
                market_bound_rate: Rate(RATE_ONE / 20),
            }
            .into(),
            4 => SetCaps {
                market,
                open_interest_max: Lots(0),
                concentration_rate: Rate(0),
                concentration_floor: Lots(0),
            }
            .into(),
            5 => SetLevels {
                asset: USD,
                initial_rate: Rate(RATE_ONE),
                transfer_rate: Rate(RATE_ONE),
                buffer_rate: Rate(RATE_ONE / 10),
                account_floor: Money(0),
            }
            .into(),
            6 => SetTiers {
                market,
                tiers: vec![Tier {
                    lower_bound: Money(0),
                    initial_rate: Rate(RATE_ONE / 20),
                    maintenance_rate: Rate(RATE_ONE / 40),
                }],
            }
            .into(),
            _ => {
                Deposit { account, asset: USD, amount: Money((self.price * (self.lots / 16)).clamp(1, 1 << 52)) }.into()
            }
        };
        let mut writer = Writer::default();
        let record = Record { time: 0, origin: Origin::Operator, author: AuthorId(0), cause: 0, nonce: 0, command };
        record.write(&mut writer, 0);
        (record.command.tag(), writer.as_bytes().to_vec())
    }

    fn step(&mut self) -> Vec<u8> {
        if self.dice.below(8) == 0 {
            self.desk.time += self.dice.below(40);
        }
        let (tag, body) = if self.dice.below(60) == 0 { self.rescue() } else { self.record() };
        let head =
            BlockHead { first_seq: self.desk.kernel.state().sequence.seq + 1, base_time: self.desk.time, count: 1 };
        let Ok(events) = self.desk.kernel.apply(&body, head, 1) else { return body };
        assert_eq!(events, self.twin.apply(&body, head, 1).expect("a good block"), "tag {tag}");
        // [n, 1, ...] is a refusal.
        if events[1] != 1 {
            *self.executed.entry(tag).or_default() += 1;
        }
        if self.dice.below(12) == 0 {
            let saved = self.desk.kernel.snapshot();
            assert_eq!(self.twin.snapshot(), saved);
            self.twin = Kernel::from_snapshot(&saved, Checks::Totals).expect("our own snapshot");
        }
        body
    }
}

#[test]
fn what_is_loaded_on_the_way_says_the_same() {
    let mut executed: BTreeMap<u8, u32> = BTreeMap::new();
    for seed in 1..=50 {
        let mut session = Session::of(seed);
        for _ in 0..2_000 {
            session.step();
        }
        for (tag, count) in session.executed {
            *executed.entry(tag).or_default() += count;
        }
    }
    assert!(executed.len() >= 61, "most of the vocabulary was executed: {executed:?}");
}

/// Whatever extreme number stands anywhere in a snapshot: it is refused, or can be lived with.
#[test]
fn no_number_in_a_snapshot_is_too_large_to_be_refused() {
    for seed in [1, 8] {
        let mut session = Session::of(seed);
        let mut after = Vec::new();
        for _ in 0..1_200 {
            after.push(session.step());
        }
        let (saved, time) = (session.desk.kernel.snapshot(), session.desk.time);
        assert!(session.desk.kernel.state().markets.iter().any(|market| market.funding.clearing > 0));
        let (widest, least) = (i128::MAX.to_le_bytes(), i64::MIN.to_le_bytes());
        for at in 0..2 * (saved.len() - 16) {
            let mut bytes = saved.clone();
            let value = if at % 2 == 0 { &widest[..] } else { &least[..] };
            bytes[at / 2..at / 2 + value.len()].copy_from_slice(value);
            let Ok(mut kernel) = Kernel::<Ladder>::from_snapshot(&bytes, Checks::Totals) else { continue };
            for body in &after[after.len() - 30..] {
                let sequence = kernel.state().sequence;
                let head = BlockHead { first_seq: sequence.seq + 1, base_time: time.max(sequence.time), count: 1 };
                // Some do not decode, and after the end of time none does.
                let _ = kernel.apply(body, head, 1);
            }
            kernel.check().expect("sound whatever it grew from");
        }
    }
}

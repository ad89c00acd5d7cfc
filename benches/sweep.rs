//! What a mark update costs with 10^3 to 10^6 accounts: the trigger ladder against a look at every pool, in one run.
//!
//! `cargo bench --bench sweep` prints both; `-- 100000` measures that many accounts only. Every account holds a position in
//! each of three of eight markets, long or short, and has between 5.5 % and 100 % of their notional; maintenance is 2.5 %,
//! above 5 million of notional more. Marks take turns. *Calm* steps are up to 2 basis points either way, about what a second
//! does to a price at 65 % a year; *stormy* ones are ten times as wide. A pool that has fallen is not liquidated here, but
//! stays and is looked at. At every two hundredth mark the scan must find nothing that the ladder missed.

#![allow(clippy::cast_possible_truncation)]

#[allow(dead_code)]
mod session;

use std::hint::black_box;
use std::time::Instant;

use crossbook_kernel::command::{
    AddAsset, AddMarket, Command, CreateAccount, Deposit, OrderKind, Origin, Place, Record, SelfTrade, SetMark,
    SetParameters, SetTiers, Side, Tier, TimeInForce,
};
use crossbook_kernel::kernel::{BlockHead, Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, AssetId, AuthorId, Lots, MarketId, Money, Rate, Ticks};
use crossbook_kernel::sweep::scan::scan;
use crossbook_kernel::wire::{Text, Writer};

use session::Dice;

const MARKETS: u16 = 8;
const HELD: u16 = 3;
const MARK: i64 = 100_000;
const MARKS: usize = 4_000;
const SCANS: usize = 20;

/// A kernel that is given blocks of commands.
struct Desk {
    kernel: Kernel<Ladder>,
    writer: Writer,
    count: usize,
}

impl Desk {
    fn push(&mut self, command: impl Into<Command>) {
        let (time, origin, author) = (1, Origin::Operator, AuthorId(0));
        Record { time, origin, author, cause: 0, nonce: 0, command: command.into() }.write(&mut self.writer, time);
        self.count += 1;
        if self.count == 1_000 {
            self.execute();
        }
    }

    fn execute(&mut self) {
        let first_seq = self.kernel.state().sequence.seq + 1;
        let head = BlockHead { first_seq, base_time: 1, count: self.count };
        black_box(self.kernel.apply(self.writer.as_bytes(), head, self.count).expect("a good block"));
        self.writer.clear();
        self.count = 0;
    }

    /// Executes one command alone; gives nanoseconds.
    fn timed(&mut self, command: impl Into<Command>) -> u128 {
        self.push(command);
        let start = Instant::now();
        self.execute();
        start.elapsed().as_nanos()
    }

    fn set_up(accounts: u32, dice: &mut Dice) -> Self {
        let mut desk = Self { kernel: Kernel::genesis(Checks::Totals), writer: Writer::default(), count: 0 };
        let text = |text: &str| Box::new(Text::new(text).expect("short"));
        let root_interval_commands = u64::MAX;
        desk.push(SetParameters { open_orders_max: 10, root_interval_commands, root_interval_ns: 0 });
        desk.push(AddAsset { symbol: text("USD"), decimals: 6 });
        for id in 1..=MARKETS {
            let market = MarketId(id);
            desk.push(AddMarket {
                symbol: text(&format!("M{id}-PERP")),
                settlement: AssetId(1),
                tick_size_e12: 10_000_000_000,
                lot_size_e12: 1_000_000_000,
                price_max: Ticks(1 << 24),
                position_max: Lots(1 << 30),
            });
            let tier = |bound: i64, initial: i64| Tier {
                lower_bound: Money(bound),
                initial_rate: Rate(initial),
                maintenance_rate: Rate(initial / 2),
            };
            desk.push(SetTiers { market, tiers: vec![tier(0, 50_000_000), tier(5_000_000_000_000, 100_000_000)] });
            desk.push(SetMark { market, price: Ticks(MARK) });
        }
        for pair in 0..accounts / 2 {
            desk.pair(AccountId(2 * pair + 1), dice);
        }
        desk.execute();
        desk
    }

    /// Two accounts that trade with each other in a few markets.
    fn pair(&mut self, first: AccountId, dice: &mut Dice) {
        let second = AccountId(first.0 + 1);
        let lots: Vec<i64> = (0..HELD).map(|_| 1 + dice.below(2_000).cast_signed()).collect();
        // Minor units: a tick on a lot is 10.
        let notional = lots.iter().sum::<i64>() * MARK * 10;
        for account in [first, second] {
            self.push(CreateAccount { parent: AccountId(0) });
            // Skewed towards little: most have a few times their requirement.
            let fraction = 55 + (945 * dice.below(1_000) * dice.below(1_000) / 1_000_000).cast_signed();
            self.push(Deposit { account, asset: AssetId(1), amount: Money(notional * fraction / 1_000) });
        }
        let start = dice.below(u64::from(MARKETS)) as u16;
        for (index, lots) in (0..HELD).zip(lots) {
            let market = MarketId((start + index) % MARKETS + 1);
            let side = if dice.below(2) == 0 { Side::Buy } else { Side::Sell };
            self.push(order(first, market, side, lots));
            self.push(order(second, market, side.opposite(), lots));
        }
    }
}

fn order(account: AccountId, market: MarketId, side: Side, lots: i64) -> Place {
    Place {
        account,
        market,
        side,
        kind: OrderKind::Limit,
        price: Ticks(MARK),
        lots: Lots(lots),
        time_in_force: TimeInForce::GoodTillCancel,
        self_trade: SelfTrade::Allow,
        post_only: false,
        reduce_only: false,
        client_order: 0,
        expires_at: 0,
    }
}

/// How many pools stand otherwise than remembered: none, if nothing was missed.
fn missed(kernel: &Kernel<Ladder>) -> usize {
    let remembered = |account, pool| kernel.state().accounts.of(account).holdings.condition(pool).standing;
    scan(kernel.state()).filter(|(account, look)| look.standing != remembered(*account, look.pool)).count()
}

/// Marks that walk, each in its turn.
struct Walk {
    marks: Vec<i64>,
    turn: usize,
    dice: Dice,
}

impl Walk {
    /// The next mark, up to so many basis points from where it was.
    fn step(&mut self, basis_points: i64) -> SetMark {
        self.turn = (self.turn + 1) % self.marks.len();
        let mark = &mut self.marks[self.turn];
        let bound = *mark * basis_points / 10_000;
        *mark += self.dice.below(2 * bound.cast_unsigned() + 1).cast_signed() - bound;
        SetMark { market: MarketId(self.turn as u16 + 1), price: Ticks(*mark) }
    }
}

fn measure(accounts: u32) {
    let mut dice = Dice::seeded(7);
    let mut desk = Desk::set_up(accounts, &mut dice);
    let mut walk = Walk { marks: vec![MARK; usize::from(MARKETS)], turn: 0, dice };
    // Nobody has been looked at yet.
    let first = desk.timed(walk.step(2));
    println!("{accounts} accounts; the first mark, which looks at everyone, {}", time(first));
    for (weather, basis_points) in [("calm", 2), ("stormy", 20)] {
        let mut scans = Vec::new();
        let mut ladder = Vec::new();
        for index in 0..MARKS {
            ladder.push(desk.timed(walk.step(basis_points)));
            if index % (MARKS / SCANS) == 0 {
                let start = Instant::now();
                assert_eq!(missed(&desk.kernel), 0, "the ladder missed a pool");
                scans.push(start.elapsed().as_nanos());
            }
        }
        report(&format!("ladder, {weather}"), &mut ladder);
        report(&format!("scan, {weather}"), &mut scans);
    }
    println!("  {} triggers", desk.kernel.state().watch.triggers());
}

#[allow(clippy::cast_precision_loss, clippy::float_arithmetic)]
fn time(nanoseconds: u128) -> String {
    match nanoseconds {
        0..10_000 => format!("{nanoseconds} ns"),
        10_000..10_000_000 => format!("{:.1} µs", nanoseconds as f64 / 1e3),
        _ => format!("{:.1} ms", nanoseconds as f64 / 1e6),
    }
}

fn report(name: &str, rounds: &mut [u128]) {
    rounds.sort_unstable();
    let mean = rounds.iter().sum::<u128>() / rounds.len() as u128;
    let at = |per_mille: usize| time(rounds[(rounds.len() - 1) * per_mille / 1_000]);
    println!("  {name:16} mean {}, median {}, 99th of 100 {}, worst {}", time(mean), at(500), at(990), at(1_000));
}

fn main() {
    let asked: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![1_000, 10_000, 100_000, 1_000_000] } else { asked };
    sizes.into_iter().for_each(measure);
}

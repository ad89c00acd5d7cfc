//! Portfolio margin against standard margin: 4 markets in 3 groups, 16 scenarios.
//!
//! `cargo bench --bench portfolio` plays one session twice, once with every account in standard mode and once in
//! portfolio mode, round about, and then times the check and the settlement of single fills, with vectors that follow
//! each fill and with vectors made anew. `-- --once standard`, `-- --once portfolio` and `-- --once anew` do a fixed number of
//! fills and nothing else, for instruction counts: `valgrind --tool=callgrind target/release/deps/portfolio-… --once …`.

#[allow(clippy::cast_possible_truncation, dead_code)]
mod session;

use std::hint::black_box;
use std::time::Instant;

use crossbook_kernel::command::{
    Command, MarginMode, Origin, Record, SetBasis, SetConcentration, SetCorrelations, SetGroup, SetMarginMode,
    SetScenarios, Side,
};
use crossbook_kernel::kernel::{Checks, Kernel};
use crossbook_kernel::lists::Correlation;
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, AuthorId, GroupId, Lots, MarketId, Money, Rate, Ticks};
use crossbook_kernel::risk::fill::permitted;
use crossbook_kernel::state::holdings::{Fill, Holdings, Role};
use crossbook_kernel::wire::Writer;

use session::{Block, Shape, generate, run};

const ROUNDS: usize = 7;
const ACCOUNTS: u32 = 1_000;
const GROUPS: [u16; 4] = [1, 1, 2, 3];
/// Damped tails either way, in thousandths of the price.
const MOVES: [i64; 16] = [-300, -150, -120, -90, -60, -40, -20, -10, 10, 20, 40, 60, 90, 120, 150, 300];

/// Tables for all markets, and every account in portfolio mode.
fn tables() -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for (market, group) in (1..).map(MarketId).zip(GROUPS) {
        commands.push(SetGroup { market, group: GroupId(group) }.into());
        let moves = MOVES.iter().map(|thousandths| Ticks(thousandths * 100)).collect();
        commands.push(SetScenarios { market, moves }.into());
        let (threshold, rate) = (Money(10_000_000_000), Rate(10_000_000));
        commands.push(SetConcentration { market, threshold, rate }.into());
        commands.push(SetBasis { group: GroupId(group), basis_rate: Rate(5_000_000) }.into());
    }
    let pair = |group_a, group_b| Correlation {
        group_a: GroupId(group_a),
        group_b: GroupId(group_b),
        correlation_rate: Rate(600_000_000),
        offset_cap_rate: Rate(400_000_000),
    };
    let stress = Rate(150_000_000);
    let pairs = vec![pair(1, 2), pair(1, 3), pair(2, 3)];
    commands.push(SetCorrelations { towards_one_rate: stress, towards_zero_rate: stress, pairs }.into());
    let modes =
        (1..=ACCOUNTS).map(|account| SetMarginMode { account: AccountId(account), mode: MarginMode::Portfolio });
    commands.extend(modes.map(Command::from));
    commands
}

/// The commands as one block after others.
fn block(commands: Vec<Command>, after: &Block) -> Block {
    let (mut writer, time) = (Writer::default(), after.base_time);
    let count = commands.len();
    for command in commands {
        Record { time, origin: Origin::Operator, author: AuthorId(0), cause: 0, nonce: 0, command }
            .write(&mut writer, time);
    }
    let first_seq = after.first_seq + after.count as u64;
    Block { body: writer.as_bytes().to_vec(), first_seq, base_time: time, count }
}

/// A session in both modes: set-up and the rest, the very same commands.
struct Sessions {
    set_up: Vec<Block>,
    tables: Block,
    blocks: Vec<Block>,
}

impl Sessions {
    fn generate(commands: usize) -> Self {
        let shape = Shape { markets: 4, accounts: ACCOUNTS, commands, block_records: 1_500, seed: 7 };
        let (set_up, blocks) = generate(shape);
        let tables = block(tables(), set_up.last().expect("a set-up"));
        Self { set_up, tables, blocks }
    }

    /// Executes it; gives nanoseconds of the part after the set-up, and the kernel.
    fn play(&self, portfolio: bool) -> (u128, Kernel<Ladder>) {
        let mut kernel = Kernel::genesis(Checks::Totals);
        run(&mut kernel, &self.set_up);
        let mut later = 0;
        if portfolio {
            run(&mut kernel, std::slice::from_ref(&self.tables));
            later = self.tables.count as u64;
        }
        let moved = |block: &Block| Block { body: block.body.clone(), first_seq: block.first_seq + later, ..*block };
        let blocks: Vec<Block> = self.blocks.iter().map(moved).collect();
        let start = Instant::now();
        run(&mut kernel, &blocks);
        (start.elapsed().as_nanos(), kernel)
    }
}

/// How vectors come to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Vectors {
    Followed,
    MadeAnew,
}

/// One lot bought and sold in turn, in every market and account in turn: the check and the settlement of each.
#[inline(never)]
fn fills(kernel: &Kernel<Ladder>, all: &mut [Holdings], vectors: Vectors, count: usize) -> usize {
    let (state, mut taken) = (kernel.state(), 0);
    for number in 0..count {
        let holdings = &mut all[number % ACCOUNTS as usize];
        let market = &state.markets[number / 7 % 4];
        if vectors == Vectors::MadeAnew {
            holdings.revalue(&state.markets);
        }
        let fill = Fill {
            market: market.id,
            asset: market.settlement,
            tick_value: market.tick_value,
            side: if (number / (7 * 4 * ACCOUNTS as usize)).is_multiple_of(2) { Side::Buy } else { Side::Sell },
            lots: Lots(1),
            price: market.mark,
            notional: market.notional(Lots(1), market.mark),
            fee: Money(1),
            role: Role::Taker,
            reduce_only: true,
            with_itself: false,
        };
        let lots = permitted(holdings, &holdings.position(market.id), state.risk(), &fill);
        taken += usize::from(lots == fill.lots);
        black_box(holdings.settle(&Fill { lots, ..fill }, market, state.sequence.seq));
    }
    taken
}

fn holdings_of(kernel: &Kernel<Ladder>) -> Vec<Holdings> {
    kernel.state().accounts.iter().map(|(_, account)| account.holdings.clone()).collect()
}

#[allow(clippy::cast_precision_loss, clippy::float_arithmetic)]
fn median(rounds: &mut [u128], count: usize) -> f64 {
    rounds.sort_unstable();
    rounds[rounds.len() / 2] as f64 / count as f64
}

#[allow(clippy::float_arithmetic)]
fn compare_sessions(sessions: &Sessions, commands: usize) {
    let (mut standard, mut portfolio) = (Vec::new(), Vec::new());
    let mut trades = None;
    for _ in 0..ROUNDS {
        for (mode, rounds) in [(false, &mut standard), (true, &mut portfolio)] {
            let (nanoseconds, kernel) = sessions.play(mode);
            let made = kernel.state().sequence.trades;
            assert_eq!(*trades.get_or_insert(made), made, "rich accounts trade alike in both modes");
            rounds.push(nanoseconds);
        }
    }
    let (standard, portfolio) = (median(&mut standard, commands), median(&mut portfolio, commands));
    println!(
        "session of {commands} commands, {} trades: standard {standard:.0} ns a command, portfolio {portfolio:.0}: × {:.2}",
        trades.expect("rounds"),
        portfolio / standard
    );
}

#[allow(clippy::float_arithmetic)]
fn compare_fills(sessions: &Sessions) {
    const COUNT: usize = 500_000;
    let (standard, portfolio) = (sessions.play(false).1, sessions.play(true).1);
    let runs = [(&standard, Vectors::Followed), (&portfolio, Vectors::Followed), (&portfolio, Vectors::MadeAnew)];
    let mut rounds = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (&(kernel, vectors), rounds) in runs.iter().zip(&mut rounds) {
            let mut all = holdings_of(kernel);
            let start = Instant::now();
            assert_eq!(fills(kernel, &mut all, vectors, COUNT), COUNT, "all are rich");
            rounds.push(start.elapsed().as_nanos());
        }
    }
    let [standard, followed, anew] = rounds.each_mut().map(|rounds| median(rounds, COUNT));
    println!("check and settlement of one fill: standard {standard:.0} ns");
    println!("    portfolio, vectors follow each fill {followed:.0} ns: × {:.2}", followed / standard);
    println!("    portfolio, vectors made anew        {anew:.0} ns: × {:.2}", anew / standard);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--once") {
        let mode = arguments.get(at + 1).map_or("portfolio", String::as_str);
        let kernel = Sessions::generate(50_000).play(mode != "standard").1;
        let vectors = if mode == "anew" { Vectors::MadeAnew } else { Vectors::Followed };
        fills(&kernel, &mut holdings_of(&kernel), vectors, 100_000);
        return;
    }
    let sessions = Sessions::generate(300_000);
    compare_sessions(&sessions, 300_000);
    compare_fills(&sessions);
}

//! The kernel from block bytes: decode, margin check, match, settle, events, digests; 10 markets, 10,000 accounts.
//!
//! `cargo bench --bench kernel` prints commands a second, median of the rounds. `-- --once` runs the session a single
//! time, for instruction counts: `valgrind --tool=callgrind target/release/deps/kernel-… --once`.

#[allow(clippy::cast_possible_truncation, dead_code)]
mod session;

use std::time::Instant;

use crossbook_kernel::kernel::{Checks, Kernel};
use crossbook_kernel::matching::book::Book;
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::matching::naive::Naive;

use session::{Block, Shape, generate, run};

const ROUNDS: usize = 7;

/// Executes the session once; gives nanoseconds and the state root.
fn round<B: Book>(set_up: &[Block], blocks: &[Block]) -> (u128, [u8; 32]) {
    let mut kernel = Kernel::<B>::genesis(Checks::Totals);
    run(&mut kernel, set_up);
    let elapsed = measured(&mut kernel, blocks);
    (elapsed, kernel.state_root())
}

/// What the session is made of, from a run that is not timed.
fn describe(set_up: &[Block], blocks: &[Block], commands: usize) {
    let mut kernel = Kernel::<Ladder>::genesis(Checks::Totals);
    run(&mut kernel, set_up);
    let events = run(&mut kernel, blocks);
    let sequence = kernel.state().sequence;
    let bytes: usize = blocks.iter().map(|block| block.body.len()).sum();
    println!(
        "{commands} commands of {:.1} bytes, {:.1} bytes of events each",
        ratio(bytes, commands),
        ratio(events, commands)
    );
    println!(
        "{} orders accepted, {} trades, {} orders open at the end",
        sequence.orders,
        sequence.trades,
        kernel.state().orders.len()
    );
}

/// What is measured, and nothing else: a name for profilers to start and stop at.
#[inline(never)]
fn measured<B: Book>(kernel: &mut Kernel<B>, blocks: &[Block]) -> u128 {
    let start = Instant::now();
    run(kernel, blocks);
    start.elapsed().as_nanos()
}

fn main() {
    let once = std::env::args().any(|argument| argument == "--once");
    let commands = if once { 200_000 } else { 1_000_000 };
    let shape = Shape { markets: 10, accounts: 10_000, commands, block_records: 1_500, seed: 7 };
    let (set_up, blocks) = generate(shape);
    if once {
        round::<Ladder>(&set_up, &blocks);
        return;
    }
    describe(&set_up, &blocks, commands);
    println!("this machine, now: BLAKE3 of 32 KiB at {:.2} GiB/s", hash_speed());
    let (mut fast, mut naive) = (Vec::new(), Vec::new());
    let mut root = None;
    for index in 0..ROUNDS {
        let (nanoseconds, this) = round::<Ladder>(&set_up, &blocks);
        fast.push(nanoseconds);
        assert_eq!(*root.get_or_insert(this), this, "two runs, two roots");
        if index % 3 == 0 {
            let (nanoseconds, this) = round::<Naive>(&set_up, &blocks);
            naive.push(nanoseconds);
            assert_eq!(root, Some(this), "the naive book reaches another state");
        }
    }
    report("kernel, ladder book", commands, &mut fast);
    report("kernel, naive book", commands, &mut naive);
}

/// A yardstick for machines that differ and days that differ: the hash the kernel uses, best of some rounds.
#[allow(clippy::cast_precision_loss, clippy::float_arithmetic)]
fn hash_speed() -> f64 {
    let bytes = vec![7_u8; 32 << 10];
    let round = || {
        let start = Instant::now();
        for _ in 0..2_000 {
            std::hint::black_box(blake3::hash(&bytes));
        }
        2_000.0 * bytes.len() as f64 / start.elapsed().as_secs_f64() / f64::from(1 << 30)
    };
    (0..5).map(|_| round()).fold(0.0, f64::max)
}

#[allow(clippy::cast_precision_loss, clippy::float_arithmetic)]
fn ratio(numerator: usize, denominator: usize) -> f64 {
    numerator as f64 / denominator as f64
}

#[allow(clippy::cast_precision_loss, clippy::float_arithmetic)]
fn report(name: &str, commands: usize, rounds: &mut [u128]) {
    rounds.sort_unstable();
    let median = rounds[rounds.len() / 2];
    let each = |nanoseconds: u128| nanoseconds as f64 / commands as f64;
    println!(
        "{name}: median {:.1} ns a command = {:.2} million commands/s (best {:.1}, worst {:.1} ns, {} rounds)",
        each(median),
        1_000.0 / each(median),
        each(rounds[0]),
        each(rounds[rounds.len() - 1]),
        rounds.len()
    );
}

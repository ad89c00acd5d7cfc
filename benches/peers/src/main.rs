//! Our book beside open-source Rust order books.
//!
//! Every engine gets the same messages in the same process, round about, and folds what it reports into a tally; engines
//! whose tallies differ are not compared but refused. Printed are nanoseconds a message, medians over the rounds, and
//! the ratio to ours of the same round's median.

mod adapters;
#[path = "../../book_flow.rs"]
mod book_flow;
#[path = "../../book_loop.rs"]
mod book_loop;
mod tree;

use std::path::Path;
use std::time::Duration;

use cpu_time::ThreadTime;
use crossbook_kernel::matching::ladder::Ladder;

use adapters::{Lobster, Matchcore, Nanobook, Obcore, OrderbookRs};
use book_flow::{Flow, Message};
use book_loop::{Engine, Tally};
use tree::Tree;

/// An order book that can be fed.
trait Peer {
    /// An empty book.
    fn new() -> Self;

    /// Sends a message and counts what is reported.
    fn send(&mut self, message: Message, tally: &mut Tally);
}

impl Peer for Engine<Ladder> {
    fn new() -> Self {
        Self::new()
    }

    fn send(&mut self, message: Message, tally: &mut Tally) {
        Engine::send(self, message, tally);
    }
}

/// One engine under test.
struct Entry {
    name: &'static str,
    licence: &'static str,
    run: fn(&Flow) -> (Duration, Tally),
    /// The flows it is given: those whose names start so.
    flows: &'static str,
}

/// Plays a flow. The time is the processor's, not the clock's: on a machine with other work the ratio stays honest.
fn run<P: Peer>(flow: &Flow) -> (Duration, Tally) {
    let mut peer = P::new();
    let mut tally = Tally::default();
    let start = ThreadTime::now();
    for message in &flow.messages {
        peer.send(*message, &mut tally);
    }
    (start.elapsed(), tally)
}

const ENTRIES: [Entry; 7] = [
    Entry { name: "crossbook ladder", licence: "Apache-2.0", run: run::<Engine<Ladder>>, flows: "" },
    Entry { name: "self-written BTreeMap", licence: "Apache-2.0", run: run::<Tree>, flows: "" },
    Entry { name: "obcore 0.1.6", licence: "Apache-2.0 OR MIT", run: run::<Obcore>, flows: "" },
    Entry { name: "matchcore 0.4.0", licence: "MIT OR Apache-2.0", run: run::<Matchcore>, flows: "" },
    Entry { name: "nanobook 0.19.3", licence: "MIT", run: run::<Nanobook>, flows: "recorded" },
    Entry { name: "lobster 0.7.0", licence: "ISC", run: run::<Lobster>, flows: "recorded normal" },
    Entry { name: "orderbook-rs 0.15.3", licence: "MIT", run: run::<OrderbookRs>, flows: "recorded" },
];

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare(flow: &Flow, rounds: usize, book: &str) {
    let chosen = |entry: &&Entry| flow.name.starts_with(entry.flows) && entry.name.starts_with(book);
    let entries: Vec<&Entry> = ENTRIES.iter().filter(chosen).collect();
    if entries.is_empty() {
        return;
    }
    let mut times = vec![Vec::new(); entries.len()];
    let mut tallies = vec![Tally::default(); entries.len()];
    for round in 1..=rounds {
        for (at, entry) in entries.iter().enumerate() {
            if times[at].is_empty() || tallies[at] == tallies[0] {
                eprint!("\r{:<60}", format!("{}: round {round} of {rounds}: {}", flow.name, entry.name));
                let (time, tally) = (entry.run)(flow);
                tallies[at] = tally;
                #[expect(clippy::cast_precision_loss, reason = "nanoseconds a message")]
                times[at].push(time.as_nanos() as f64 / flow.counted as f64);
            }
        }
    }
    eprintln!();
    println!("\n{}: {} messages, {} trades, {} rounds", flow.name, flow.counted, tallies[0].trades, rounds);
    println!("{:<24}{:>8}{:>8}   licence", "book", "ratio", "ns/msg");
    for (at, entry) in entries.iter().enumerate() {
        let agrees = tallies[at] == tallies[0];
        let ratios = times[at].iter().zip(&times[0]).map(|(theirs, ours)| theirs / ours).collect();
        let ratio = if agrees { format!("{:.2}", median(ratios)) } else { "refused".to_owned() };
        let reason = if agrees { String::new() } else { format!(", but {} trades", tallies[at].trades) };
        println!("{:<24}{ratio:>8}{:>8.1}   {}{reason}", entry.name, median(times[at].clone()), entry.licence);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds =
        arguments.next().map_or(9, |rounds| rounds.parse().expect("usage: crossbook-peers [ROUNDS [FLOW [BOOK]]]"));
    let (only, book) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/matching");
    let mut flows = Vec::new();
    if only.is_empty() || only.starts_with("recorded") {
        flows.extend(book_flow::recorded(&data, 25, Engine::<Ladder>::new));
    }
    flows.push(book_flow::synthetic("synthetic", 1_000_000, 10_000, 1));
    flows.push(book_flow::synthetic("deep synthetic", 1_000_000, 500_000, 2));
    for flow in flows.iter().filter(|flow| flow.name.starts_with(&only)) {
        compare(flow, rounds, &book);
    }
}

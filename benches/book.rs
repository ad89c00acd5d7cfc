//! The book alone: ladder and order slots under a loop of price-time priority, no margin, no accounts.
//!
//! `cargo bench --bench book` measures recorded flow (if the recordings are beside the project), synthetic flow, and the
//! worst cases. How the book compares with others is measured by `benches/peers`.

mod book_flow;
mod book_loop;

use std::path::Path;
use std::sync::LazyLock;

use crossbook_kernel::matching::book::Book;
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::matching::naive::Naive;
use divan::Bencher;
use divan::counter::ItemsCount;

use book_flow::{Flow, Message, recorded, synthetic};
use book_loop::{Engine, Tally};

static FLOWS: LazyLock<Vec<Flow>> = LazyLock::new(|| {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/matching");
    let mut flows = recorded(&data, 5, Engine::<Ladder>::new);
    flows.push(synthetic("synthetic", 200_000, 10_000, 1));
    flows.push(synthetic("deep synthetic", 200_000, 500_000, 2));
    flows
});

fn play<B: Book>(engine: &mut Engine<B>, messages: &[Message]) -> Tally {
    let mut tally = Tally::default();
    for message in messages {
        engine.send(*message, &mut tally);
    }
    tally
}

fn filled(messages: &[Message]) -> Engine<Ladder> {
    let mut engine = Engine::new();
    play(&mut engine, messages);
    engine
}

#[divan::bench(args = FLOWS.iter(), sample_count = 20, sample_size = 1)]
fn ladder(bencher: Bencher, flow: &Flow) {
    let bencher = bencher.counter(ItemsCount::new(flow.counted)).with_inputs(Engine::<Ladder>::new);
    bencher.bench_local_refs(|engine| play(engine, &flow.messages));
}

#[divan::bench(args = FLOWS.iter().filter(|flow| !flow.name.starts_with("deep")), sample_count = 5, sample_size = 1)]
fn naive(bencher: Bencher, flow: &Flow) {
    let bencher = bencher.counter(ItemsCount::new(flow.counted)).with_inputs(Engine::<Naive>::new);
    bencher.bench_local_refs(|engine| play(engine, &flow.messages));
}

/// An order that takes 100,000 levels, neighbours or each in a page of its own.
#[divan::bench(args = [1, 65], sample_count = 20, sample_size = 1)]
fn sweep_of_levels_this_far_apart(bencher: Bencher, stride: u32) {
    const LEVELS: u32 = 100_000;
    let resting = |level| Message::New { buy: false, immediate: false, lots: 1, price: level * stride };
    let levels: Vec<Message> = (1..=LEVELS).map(resting).collect();
    let sweep = [Message::New { buy: true, immediate: true, lots: LEVELS, price: LEVELS * stride }];
    let bencher = bencher.counter(ItemsCount::new(LEVELS)).with_inputs(|| filled(&levels));
    bencher.bench_local_refs(|engine| play(engine, &sweep));
}

/// 200,000 orders that leave one queue, the last first.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn cancels_in_reverse(bencher: Bencher) {
    const ORDERS: u32 = 200_000;
    let queue: Vec<Message> =
        (0..ORDERS).map(|_| Message::New { buy: false, immediate: false, lots: 1, price: 50_000 }).collect();
    let reverse: Vec<Message> = (1..=ORDERS).rev().map(|id| Message::Cancel { id: u64::from(id) }).collect();
    let bencher = bencher.counter(ItemsCount::new(ORDERS)).with_inputs(|| filled(&queue));
    bencher.bench_local_refs(|engine| play(engine, &reverse));
}

fn main() {
    divan::main();
}

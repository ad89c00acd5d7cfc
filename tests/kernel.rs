//! The kernel as a whole: one journal, one state, whichever way it is cut, kept or resumed.

#[path = "../benches/session/mod.rs"]
#[allow(clippy::cast_possible_truncation, dead_code)]
mod session;

use crossbook_kernel::command::{Command, Origin, Place, Record, SelfTrade, Side, TimeInForce};
use crossbook_kernel::kernel::{BlockHead, Checks, Kernel};
use crossbook_kernel::matching::book::Book;
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::matching::naive::Naive;
use crossbook_kernel::quantities::AuthorId;
use crossbook_kernel::wire::Writer;

use session::{Block, Shape, generate, run};

fn small() -> Shape {
    Shape { markets: 3, accounts: 40, commands: 6_000, block_records: 97, seed: 11 }
}

fn replay<B: Book>(blocks: &[&[Block]]) -> Kernel<B> {
    let mut kernel = Kernel::genesis(Checks::Totals);
    for part in blocks {
        run(&mut kernel, part);
    }
    kernel
}

#[test]
fn the_naive_book_reaches_the_same_state_by_the_same_events() {
    let (set_up, blocks) = generate(small());
    let mut fast = replay::<Ladder>(&[&set_up, &blocks]);
    let mut naive = replay::<Naive>(&[&set_up, &blocks]);
    assert_eq!(fast.event_digest(), naive.event_digest());
    assert_eq!(fast.subsystem_roots(), naive.subsystem_roots());
    assert!(fast.state().sequence.trades > 300, "the session trades: {}", fast.state().sequence.trades);
}

#[test]
fn the_incremental_root_equals_the_full_one_after_every_block() {
    let (set_up, blocks) = generate(small());
    let mut kernel = Kernel::<Ladder>::genesis(Checks::Totals);
    for block in set_up.iter().chain(&blocks) {
        run(&mut kernel, std::slice::from_ref(block));
        assert_eq!(kernel.state_root(), kernel.full_state_root());
    }
}

#[test]
fn looking_at_the_root_changes_nothing() {
    let (set_up, blocks) = generate(small());
    let quiet = replay::<Ladder>(&[&set_up, &blocks]);
    let mut watched = Kernel::<Ladder>::genesis(Checks::Totals);
    for block in set_up.iter().chain(&blocks) {
        run(&mut watched, std::slice::from_ref(block));
        watched.state_root();
    }
    assert_eq!(quiet.exec_mark(), watched.exec_mark());
    assert_eq!(quiet.snapshot(), watched.snapshot());
}

#[test]
fn every_snapshot_resumes_to_the_same_end() {
    let (set_up, blocks) = generate(small());
    let mut end = replay::<Ladder>(&[&set_up, &blocks]);
    for cut in (0..blocks.len()).step_by(7) {
        let saved = replay::<Ladder>(&[&set_up, &blocks[..cut]]).snapshot();
        let mut resumed = Kernel::<Ladder>::from_snapshot(&saved, Checks::Totals).expect("our own snapshot");
        assert_eq!(resumed.snapshot(), saved);
        run(&mut resumed, &blocks[cut..]);
        assert_eq!(resumed.exec_mark(), end.exec_mark(), "resumed at block {cut}");
        assert_eq!(resumed.state_root(), end.state_root(), "resumed at block {cut}");
    }
}

#[test]
fn the_invariants_hold_after_every_command() {
    let (set_up, blocks) = generate(Shape { commands: 1_500, ..small() });
    let mut kernel = Kernel::<Ladder>::genesis(Checks::Everything);
    run(&mut kernel, &set_up);
    run(&mut kernel, &blocks);
    kernel.check().expect("sound");
}

#[test]
fn stopping_inside_a_block_leaves_the_state_of_that_seq() {
    let (set_up, blocks) = generate(small());
    let stop = 31;
    let block = &blocks[4];
    let head = BlockHead { first_seq: block.first_seq, base_time: block.base_time, count: block.count };
    let mut stopped = replay::<Ladder>(&[&set_up, &blocks[..4]]);
    stopped.apply(&block.body, head, stop).expect("a good block");
    assert_eq!(stopped.state().sequence.seq, block.first_seq + stop as u64 - 1);
}

/// A record as a block of one.
fn apply(kernel: &mut Kernel<Ladder>, origin: Origin, command: Command) -> Vec<u8> {
    let time = kernel.state().sequence.time + 1;
    let record = Record { time, origin, author: AuthorId(0), cause: 0, nonce: 0, command };
    let mut writer = Writer::default();
    record.write(&mut writer, time);
    let head = BlockHead { first_seq: kernel.state().sequence.seq + 1, base_time: time, count: 1 };
    kernel.apply(writer.as_bytes(), head, 1).expect("a good block").to_vec()
}

#[test]
fn a_refused_block_changes_nothing() {
    let (set_up, blocks) = generate(small());
    let mut kernel = replay::<Ladder>(&[&set_up, &blocks[..3]]);
    let before = kernel.snapshot();
    let block = &blocks[3];
    let head = BlockHead { first_seq: block.first_seq, base_time: block.base_time, count: block.count };
    let cut = &block.body[..block.body.len() - 1];
    assert!(kernel.apply(cut, head, usize::MAX).is_err(), "truncated");
    assert!(
        kernel.apply(&block.body, BlockHead { first_seq: head.first_seq + 1, ..head }, usize::MAX).is_err(),
        "a gap"
    );
    assert!(kernel.apply(&block.body, BlockHead { base_time: 0, ..head }, usize::MAX).is_err(), "time runs back");
    assert!(
        kernel.apply(&block.body, BlockHead { count: head.count - 1, ..head }, usize::MAX).is_err(),
        "a record too many"
    );
    assert!(kernel.apply(&block.body, BlockHead { count: usize::MAX, ..head }, usize::MAX).is_err(), "far too many");
    assert_eq!(kernel.snapshot(), before);
}

#[test]
fn every_command_reads_back_as_written() {
    let (set_up, blocks) = generate(small());
    for block in set_up.iter().chain(&blocks) {
        let mut records = Vec::new();
        crossbook_kernel::decode::block(&block.body, block.base_time, 0, block.count, &mut records).expect("canonical");
        let mut writer = Writer::default();
        for record in &records {
            record.write(&mut writer, block.base_time);
        }
        assert_eq!(writer.as_bytes(), block.body);
    }
}

#[test]
fn a_fill_or_kill_order_is_filled_or_leaves_no_trace() {
    let (set_up, blocks) = generate(small());
    let mut kernel = replay::<Ladder>(&[&set_up, &blocks]);
    let mut outcomes = [0, 0];
    for lots in [1, 5, 40, 100, 400, 2_000, 10_000, 100_000] {
        for (account, side) in [(1, Side::Buy), (2, Side::Sell), (3, Side::Buy), (4, Side::Sell)] {
            let before = kernel.state().sequence;
            let root = kernel.subsystem_roots();
            let order = Place {
                account: crossbook_kernel::quantities::AccountId(account),
                market: crossbook_kernel::quantities::MarketId(1),
                side,
                kind: crossbook_kernel::command::OrderKind::Market,
                price: crossbook_kernel::quantities::Ticks(0),
                lots: crossbook_kernel::quantities::Lots(lots),
                time_in_force: TimeInForce::FillOrKill,
                self_trade: SelfTrade::Decrement,
                post_only: false,
                reduce_only: false,
                client_order: 0,
                expires_at: 0,
            };
            apply(&mut kernel, Origin::Client, order.into());
            let accepted = kernel.state().sequence.orders > before.orders;
            outcomes[usize::from(accepted)] += 1;
            if accepted {
                assert!(kernel.state().sequence.trades > before.trades, "accepted means filled");
            } else {
                // All but the sequence: seq and time have moved.
                assert_eq!(kernel.subsystem_roots()[2..], root[2..], "refused means untouched");
            }
        }
    }
    assert!(outcomes[0] > 3 && outcomes[1] > 3, "both happened: {outcomes:?}");
}

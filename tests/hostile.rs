//! Arbitrary bytes at every door: nothing panics, nothing changes.
#![allow(clippy::cast_possible_truncation, reason = "dice fall below lengths")]

#[path = "../benches/session/mod.rs"]
#[allow(clippy::cast_possible_truncation, dead_code)]
mod session;

use crossbook_kernel::kernel::{BlockHead, Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use proptest::prelude::*;
use session::{Block, Dice, Shape, generate, run};

fn seeded() -> (Kernel<Ladder>, Vec<Block>) {
    let (set_up, mut blocks) = generate(Shape { markets: 2, accounts: 12, commands: 900, block_records: 60, seed: 5 });
    let mut kernel = Kernel::genesis(Checks::Totals);
    run(&mut kernel, &set_up);
    let rest = blocks.split_off(10);
    run(&mut kernel, &blocks);
    (kernel, rest)
}

/// Applies bytes as the next block; if they are refused, nothing may have changed.
fn assail(kernel: &mut Kernel<Ladder>, body: &[u8], base_time: u64, count: usize) -> bool {
    let before = (kernel.exec_mark(), kernel.snapshot());
    let head = BlockHead { first_seq: kernel.state().sequence.seq + 1, base_time, count };
    let accepted = kernel.apply(body, head, usize::MAX).is_ok();
    if !accepted {
        assert_eq!((kernel.exec_mark(), kernel.snapshot()), before);
    }
    kernel.check().expect("sound whatever came");
    accepted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_are_refused(body in proptest::collection::vec(any::<u8>(), 0..300), count in 0_usize..40, time in any::<u64>()) {
        let mut kernel = Kernel::<Ladder>::genesis(Checks::Totals);
        assail(&mut kernel, &body, time, count);
    }

    #[test]
    fn random_bytes_are_no_snapshot(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut named = b"XBSNAPS1".to_vec();
        named.extend(&bytes);
        prop_assert!(Kernel::<Ladder>::from_snapshot(&bytes, Checks::Totals).is_err());
        prop_assert!(Kernel::<Ladder>::from_snapshot(&named, Checks::Totals).is_err());
    }
}

#[test]
fn a_block_with_bytes_changed_is_refused_whole_or_executes_soundly() {
    let (mut kernel, blocks) = seeded();
    let saved = kernel.snapshot();
    let mut dice = Dice::seeded(99);
    let (mut accepted, mut refused) = (0, 0);
    let block = &blocks[0];
    for _ in 0..1_500 {
        let mut body = block.body.clone();
        for _ in 0..=dice.below(3) {
            let at = dice.index(body.len());
            body[at] = dice.next().to_le_bytes()[0];
        }
        if assail(&mut kernel, &body, block.base_time, block.count) {
            accepted += 1;
            kernel = Kernel::from_snapshot(&saved, Checks::Totals).expect("our own snapshot");
        } else {
            refused += 1;
        }
    }
    assert!(accepted > 100 && refused > 100, "both happened: {accepted} accepted, {refused} refused");
}

#[test]
fn a_snapshot_with_bytes_changed_is_refused_or_sound() {
    let (kernel, _) = seeded();
    let saved = kernel.snapshot();
    let mut dice = Dice::seeded(7);
    let mut refused = 0;
    for _ in 0..3_000 {
        let mut bytes = saved.clone();
        let at = dice.index(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
        match Kernel::<Ladder>::from_snapshot(&bytes, Checks::Totals) {
            Err(_) => refused += 1,
            Ok(loaded) => {
                // A value that nothing else pins down, a balance's owner say, loads as what it says; never as the old one.
                assert_eq!(loaded.snapshot(), bytes);
                assert_ne!(loaded.snapshot(), saved);
            }
        }
    }
    assert!(refused > 1_000, "most changes contradict something: {refused}");
}

#[test]
fn a_snapshot_with_extreme_values_is_refused_or_can_be_lived_with() {
    const VALUES: [i64; 12] =
        [0, 1, -1, 2, 255, 1 << 31, 1 << 58, 1 << 60, (1 << 62) + (1 << 60), i64::MAX, i64::MIN, 1_000_000_000];
    let (kernel, rest) = seeded();
    let saved = kernel.snapshot();
    let mut dice = Dice::seeded(17);
    let mut loaded = 0;
    for _ in 0..2_000 {
        let mut bytes = saved.clone();
        let value = VALUES[dice.below(VALUES.len() as u64) as usize].to_le_bytes();
        let width = [1, 2, 4, 8][dice.below(4) as usize];
        let at = dice.below((bytes.len() - width) as u64) as usize;
        bytes[at..at + width].copy_from_slice(&value[..width]);
        let Ok(mut kernel) = Kernel::<Ladder>::from_snapshot(&bytes, Checks::Totals) else { continue };
        loaded += 1;
        for block in &rest {
            let sequence = kernel.state().sequence;
            let base_time = block.base_time.max(sequence.time);
            let head = BlockHead { first_seq: sequence.seq + 1, base_time, count: block.count };
            if kernel.apply(&block.body, head, usize::MAX).is_err() {
                assert!(base_time > block.base_time, "only time may have no room left");
            }
        }
        kernel.check().expect("sound whatever it grew from");
        Kernel::<Ladder>::from_snapshot(&kernel.snapshot(), Checks::Totals).expect("our own snapshot");
    }
    assert!(loaded > 100, "some load: {loaded}");
}

#[test]
fn a_snapshot_cut_short_or_continued_is_refused() {
    let (kernel, _) = seeded();
    let saved = kernel.snapshot();
    for length in (0..saved.len()).step_by(13) {
        assert!(Kernel::<Ladder>::from_snapshot(&saved[..length], Checks::Totals).is_err(), "cut at {length}");
    }
    let mut longer = saved;
    longer.push(0);
    assert!(Kernel::<Ladder>::from_snapshot(&longer, Checks::Totals).is_err());
}

#[test]
fn a_snapshot_whose_past_cannot_be_is_refused() {
    let (kernel, _) = seeded();
    let saved = kernel.snapshot();
    let mark = saved.len() - 48;
    assert_ne!(saved[mark..mark + 8], [0; 8], "a root was taken");
    let mut rootless = saved.clone();
    rootless[mark..mark + 8].fill(0);
    assert!(Kernel::<Ladder>::from_snapshot(&rootless, Checks::Totals).is_err(), "a root as of no seq");
    let mut eventless = saved[..mark - pending(&saved, &kernel) - 4].to_vec();
    eventless.extend([0; 4]);
    eventless.extend(&saved[mark..]);
    assert!(Kernel::<Ladder>::from_snapshot(&eventless, Checks::Totals).is_err(), "commands without events");
}

/// How many bytes of events are pending in a snapshot.
fn pending(saved: &[u8], kernel: &Kernel<Ladder>) -> usize {
    let mark = saved.len() - 48;
    let found = (1..mark).find(|&length| {
        let at = mark - length - 4;
        saved[at..at + 4] == u32::try_from(length).expect("short").to_le_bytes()
    });
    assert!(!kernel.state().sequence.seq.is_multiple_of(512), "something is pending");
    found.expect("a count before the events")
}

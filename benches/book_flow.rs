//! Order flow for the book benches: two recorded streams of a public matching benchmark, and seeded synthetic ones.
//!
//! A flow is a list of plain messages that any book can be fed. Orders are numbered 1, 2, 3 … in the order in which they
//! are sent, which is also how every engine that numbers its own orders counts, so no bench pays for translating ids.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// One message to a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// An order, whose id is one more than the last one's.
    New { buy: bool, immediate: bool, lots: u32, price: u32 },
    /// Cancels an order, which may be gone already; 0 is one that never was.
    Cancel { id: u64 },
}

/// A named list of messages.
pub struct Flow {
    /// What it is called in the table.
    pub name: &'static str,
    /// What to send.
    pub messages: Vec<Message>,
    /// How many messages it counts as: a recorded modify is sent as cancel and new, and counts as one.
    pub counted: usize,
}

impl std::fmt::Display for Flow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

/// `SplitMix64`: enough for a flow, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(bound)) >> 64).expect("below the bound")
    }
}

/// Adds, cancels and immediate orders around a mid that walks: of 32 messages about 14 add, 14 cancel and 4 take.
/// Distances from the mid are roughly exponential; `resting` is how many orders the book is first filled with.
pub fn synthetic(name: &'static str, messages: usize, resting: usize, seed: u64) -> Flow {
    let mut random = Random(seed);
    let mut mid: u32 = 1 << 20;
    let (mut sent, mut open, mut id) = (Vec::with_capacity(resting + messages), Vec::with_capacity(resting), 0);
    while sent.len() < resting + messages {
        let filling = sent.len() < resting;
        let kind = if filling { 0 } else { random.below(32) };
        match random.below(16) {
            0 => mid += 1,
            1 => mid -= 1,
            _ => {}
        }
        let buy = random.below(2) == 0;
        let lots = u32::try_from(1 + random.below(100)).expect("small");
        if kind < 14 {
            let spread = 4 << random.below(8);
            let distance = u32::try_from(1 + random.below(spread)).expect("small");
            let price = if buy { mid - distance } else { mid + distance };
            id += 1;
            open.push(id);
            sent.push(Message::New { buy, immediate: false, lots, price });
        } else if kind < 28 && !open.is_empty() {
            let at = usize::try_from(random.below(open.len() as u64)).expect("small");
            sent.push(Message::Cancel { id: open.swap_remove(at) });
        } else {
            id += 1;
            let price = if buy { mid + 8 } else { mid - 8 };
            sent.push(Message::New { buy, immediate: true, lots: lots * 3, price });
        }
    }
    let counted = sent.len();
    Flow { name, messages: sent, counted }
}

/// The recorded streams, if they are beside the project: (name, file).
const RECORDED: [(&str, &str); 2] = [
    ("recorded normal", "orders_normal_s23_n20000.bin.xz"),
    ("recorded flash crash", "orders_flash-crash_s23_n20000.bin.xz"),
];

/// Reads the recorded streams from `directory`; says so on standard error if they, or `xz`, are absent.
///
/// A recording is short, so it is played `passes` times on end, with the book emptied by cancels after each pass: what
/// is measured is a book that has been running, not the growth of a new one. `oracle` makes a fresh judge of which
/// orders are open (a modify of an order that is gone is refused, so its second half must not be sent).
pub fn recorded<O: Oracle>(directory: &Path, passes: u64, oracle: impl Fn() -> O) -> Vec<Flow> {
    let mut flows = Vec::new();
    for (name, file) in RECORDED {
        let path = directory.join(file);
        match Command::new("xz").arg("-dc").arg(&path).output() {
            Ok(output) if output.status.success() => {
                flows.push(repeat(&translate(name, &output.stdout[16..], oracle()), passes));
            }
            _ => eprintln!("skipped: {name} ({} cannot be read)", path.display()),
        }
    }
    flows
}

/// A running book that knows which orders are open.
pub trait Oracle {
    /// Takes the next message.
    fn hear(&mut self, message: Message);

    /// Whether an order is open now.
    fn is_open(&self, id: u64) -> bool;
}

/// Plays a flow on end, with its ids moved up on each pass.
fn repeat(flow: &Flow, passes: u64) -> Flow {
    let orders = flow.messages.iter().filter(|message| matches!(message, Message::New { .. })).count() as u64;
    let moved = |pass: u64| {
        flow.messages.iter().map(move |message| match *message {
            Message::Cancel { id } if id != 0 => Message::Cancel { id: id + pass * orders },
            other => other,
        })
    };
    Flow {
        name: flow.name,
        messages: (0..passes).flat_map(moved).collect(),
        counted: flow.counted * usize::try_from(passes).expect("a few passes"),
    }
}

fn number<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    record[at..at + N].try_into().expect("the record is long enough")
}

/// 40-byte little-endian records: type u8, side u8, ioc u8, pad, quantity u32, seq u64, order id u64, price i64, reserved.
fn translate(name: &'static str, records: &[u8], mut oracle: impl Oracle) -> Flow {
    let mut messages: Vec<Message> = Vec::with_capacity(records.len() / 30);
    let mut send = |message, oracle: &mut _| {
        Oracle::hear(oracle, message);
        messages.push(message);
    };
    let mut last_id = 0;
    // What the stream calls an order → its latest id here.
    let mut renamed = BTreeMap::new();
    for record in records.chunks_exact(40) {
        let theirs = u64::from_le_bytes(number(record, 16));
        if record[0] != 0 {
            let id = renamed.get(&theirs).copied().unwrap_or(0);
            let refused = record[0] == 2 && !oracle.is_open(id);
            send(Message::Cancel { id }, &mut oracle);
            if record[0] == 1 || refused {
                continue;
            }
        }
        last_id += 1;
        renamed.insert(theirs, last_id);
        let order = Message::New {
            buy: record[1] == 0,
            immediate: record[2] != 0,
            lots: u32::from_le_bytes(number(record, 4)),
            price: u32::try_from(i64::from_le_bytes(number(record, 24))).expect("prices are positive"),
        };
        send(order, &mut oracle);
    }
    let left: Vec<u64> = (1..=last_id).filter(|id| oracle.is_open(*id)).collect();
    let counted = records.len() / 40 + left.len();
    for id in left {
        send(Message::Cancel { id }, &mut oracle);
    }
    Flow { name, messages, counted }
}

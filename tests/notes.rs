//! Notes (`docs/rules_oracle.md`): words on record, as long as they may be and not a byte longer.

mod desk;

use crossbook_kernel::command::{Command, Note, Origin, Record};
use crossbook_kernel::digest::SUBSYSTEMS;
use crossbook_kernel::event;
use crossbook_kernel::kernel::{BlockHead, Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, AuthorId};
use crossbook_kernel::wire::{BODY_MAX, Reader, WireError, Writer};

use desk::{Desk, text};

const LENGTHS: [usize; 10] = [0, 1, 31, 32, 64, 65, 255, 256, 16_383, 16_384];

fn note(account: u32, topic: &str, body: &str) -> Note {
    Note { account: AccountId(account), topic: Box::new(text(topic)), body: body.into() }
}

fn record(origin: Origin, nonce: u64, command: impl Into<Command>) -> Record {
    Record { time: 1_000, origin, author: AuthorId(0), cause: 0, nonce, command: command.into() }
}

/// A record of a note of nobody's, with these bytes where its body stands.
fn raw(body: &[u8]) -> Vec<u8> {
    // [0, operator, no author, no cause, no nonce, [68, nobody, "t", body]]
    let mut bytes = vec![0x96, 0, 3, 0, 0, 0, 0x94, 68, 0, 0xa1, b't'];
    bytes.extend(body);
    bytes
}

/// A body of so many bytes.
fn words(length: usize) -> String {
    "ü".repeat(length / 2) + &"x".repeat(length % 2)
}

fn applied(kernel: &mut Kernel<Ladder>, body: &[u8], count: usize) -> Result<Vec<u8>, WireError> {
    let head = BlockHead { first_seq: kernel.state().sequence.seq + 1, base_time: 1_000, count };
    kernel.apply(body, head, count).map(<[u8]>::to_vec).map_err(|error| error.error)
}

#[test]
fn what_is_noted_is_told_word_for_word_with_who_said_it() {
    let mut desk = Desk::open(Checks::Everything);
    let account = desk.account(0, 0);
    for length in LENGTHS {
        let body = words(length);
        let events = desk.apply(&record(Origin::Client, 0, note(account.0, "request", &body)));
        let mut expected = Writer::default();
        expected.array(7);
        for number in [72, desk.kernel.state().sequence.seq, u64::from(account.0), Origin::Client as u64, 0] {
            expected.unsigned(number);
        }
        expected.text(&text("request"));
        expected.body(&body);
        assert!(expected.as_bytes() == events, "a body of {length} bytes");
        assert_eq!(event::count(&events), Ok(1));
    }
}

#[test]
fn a_body_of_one_byte_too_many_is_no_command() {
    let mut kernel = Kernel::<Ladder>::genesis(Checks::Everything);
    let body = |length: usize| {
        let [high, low] = u16::try_from(length).expect("it fits its header").to_be_bytes();
        [vec![0xda, high, low], vec![b'x'; length]].concat()
    };
    let before = kernel.exec_mark();
    for length in [BODY_MAX + 1, 65_535] {
        assert_eq!(applied(&mut kernel, &raw(&body(length)), 1), Err(WireError::BadString));
    }
    assert_eq!(kernel.exec_mark(), before);
    assert!(applied(&mut kernel, &raw(&body(BODY_MAX)), 1).is_ok());
}

#[test]
fn a_body_has_one_form_only() {
    let long = |header: &[u8], length: usize| [header.to_vec(), vec![b'x'; length]].concat();
    let cases: [(&str, Vec<u8>, WireError); 14] = [
        ("31 bytes in the form of 32", long(&[0xd9, 31], 31), WireError::NotCanonical),
        ("1 byte in the form of 256", long(&[0xda, 0, 1], 1), WireError::NotCanonical),
        ("255 bytes in the form of 256", long(&[0xda, 0, 255], 255), WireError::NotCanonical),
        ("256 bytes in the form of 65,536", long(&[0xdb, 0, 0, 1, 0], 256), WireError::BadString),
        ("a length of 4 GiB", vec![0xdb, 255, 255, 255, 255], WireError::BadString),
        ("no length", vec![0xda, 1], WireError::Truncated),
        ("no bytes", vec![0xda, 1, 0], WireError::Truncated),
        ("a byte too few", long(&[0xd9, 40], 39), WireError::Truncated),
        ("no UTF-8", vec![0xa1, 0xff], WireError::BadString),
        ("half a character", vec![0xa1, 0xc3], WireError::BadString),
        ("half a surrogate pair", vec![0xa3, 0xed, 0xa0, 0x80], WireError::BadString),
        ("an overlong slash", vec![0xa2, 0xc0, 0xaf], WireError::BadString),
        ("bytes, not a string", vec![0xc4, 1, b'x'], WireError::WrongType),
        ("nothing", vec![0xc0], WireError::WrongType),
    ];
    let mut kernel = Kernel::<Ladder>::genesis(Checks::Everything);
    let before = kernel.snapshot();
    for (what, bytes, error) in cases {
        assert_eq!(applied(&mut kernel, &raw(&bytes), 1), Err(error), "{what}");
    }
    assert!(kernel.snapshot() == before, "nothing happened");
}

#[test]
fn a_name_is_no_longer_for_it() {
    let mut kernel = Kernel::<Ladder>::genesis(Checks::Everything);
    let topic = |header: &[u8], length: usize| {
        let start = vec![0x96, 0, 3, 0, 0, 0, 0x94, 68, 0];
        [start, header.to_vec(), vec![b't'; length], vec![0xa0]].concat()
    };
    assert!(applied(&mut kernel, &topic(&[0xd9, 64], 64), 1).is_ok());
    assert_eq!(applied(&mut kernel, &topic(&[0xd9, 65], 65), 1), Err(WireError::BadString));
    assert_eq!(applied(&mut kernel, &topic(&[0xda, 1, 0], 256), 1), Err(WireError::BadString));
}

#[test]
fn a_note_has_a_topic_and_a_clients_note_an_account() {
    let mut desk = Desk::open(Checks::Everything);
    let account = desk.account(0, 0).0;
    for origin in [Origin::Client, Origin::Oracle, Origin::Policy, Origin::Operator] {
        assert_eq!(desk.code(origin, note(account, "t", "")), 0);
        assert_eq!(desk.refusal(origin, note(account, "", "words")), (437, 0, 0));
        assert_eq!(desk.refusal(origin, note(9, "", "")), (104, 9, 0));
        let nobodys = if origin == Origin::Client { 101 } else { 0 };
        assert_eq!(desk.code(origin, note(0, "t", "")), nobodys);
    }
    assert_eq!(desk.refusal(Origin::Client, note(0, "", "")), (101, Origin::Client as i128, 0));
    assert_eq!(desk.code(Origin::Policy, note(0, &"t".repeat(64), "")), 0);
}

#[test]
fn a_retry_of_a_note_is_not_noted_twice() {
    let mut desk = Desk::open(Checks::Everything);
    let account = desk.account(0, 0).0;
    // [1, seq, 68, account, code, ...]
    let code = |events: &[u8]| {
        let mut reader = Reader::new(events);
        let length = reader.array().expect("an event");
        let head: Vec<u64> = (0..length.min(5)).map_while(|_| reader.unsigned().ok()).collect();
        if head[0] == 1 { head[4] } else { 0 }
    };
    assert_eq!(code(&desk.apply(&record(Origin::Client, 4, note(account, "t", "")))), 0);
    assert_eq!(code(&desk.apply(&record(Origin::Client, 4, note(account, "t", "")))), 106);
    assert_eq!(code(&desk.apply(&record(Origin::Policy, 4, note(0, "t", "")))), 105);
}

#[test]
fn notes_change_nothing_but_the_seq_however_many_and_long() {
    let mut desk = Desk::open(Checks::Totals);
    let before = desk.kernel.subsystem_roots();
    let body = "x".repeat(BODY_MAX);
    let mut writer = Writer::default();
    for _ in 0..700 {
        record(Origin::Policy, 0, note(0, "report", &body)).write(&mut writer, 1_000);
    }
    let events = applied(&mut desk.kernel, writer.as_bytes(), 700).expect("a good block");
    assert_eq!(event::count(&events), Ok(700));
    let after = desk.kernel.subsystem_roots();
    let changed: Vec<&str> = (0..8).filter(|&at| before[at] != after[at]).map(|at| SUBSYSTEMS[at]).collect();
    assert_eq!(changed, ["sequence"]);
    let saved = desk.kernel.snapshot();
    let loaded = Kernel::<Ladder>::from_snapshot(&saved, Checks::Totals).expect("our own snapshot");
    assert_eq!(loaded.exec_mark(), desk.kernel.exec_mark());
}

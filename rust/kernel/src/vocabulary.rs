//! The vocabulary as JSON, for the other language's side to be checked against.

use crate::command::{
    Command, Grade, MarginMode, MarketMode, OrderKind, Origin, Scope, SelfTrade, Side, Sides, TimeInForce,
};
use crate::event::{self, AuctionEnd, CancelReason, LiquidationKind, MoveReason, Standing};
use crate::field::Entry;
use crate::reject::Code;
use crate::risk::terms::Kind;

/// Commands, events, refusals and enumerations with their numbers.
pub fn vocabulary() -> String {
    let rejects: Vec<String> =
        Code::ALL.iter().map(|(code, name)| format!(r#"{{"code":{code},"name":"{name}"}}"#)).collect();
    let enumerations: Vec<String> = ENUMERATIONS
        .iter()
        .map(|(name, values)| {
            let values: Vec<String> = values.iter().map(|(number, name)| format!(r#""{name}":{number}"#)).collect();
            format!(r#""{name}":{{{}}}"#, values.join(","))
        })
        .collect();
    format!(
        r#"{{"commands":[{}],"events":[{}],"rejects":[{}],"enumerations":{{{}}}}}"#,
        entries(Command::VOCABULARY),
        entries(event::VOCABULARY),
        rejects.join(","),
        enumerations.join(","),
    )
}

type Values = &'static [(u8, &'static str)];

const ENUMERATIONS: &[(&str, Values)] = &[
    ("Origin", Origin::ALL),
    ("Side", Side::ALL),
    ("Sides", Sides::ALL),
    ("OrderKind", OrderKind::ALL),
    ("TimeInForce", TimeInForce::ALL),
    ("SelfTrade", SelfTrade::ALL),
    ("MarketMode", MarketMode::ALL),
    ("Scope", Scope::ALL),
    ("MarginMode", MarginMode::ALL),
    ("CancelReason", CancelReason::ALL),
    ("Standing", Standing::ALL),
    ("LiquidationKind", LiquidationKind::ALL),
    ("AuctionEnd", AuctionEnd::ALL),
    ("MoveReason", MoveReason::ALL),
    ("TermKind", Kind::ALL),
    ("Grade", Grade::ALL),
];

fn entries(entries: &[Entry]) -> String {
    let one = |entry: &Entry| {
        let fields: Vec<String> = entry.fields.iter().map(|(name, kind)| format!(r#"["{name}","{kind}"]"#)).collect();
        format!(r#"{{"tag":{},"name":"{}","fields":[{}]}}"#, entry.tag, entry.name, fields.join(","))
    };
    entries.iter().map(one).collect::<Vec<_>>().join(",")
}

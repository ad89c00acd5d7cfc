//! Agents (`docs/rules_oracle.md`): a policy acts only for accounts that entrusted it with that.

mod desk;

use crossbook_kernel::command::{
    AdjustMargin, Amend, Bid, Cancel, Command, Draw, Lock, MassCancel, Origin, Record, RegisterAuthor, SetAgent,
    SetAllowance, SetMark, SetPermissions, Side, Sides,
};
use crossbook_kernel::kernel::{Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, AuctionId, AuthorId, Lots, MarketId, Money, OrderId, RATE_ONE, Ticks};

use desk::{Desk, USD, limit, text};

const POLICY: AuthorId = AuthorId(1);
const OTHER: AuthorId = AuthorId(2);

/// Two authors, a market, an account and its sub-account.
struct House {
    desk: Desk,
    market: MarketId,
    account: AccountId,
    sibling: AccountId,
}

impl House {
    fn open() -> Self {
        let mut desk = Desk::open(Checks::Everything);
        for name in ["maker", "taker"] {
            register(&mut desk, name);
        }
        let market = desk.market(10_000, 100_000, RATE_ONE / 10, 1_000);
        let account = desk.account(0, 10_000);
        let sibling = desk.account(account.0, 10_000);
        Self { desk, market, account, sibling }
    }

    fn set(&mut self, author: AuthorId, granted: bool) -> u64 {
        let account = self.account;
        self.desk.code(Origin::Client, SetAgent { account, author, granted })
    }

    /// Tag, code and values of what an author hears as a policy; zeros if it was not refused.
    fn hears(&mut self, author: AuthorId, nonce: u64, command: impl Into<Command>) -> (u64, u64, i64, i64) {
        let (time, origin) = (self.desk.time, Origin::Policy);
        heard(&self.desk.apply(&Record { time, origin, author, cause: 0, nonce, command: command.into() }))
    }

    fn agents(&self) -> Vec<u16> {
        self.desk.kernel.state().accounts.of(self.account).agents().iter().map(|author| author.0).collect()
    }

    /// Everything that only an agent may do for an account.
    fn entrusted(&self) -> [Command; 7] {
        let Self { market, account, sibling, .. } = *self;
        let (order, client_order, side) = (OrderId(1), 0, Sides::Both);
        [
            limit(account, market, Side::Buy, 1, 900).into(),
            Amend { account, order, client_order, price: Ticks(901), lots: Lots(0) }.into(),
            Cancel { account, order, client_order }.into(),
            MassCancel { account, market, side }.into(),
            Draw { account, source: sibling, asset: USD, amount: Money(5) }.into(),
            AdjustMargin { account, market, amount: Money(1) }.into(),
            Bid { account, auction: AuctionId(1), lots: Lots(1), price: Ticks(0) }.into(),
        ]
    }
}

fn register(desk: &mut Desk, name: &str) {
    let (origin, name, version) = (Origin::Policy, Box::new(text(name)), Box::new(text("1")));
    desk.operator(RegisterAuthor { origin, name, version });
}

fn heard(events: &[u8]) -> (u64, u64, i64, i64) {
    use crossbook_kernel::wire::Reader;
    let mut reader = Reader::new(events);
    reader.array().expect("an event");
    let (tag, _seq) = (reader.unsigned().expect("a tag"), reader.unsigned().expect("a seq"));
    if tag != 1 {
        return (0, 0, 0, 0);
    }
    let (command, _account) = (reader.unsigned().expect("a tag"), reader.unsigned().expect("an account"));
    let code = reader.unsigned().expect("a code");
    (command, code, reader.signed().expect("a value"), reader.signed().expect("a value"))
}

#[test]
fn a_policy_acts_for_nobody_who_did_not_grant_it() {
    let mut house = House::open();
    house.desk.code(Origin::Client, limit(house.account, house.market, Side::Buy, 2, 900));
    let account = i64::from(house.account.0);
    for command in house.entrusted() {
        for author in [AuthorId::NONE, POLICY, OTHER] {
            let refusal = (u64::from(command.tag()), 110, i64::from(author.0), account);
            assert_eq!(house.hears(author, 0, command.clone()), refusal, "{command:?}");
        }
    }
    assert_eq!(house.set(POLICY, true), 0);
    for command in house.entrusted() {
        assert_ne!(house.hears(POLICY, 0, command.clone()).1, 110, "{command:?}");
        assert_eq!(house.hears(OTHER, 0, command).1, 110, "another author is another agent");
    }
    assert_eq!(house.set(POLICY, false), 0);
    for command in house.entrusted() {
        assert_eq!(house.hears(POLICY, 0, command).1, 110, "revoked");
    }
}

#[test]
fn what_an_agent_places_is_the_accounts() {
    let mut house = House::open();
    house.set(POLICY, true);
    let order = limit(house.account, house.market, Side::Buy, 1, 900);
    assert_eq!(house.hears(POLICY, 0, order), (0, 0, 0, 0));
    assert_eq!(house.desk.kernel.state().accounts.of(house.account).open_orders.count(), 1);
    let (account, order, client_order) = (house.account, OrderId(1), 0);
    assert_eq!(house.desk.code(Origin::Client, Cancel { account, order, client_order }), 0);
}

#[test]
fn clients_and_operators_need_no_grant_and_steps_of_the_venue_neither() {
    let mut house = House::open();
    for command in house.entrusted() {
        for origin in [Origin::Client, Origin::Operator] {
            assert_ne!(house.desk.code(origin, command.clone()), 110, "{command:?}");
        }
    }
    let (account, asset, market) = (house.account, USD, MarketId::NONE);
    assert_eq!(house.hears(OTHER, 0, Lock { account, asset, market }).1, 502);
    assert_eq!(house.hears(OTHER, 0, SetMark { market: house.market, price: Ticks(1_000) }).1, 0);
}

#[test]
fn who_draws_must_have_granted_not_who_is_drawn_on() {
    let mut house = House::open();
    let (account, source, amount) = (house.account, house.sibling, Money(5));
    let allowed = SetAllowance { source, destination: account, asset: USD, amount };
    assert_eq!(house.desk.code(Origin::Client, allowed), 0);
    let draw = Draw { account, source, asset: USD, amount };
    let grant = SetAgent { account: source, author: POLICY, granted: true };
    assert_eq!(house.desk.code(Origin::Client, grant), 0);
    assert_eq!(house.hears(POLICY, 0, draw.clone()).1, 110);
    house.set(POLICY, true);
    assert_eq!(house.hears(POLICY, 0, draw).1, 0);
}

#[test]
fn a_missing_grant_comes_right_after_the_account_and_before_the_nonce() {
    let mut house = House::open();
    let (account, market) = (house.account, house.market);
    let place = limit(account, market, Side::Buy, 1, 900);
    let (time, command) = (house.desk.time, Command::from(place.clone()));
    let record = |origin, author, cause, command: &Command| Record {
        time,
        origin,
        author,
        cause,
        nonce: 0,
        command: command.clone(),
    };
    let mut code = |record: &Record| heard(&house.desk.apply(record)).1;
    assert_eq!(code(&record(Origin::Oracle, POLICY, 99, &command)), 101);
    assert_eq!(code(&record(Origin::Policy, AuthorId(3), 99, &command)), 102);
    assert_eq!(code(&record(Origin::Policy, POLICY, 99, &command)), 103);
    let nobody = limit(AccountId(9), market, Side::Buy, 1, 900).into();
    assert_eq!(code(&record(Origin::Policy, POLICY, 0, &nobody)), 104);
    assert_eq!(house.desk.code(Origin::Client, SetMark { market, price: Ticks(1) }), 101);
    for _ in 0..2 {
        assert_eq!(house.hears(POLICY, 7, place.clone()).1, 110, "the nonce is not used up");
    }
    let elsewhere = limit(account, MarketId(9), Side::Buy, 1, 900);
    assert_eq!(house.hears(POLICY, 7, elsewhere.clone()).1, 110, "before the market");
    house.set(POLICY, true);
    assert_eq!(house.hears(POLICY, 7, elsewhere).1, 109);
    assert_eq!(house.hears(POLICY, 7, place).1, 106);
}

#[test]
fn agents_are_known_authors_each_granted_once_and_sixteen_at_most() {
    let mut house = House::open();
    let account = house.account;
    for author in [AuthorId::NONE, AuthorId(3), AuthorId(u16::MAX)] {
        for granted in [true, false] {
            let refusal = house.desk.refusal(Origin::Client, SetAgent { account, author, granted });
            assert_eq!(refusal, (102, author.0.into(), 0));
        }
    }
    let revoke = SetAgent { account, author: OTHER, granted: false };
    assert_eq!(house.desk.refusal(Origin::Client, revoke), (435, 2, 0), "it never was");
    assert_eq!(house.set(OTHER, true), 0);
    let again = SetAgent { account, author: OTHER, granted: true };
    assert_eq!(house.desk.refusal(Origin::Client, again.clone()), (435, 2, 0));
    for number in 3..=17 {
        register(&mut house.desk, "more");
        assert_eq!(house.set(AuthorId(number), true), 0);
    }
    let seventeenth = SetAgent { account, author: POLICY, granted: true };
    assert_eq!(house.desk.refusal(Origin::Client, seventeenth), (436, 16, 0));
    assert_eq!(house.desk.refusal(Origin::Client, again), (435, 2, 0), "435 before 436");
    assert_eq!(house.set(AuthorId(9), false), 0);
    assert_eq!(house.set(POLICY, true), 0);
    assert_eq!(house.agents(), [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17]);
}

#[test]
fn an_account_grants_for_itself_and_says_so() {
    let mut house = House::open();
    let grant = |account, granted| SetAgent { account, author: OTHER, granted };
    let events = house.desk.accepted(Origin::Client, grant(house.account, true));
    let seq = i128::from(house.desk.kernel.state().sequence.seq);
    assert_eq!(events, [vec![71, seq, house.account.0.into(), 2, 1]]);
    let events = house.desk.accepted(Origin::Operator, grant(house.account, false));
    assert_eq!(events[0][2..], [i128::from(house.account.0), 2, 0]);
    assert_eq!(house.desk.code(Origin::Client, grant(AccountId(9), true)), 104);
    assert_eq!(house.desk.code(Origin::Policy, grant(house.account, true)), 101, "no policy entrusts itself");
    assert_eq!(house.desk.code(Origin::Oracle, grant(house.account, true)), 101);
}

#[test]
fn a_snapshot_grants_nothing_that_no_command_could_have() {
    let mut house = House::open();
    house.set(POLICY, true);
    house.set(OTHER, true);
    let saved = house.desk.kernel.snapshot();
    let list = [2, 0, 0, 0, 1, 0, 2, 0];
    let found: Vec<usize> = (0..saved.len()).filter(|&at| saved[at..].starts_with(&list)).collect();
    let [at] = found[..] else { panic!("not just one list: {found:?}") };
    for forged in [[2, 1], [1, 1], [0, 1], [1, 3]] {
        let mut bytes = saved.clone();
        (bytes[at + 4], bytes[at + 6]) = (forged[0], forged[1]);
        assert!(Kernel::<Ladder>::from_snapshot(&bytes, Checks::Totals).is_err(), "agents {forged:?}");
    }
}

#[test]
fn a_grant_survives_other_permissions_and_a_snapshot() {
    let mut house = House::open();
    let bare = house.desk.kernel.state().accounts.of(house.account).mandate.clone();
    house.set(POLICY, true);
    let free = SetPermissions {
        account: house.account,
        reduce_only: false,
        no_withdraw: false,
        no_transfer: false,
        markets: vec![],
        destinations: vec![],
    };
    house.desk.operator(free);
    assert_eq!(house.agents(), [1]);
    let saved = house.desk.kernel.snapshot();
    let loaded = Kernel::<Ladder>::from_snapshot(&saved, Checks::Everything).expect("our own snapshot");
    assert_eq!(loaded.state().accounts.of(house.account).agents(), [POLICY]);
    house.set(POLICY, false);
    assert_eq!(house.desk.kernel.state().accounts.of(house.account).mandate, bare, "nothing is left of it");
}

//! A seeded session for benches and tests: several markets, many accounts, orders around walking mids.
//!
//! Cancels name real order ids, so the generator runs a kernel of its own while it writes.

use crossbook_kernel::command::{
    AddAsset, AddMarket, Amend, Cancel, Command, CreateAccount, Deposit, OrderKind, Origin, Place, Record, SelfTrade,
    SetFees, SetMark, SetTiers, Side, Tier, TimeInForce,
};
use crossbook_kernel::kernel::{BlockHead, Checks, Kernel};
use crossbook_kernel::matching::book::Book;
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, AssetId, AuthorId, Lots, MarketId, Money, OrderId, Rate, Ticks};
use crossbook_kernel::wire::{Text, Writer};

/// A block body as the journal holds it.
pub struct Block {
    pub body: Vec<u8>,
    pub first_seq: u64,
    pub base_time: u64,
    pub count: usize,
}

/// What kind of session.
#[derive(Clone, Copy)]
pub struct Shape {
    pub markets: u16,
    pub accounts: u32,
    pub commands: usize,
    pub block_records: usize,
    pub seed: u64,
}

/// `SplitMix64`: small, seeded, the same everywhere.
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall the same way.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An index into something of a length.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below a length")
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below((high - low + 1).cast_unsigned())).expect("small")
    }
}

struct Generator {
    kernel: Kernel<Ladder>,
    dice: Dice,
    shape: Shape,
    mids: Vec<i64>,
    live: Vec<(AccountId, OrderId)>,
    time: u64,
    blocks: Vec<Block>,
    records: Vec<Record>,
}

/// The set-up block and the session's blocks.
pub fn generate(shape: Shape) -> (Vec<Block>, Vec<Block>) {
    let mut generator = Generator {
        kernel: Kernel::genesis(Checks::Totals),
        dice: Dice(shape.seed),
        shape,
        mids: vec![100_000; usize::from(shape.markets)],
        live: Vec::new(),
        time: 1_700_000_000_000_000_000,
        blocks: Vec::new(),
        records: Vec::new(),
    };
    generator.set_up();
    let set_up = std::mem::take(&mut generator.blocks);
    for _ in 0..shape.commands {
        generator.step();
    }
    generator.close_block();
    (set_up, generator.blocks)
}

impl Generator {
    fn set_up(&mut self) {
        let text = |text: &str| Box::new(Text::new(text).expect("short"));
        self.push(Origin::Operator, AddAsset { symbol: text("USD"), decimals: 6 });
        for id in 1..=self.shape.markets {
            let market = MarketId(id);
            self.push(
                Origin::Operator,
                AddMarket {
                    symbol: text(&format!("M{id}-PERP")),
                    settlement: AssetId(1),
                    tick_size_e12: 10_000_000_000,
                    lot_size_e12: 1_000_000_000,
                    price_max: Ticks(1 << 24),
                    position_max: Lots(1 << 30),
                },
            );
            let tier = |bound: i64, initial: i64| Tier {
                lower_bound: Money(bound),
                initial_rate: Rate(initial),
                maintenance_rate: Rate(initial / 2),
            };
            let tiers = vec![tier(0, 20_000_000), tier(10_000_000_000, 40_000_000), tier(100_000_000_000, 100_000_000)];
            self.push(Origin::Operator, SetTiers { market, tiers });
            self.push(Origin::Operator, SetFees { market, maker_rate: Rate(-50_000), taker_rate: Rate(350_000) });
            self.push(Origin::Oracle, SetMark { market, price: Ticks(100_000) });
        }
        for account in 1..=self.shape.accounts {
            self.push(Origin::Operator, CreateAccount { parent: AccountId(0) });
            let amount = Money(1_000_000_000_000);
            self.push(Origin::Operator, Deposit { account: AccountId(account), asset: AssetId(1), amount });
        }
        self.close_block();
    }

    fn step(&mut self) {
        self.time += 1 + self.dice.below(2_000);
        match self.dice.below(1000) {
            0..=1 => self.move_mark(),
            2..=449 if self.live.len() > 20_000 || (self.live.len() > 1_000 && self.dice.below(8) > 0) => self.cancel(),
            450..=479 if !self.live.is_empty() => self.amend(),
            480..=579 => self.place(true),
            _ => self.place(false),
        }
    }

    fn move_mark(&mut self) {
        let index = self.dice.index(usize::from(self.shape.markets));
        self.mids[index] += self.dice.between(-20, 20);
        let (market, price) = (MarketId(index as u16 + 1), Ticks(self.mids[index]));
        self.push(Origin::Oracle, SetMark { market, price });
    }

    fn cancel(&mut self) {
        let index = self.dice.index(self.live.len());
        let (account, order) = self.live.swap_remove(index);
        self.push(Origin::Client, Cancel { account, order, client_order: 0 });
    }

    fn amend(&mut self) {
        let index = self.dice.index(self.live.len());
        let (account, order) = self.live[index];
        let lots = Lots(self.dice.between(1, 40));
        self.push(Origin::Client, Amend { account, order, client_order: 0, price: Ticks(0), lots });
    }

    fn place(&mut self, aggressive: bool) {
        let market = self.dice.index(usize::from(self.shape.markets));
        let account = AccountId(1 + self.dice.below(u64::from(self.shape.accounts)) as u32);
        let side = if self.dice.below(2) == 0 { Side::Buy } else { Side::Sell };
        let away = if aggressive { -self.dice.between(0, 5) } else { self.dice.between(1, 60) };
        let price = self.mids[market] + if side == Side::Buy { -away } else { away };
        let lots = Lots(self.dice.between(1, if aggressive { 60 } else { 40 }));
        let before = self.kernel.state().sequence.orders;
        self.push(
            Origin::Client,
            Place {
                account,
                market: MarketId(market as u16 + 1),
                side,
                kind: OrderKind::Limit,
                price: Ticks(price),
                lots,
                time_in_force: if aggressive { TimeInForce::ImmediateOrCancel } else { TimeInForce::GoodTillCancel },
                self_trade: SelfTrade::CancelNewest,
                post_only: false,
                reduce_only: false,
                client_order: 0,
                expires_at: 0,
            },
        );
        let accepted = self.kernel.state().sequence.orders;
        if accepted > before && !aggressive {
            self.live.push((account, OrderId(accepted)));
        }
    }

    fn push(&mut self, origin: Origin, command: impl Into<Command>) {
        let record =
            Record { time: self.time, origin, author: AuthorId(0), cause: 0, nonce: 0, command: command.into() };
        let head = BlockHead { first_seq: self.kernel.state().sequence.seq + 1, base_time: self.time, count: 1 };
        let mut writer = Writer::default();
        record.write(&mut writer, self.time);
        self.kernel.apply(writer.as_bytes(), head, 1).expect("generated records are canonical");
        self.records.push(record);
        if self.records.len() == self.shape.block_records {
            self.close_block();
        }
    }

    fn close_block(&mut self) {
        let Some(first) = self.records.first() else { return };
        let base_time = first.time;
        let count = self.records.len();
        let mut writer = Writer::default();
        for record in self.records.drain(..) {
            record.write(&mut writer, base_time);
        }
        let first_seq = self.kernel.state().sequence.seq + 1 - count as u64;
        self.blocks.push(Block { body: writer.as_bytes().to_vec(), first_seq, base_time, count });
    }
}

/// Executes blocks; gives the bytes of events they produced.
pub fn run<B: Book>(kernel: &mut Kernel<B>, blocks: &[Block]) -> usize {
    let mut bytes = 0;
    for block in blocks {
        let head = BlockHead { first_seq: block.first_seq, base_time: block.base_time, count: block.count };
        bytes += kernel.apply(&block.body, head, usize::MAX).expect("generated blocks are canonical").len();
    }
    bytes
}

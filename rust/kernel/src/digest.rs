//! Two fingerprints: of everything that happened, and of everything there is.
//!
//! **Event digest.** Events are hashed in windows of [`WINDOW`] seqs, each window over the digest before it, so the
//! digest as of a seq depends on the events alone, never on how commands were cut into blocks:
//!
//! ```text
//! D(0) = 0    D(s) = BLAKE3(events of w+1 ..= s ‖ D(w)),   w = the last multiple of WINDOW below s
//! ```
//!
//! **State root.** The state is cut into eight subsystems and most of them into fixed buckets. Only buckets that changed
//! are hashed again:
//!
//! ```text
//! root ─┬─ parameters, sequence, markets, funds      hashed whole: they are small
//!       ├─ accounts, positions, idempotency          a bucket is 16 accounts
//!       └─ orders                                    a bucket is 64 ticks of a book
//! ```

use std::collections::BTreeMap;

use crate::canonical::Canon;
use crate::matching::book::Book;
use crate::state::State;

/// A 256-bit digest.
pub type Digest = [u8; 32];

/// Seqs in a window of the event digest.
pub const WINDOW: u64 = 512;

/// The subsystems of the state root, in its order.
pub const SUBSYSTEMS: [&str; 8] =
    ["parameters", "sequence", "markets", "funds", "accounts", "positions", "idempotency", "orders"];

fn hash(bytes: &[u8]) -> Digest {
    *blake3::hash(bytes).as_bytes()
}

/// The running digest of the event stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventDigest {
    /// The digest at the last full window.
    pub chain: Digest,
    /// The events since.
    pub pending: Vec<u8>,
}

impl EventDigest {
    /// Takes in more of the present window.
    pub fn extend(&mut self, events: &[u8]) {
        self.pending.extend_from_slice(events);
    }

    /// The window is full: what is pending goes into the chain.
    pub fn close_window(&mut self) {
        self.chain = self.digest();
        self.pending.clear();
    }

    /// The digest as of now.
    pub fn digest(&self) -> Digest {
        if self.pending.is_empty() {
            return self.chain;
        }
        // Events first: a prefix of 32 bytes would keep the hash off the chunk boundaries it needs to go wide.
        *blake3::Hasher::new().update(&self.pending).update(&self.chain).finalize().as_bytes()
    }
}

/// Which buckets changed.
#[derive(Clone, Debug, Default)]
pub struct DirtySet {
    words: Vec<u64>,
}

impl DirtySet {
    /// Marks a bucket.
    #[inline]
    pub fn mark(&mut self, bucket: usize) {
        let word = bucket / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (bucket % 64);
    }

    /// The marked buckets, ascending; none is marked afterwards.
    pub fn drain(&mut self) -> Vec<usize> {
        let mut buckets = Vec::new();
        for (index, word) in self.words.iter_mut().enumerate() {
            let mut bits = std::mem::take(word);
            while bits != 0 {
                buckets.push(index * 64 + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
        buckets
    }
}

/// Bucket digests as of the last root.
#[derive(Clone, Default)]
pub struct Roots {
    accounts: Vec<Digest>,
    positions: Vec<Digest>,
    nonces: Vec<Digest>,
    orders: Vec<BTreeMap<u32, Digest>>,
    canon: Canon,
}

impl Roots {
    /// Hashes what changed and gives the digest of every subsystem, in the order of [`SUBSYSTEMS`].
    pub fn subsystems<B: Book>(&mut self, state: &mut State<B>) -> [Digest; 8] {
        let buckets = state.accounts.buckets();
        for digests in [&mut self.accounts, &mut self.positions, &mut self.nonces] {
            digests.resize(buckets, Digest::default());
        }
        for bucket in state.accounts.dirty_holdings.drain() {
            self.hash_holdings(state, bucket);
        }
        for bucket in state.accounts.dirty_nonces.drain() {
            self.hash_nonces(state, bucket);
        }
        self.orders.resize_with(state.books.len(), BTreeMap::new);
        for market in 0..state.books.len() {
            for bucket in state.books[market].drain_dirty() {
                self.hash_orders(state, market, bucket);
            }
        }
        self.combine(state)
    }

    /// The same from scratch, whatever is marked: what the incremental way must equal.
    pub fn recompute<B: Book>(state: &State<B>) -> [Digest; 8] {
        let mut roots = Self::default();
        let buckets = state.accounts.buckets();
        for digests in [&mut roots.accounts, &mut roots.positions, &mut roots.nonces] {
            digests.resize(buckets, Digest::default());
        }
        for bucket in 0..buckets {
            roots.hash_holdings(state, bucket);
            roots.hash_nonces(state, bucket);
        }
        roots.orders.resize_with(state.books.len(), BTreeMap::new);
        for (market, book) in state.books.iter().enumerate() {
            for bucket in book.buckets() {
                roots.hash_orders(state, market, bucket);
            }
        }
        roots.combine(state)
    }

    fn hash_holdings<B: Book>(&mut self, state: &State<B>, bucket: usize) {
        self.canon.clear();
        for (_, account) in state.accounts.bucket(bucket) {
            self.canon.account(account);
        }
        self.accounts[bucket] = hash(self.canon.as_bytes());
        self.canon.clear();
        for (_, account) in state.accounts.bucket(bucket) {
            self.canon.positions(&account.holdings);
        }
        self.positions[bucket] = hash(self.canon.as_bytes());
    }

    fn hash_nonces<B: Book>(&mut self, state: &State<B>, bucket: usize) {
        self.canon.clear();
        for (_, account) in state.accounts.bucket(bucket) {
            self.canon.nonces(&account.nonces);
        }
        self.nonces[bucket] = hash(self.canon.as_bytes());
    }

    fn hash_orders<B: Book>(&mut self, state: &State<B>, market: usize, bucket: u32) {
        self.canon.clear();
        let canon = &mut self.canon;
        state.books[market]
            .for_each_in_bucket(&state.orders, bucket, |slot, _| canon.order(&state.orders.describe(slot)));
        if self.canon.as_bytes().is_empty() {
            self.orders[market].remove(&bucket);
        } else {
            self.orders[market].insert(bucket, hash(self.canon.as_bytes()));
        }
    }

    fn combine<B: Book>(&mut self, state: &State<B>) -> [Digest; 8] {
        let parameters = self.whole(|canon| parameters(canon, state));
        let sequence = self.whole(|canon| canon.sequence(&state.sequence));
        let markets = self.whole(|canon| markets(canon, state));
        let funds = self.whole(|canon| state.assets.iter().for_each(|asset| canon.asset_funds(asset)));
        let orders = self.order_buckets();
        [
            parameters,
            sequence,
            markets,
            funds,
            hash(self.accounts.as_flattened()),
            hash(self.positions.as_flattened()),
            hash(self.nonces.as_flattened()),
            orders,
        ]
    }

    fn whole(&mut self, write: impl FnOnce(&mut Canon)) -> Digest {
        self.canon.clear();
        write(&mut self.canon);
        hash(self.canon.as_bytes())
    }

    fn order_buckets(&mut self) -> Digest {
        self.canon.clear();
        for buckets in &self.orders {
            self.canon.count(buckets.len());
            for (bucket, digest) in buckets {
                self.canon.u32(*bucket);
                self.canon.raw(digest);
            }
        }
        hash(self.canon.as_bytes())
    }
}

/// Everything that configuration commands set.
pub fn parameters<B: Book>(canon: &mut Canon, state: &State<B>) {
    canon.parameters(&state.parameters);
    canon.count(state.authors.len());
    state.authors.iter().for_each(|author| canon.author(author));
    canon.count(state.assets.len());
    state.assets.iter().for_each(|asset| canon.asset_terms(asset));
    canon.count(state.markets.len());
    state.markets.iter().for_each(|market| canon.market_terms(market));
    canon.groups(&state.groups);
    canon.exposure_caps(&state.exposure_caps);
    canon.backstop(&state.backstop);
}

/// Prices, funding and insurance of every market, and what is on offer.
pub fn markets<B: Book>(canon: &mut Canon, state: &State<B>) {
    state.markets.iter().for_each(|market| canon.market_prices(market));
    canon.auctions(&state.auctions);
}

/// The state root over the digests of its subsystems.
pub fn root(subsystems: &[Digest; 8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for (name, digest) in SUBSYSTEMS.iter().zip(subsystems) {
        hasher.update(name.as_bytes()).update(digest);
    }
    *hasher.finalize().as_bytes()
}

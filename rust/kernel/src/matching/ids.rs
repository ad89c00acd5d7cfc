//! Order id → slot, as a dense table of the ids in use.
//!
//! ```text
//! id ──► region (2^20 ids) ──► page (2^10 ids) ──► slot
//!        sorted by id,          recycled when
//!        newest asked first     no id is live
//! ```
//!
//! Ids are a counter, so a look-up is three loads and no hash. A page lives while one of its ids is open, so memory
//! follows the open orders and not the orders ever placed.

use crossbook_prefetch::prefetch;

use super::orders::{NONE, Slot};
use crate::quantities::OrderId;

const FAN_OUT: usize = 1024;

/// 1,024 consecutive ids, or 1,024 consecutive pages: both levels of the index have the same shape.
#[derive(Clone, Debug)]
struct Table {
    live: u32,
    entries: [u32; FAN_OUT],
}

impl Table {
    const EMPTY: Self = Self { live: 0, entries: [NONE; FAN_OUT] };
}

/// id → slot. A page or region in which nothing is live is all `NONE`, so it is recycled as it is.
#[derive(Clone, Debug, Default)]
pub(super) struct IdIndex {
    /// (id / 2^20, its pages), ascending. Normally one or two: a region goes when none of its million ids is open.
    regions: Vec<(u64, Box<Table>)>,
    pages: Vec<Table>,
    pages_free: Vec<u32>,
}

/// region, page in region, id in page
fn split(id: OrderId) -> (u64, usize, usize) {
    let low = usize::try_from(id.0 & 0xf_ffff).expect("20 bits");
    (id.0 >> 20, low / FAN_OUT, low % FAN_OUT)
}

impl IdIndex {
    pub(super) fn insert(&mut self, id: OrderId, slot: u32) {
        let (key, page_in_region, entry) = split(id);
        let at = match self.find(key) {
            Ok(at) => at,
            Err(at) => {
                self.regions.insert(at, (key, Box::new(Table::EMPTY)));
                at
            }
        };
        let region = &mut self.regions[at].1;
        let mut page = region.entries[page_in_region];
        if page == NONE {
            page = self.pages_free.pop().unwrap_or_else(|| {
                self.pages.push(Table::EMPTY);
                u32::try_from(self.pages.len() - 1).expect("fewer pages than orders")
            });
            region.entries[page_in_region] = page;
            region.live += 1;
        }
        let page = &mut self.pages[page as usize];
        assert!(page.entries[entry] == NONE, "order {} is already open", id.0);
        page.entries[entry] = slot;
        page.live += 1;
    }

    pub(super) fn remove(&mut self, id: OrderId) {
        let (key, page_in_region, entry) = split(id);
        let at = self.find(key).expect("the order is indexed");
        let region = &mut self.regions[at].1;
        let page_at = region.entries[page_in_region];
        let page = &mut self.pages[page_at as usize];
        assert!(page.entries[entry] != NONE, "order {} is not open", id.0);
        page.entries[entry] = NONE;
        page.live -= 1;
        if page.live == 0 {
            self.pages_free.push(page_at);
            region.entries[page_in_region] = NONE;
            region.live -= 1;
            if region.live == 0 {
                self.regions.remove(at);
            }
        }
    }

    #[inline]
    pub(super) fn slot(&self, id: OrderId) -> Option<Slot> {
        let (key, page_in_region, entry) = split(id);
        let region = &self.regions[self.find(key).ok()?].1;
        let page = self.pages.get(region.entries[page_in_region] as usize)?;
        Slot::from_link(page.entries[entry])
    }

    /// Asks for the entry of an id: the last of the three loads, and the only one that is far away.
    #[inline]
    pub(super) fn prefetch(&self, id: OrderId) {
        let (key, page_in_region, entry) = split(id);
        if let Ok(at) = self.find(key)
            && let Some(page) = self.pages.get(self.regions[at].1.entries[page_in_region] as usize)
        {
            prefetch(&page.entries[entry]);
        }
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let pages = self.regions.iter().flat_map(|(_, region)| region.entries.iter());
        pages
            .filter_map(|page| self.pages.get(*page as usize))
            .flat_map(|page| page.entries.iter().filter_map(|link| Slot::from_link(*link)))
    }

    /// Where the region is, or where it would go. The newest is asked first: most commands are about recent orders.
    #[inline]
    fn find(&self, key: u64) -> Result<usize, usize> {
        match self.regions.last() {
            Some((last, _)) if *last == key => Ok(self.regions.len() - 1),
            _ => self.regions.binary_search_by_key(&key, |(region, _)| *region),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_the_open_orders() {
        let mut index = IdIndex::default();
        index.insert(OrderId(1), 7);
        for id in 2..3_000_000 {
            index.insert(OrderId(id), 8);
            index.remove(OrderId(id));
        }
        assert_eq!(2, index.pages.len(), "one page for the oldest order, one for all the others in turn");
        assert_eq!(1, index.regions.len(), "only the oldest order's region is left");
        assert_eq!((Some(Slot(7)), None), (index.slot(OrderId(1)), index.slot(OrderId(2))));
    }
}

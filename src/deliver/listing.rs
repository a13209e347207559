//! Which page of a listing is its last one. Pure.
//!
//! A server's counts and its word about further pages are not to be trusted: a listing ends at
//! an empty page, at a page that shows nobody new, or two pages after the last one that its
//! first page promised.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::answer::{Page, Seen};

/// Customers that are remembered; beyond that remembering starts anew, so that memory does not
/// grow with the ERP.
const REMEMBERED: usize = 1 << 16;

/// A listing under way.
#[derive(Debug)]
pub struct Listing {
    /// Pages that are read at most, if the first one promised a number.
    most: Option<u64>,
    pages: u64,
    remembered: HashSet<u64>,
    hasher: RandomState,
    customers: u64,
}

/// What a listing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Customers that it showed.
    pub customers: u64,
    /// Whether it came to its own end; else there may be more.
    pub whole: bool,
}

impl Listing {
    /// A listing that begins with this page.
    #[must_use]
    pub fn new(first: &Page) -> Self {
        let size = first.items.len().max(1) as u64;
        let total = first.total.filter(|total| *total >= 1);
        Self {
            most: total.map(|total| total.unsigned_abs().div_ceil(size).saturating_add(2)),
            pages: 0,
            remembered: HashSet::new(),
            hasher: RandomState::new(),
            customers: 0,
        }
    }

    /// Takes the next page; what the listing came to if that was the last one.
    pub fn take(&mut self, page: &Page) -> Option<Listed> {
        self.pages += 1;
        let new = page.items.iter().filter(|seen| self.is_new(seen)).count() as u64;
        self.customers += new;
        let whole = new == 0;
        let over = whole || self.most.is_some_and(|most| self.pages >= most);
        over.then_some(Listed {
            customers: self.customers,
            whole,
        })
    }

    /// Ids alone do not do: there are servers that give everybody the same one.
    fn is_new(&mut self, seen: &Seen) -> bool {
        if self.remembered.len() >= REMEMBERED {
            self.remembered.clear();
        }
        let name = self.hasher.hash_one((seen.id, &seen.number));
        self.remembered.insert(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ids: impl IntoIterator<Item = i64>, total: Option<i64>) -> Page {
        let seen = |id| Seen {
            id: Some(id),
            number: None,
            body: serde_json::Map::new(),
        };
        Page {
            items: ids.into_iter().map(seen).collect(),
            total,
        }
    }

    /// How many pages are read, and what the listing came to.
    fn read(pages: impl IntoIterator<Item = Page>) -> (u64, Listed) {
        let mut pages = pages.into_iter().peekable();
        let mut listing = Listing::new(pages.peek().unwrap());
        loop {
            let end = listing.take(&pages.next().expect("another page"));
            if let Some(listed) = end {
                return (listing.pages, listed);
            }
        }
    }

    fn listed(customers: u64, whole: bool) -> Listed {
        Listed { customers, whole }
    }

    #[test]
    fn it_ends_at_an_empty_page() {
        let pages = [page([1, 2], Some(3)), page([3], Some(3)), page([], Some(3))];
        assert_eq!(read(pages), (3, listed(3, true)));
    }

    #[test]
    fn it_ends_at_a_page_without_anybody_new_also_if_that_is_not_the_one_before() {
        let last = || page([2, 1], None);
        assert_eq!(read([page([1, 2], None), last()]), (2, listed(2, true)));
        let around = [page([1, 2], None), page([3, 4], None), page([1, 3], None)];
        assert_eq!(read(around), (3, listed(4, true)));
    }

    #[test]
    fn it_ends_two_pages_after_the_last_promised_one_and_is_not_whole_then() {
        let endless = (0..).map(|number| page([2 * number, 2 * number + 1], Some(4)));
        assert_eq!(read(endless), (4, listed(8, false)));
    }

    #[test]
    fn customers_that_are_shown_twice_count_once() {
        let pages = [
            page([1, 2], Some(9)),
            page([2, 3], Some(9)),
            page([], Some(9)),
        ];
        assert_eq!(read(pages), (3, listed(3, true)));
    }

    #[test]
    fn its_memory_does_not_grow_with_the_erp() {
        let full = REMEMBERED as i64;
        let mut listing = Listing::new(&page([0], None));
        for first in (0..full * 2).step_by(1_000) {
            assert_eq!(listing.take(&page(first..first + 1_000, None)), None);
            assert!(listing.remembered.len() <= REMEMBERED);
        }
        assert!(listing.customers >= REMEMBERED as u64 * 2);
    }
}

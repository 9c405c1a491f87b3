//! How many sandboxes a process can have before the system lets it map no more memory.
//!
//! Linux counts the mappings of a process (`vm.max_map_count`). Where there are no more to be had, whatever
//! wants memory next fails, and that may be anything. So sandboxes are promised only as far as they suffice.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a worker takes with its sandbox: six for its stack and those of its signals, four for the memory, two
/// for the flags in it. The benchmark `scale` counts them.
const EACH: usize = 12;

/// What is left to the rest of the program.
const OTHERS: usize = 4096;

/// The mappings that sandboxes may have.
struct Budget {
    /// How many there are for the process, where the system says.
    limit: Option<usize>,
    /// How many sandboxes were promised theirs.
    promised: AtomicUsize,
}

static BUDGET: LazyLock<Budget> = LazyLock::new(|| {
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    Budget::new(limit.and_then(|limit| limit.trim().parse().ok()))
});

/// There are not so many mappings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// For how many more sandboxes there are some.
    pub(crate) available: usize,
    /// How many the process may have.
    pub(crate) limit: usize,
}

impl Budget {
    const fn new(limit: Option<usize>) -> Self {
        Self {
            limit,
            promised: AtomicUsize::new(0),
        }
    }

    fn promise(&'static self, sandboxes: usize) -> Result<Promise, TooMany> {
        let limit = self.limit.unwrap_or(usize::MAX);
        let most = limit.saturating_sub(OTHERS) / EACH;
        let take = |promised: usize| {
            let promised = promised.checked_add(sandboxes)?;
            (promised <= most).then_some(promised)
        };
        let taken = self
            .promised
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        match taken {
            Ok(_) => Ok(Promise {
                budget: self,
                sandboxes,
            }),
            Err(promised) => Err(TooMany {
                available: most.saturating_sub(promised),
                limit,
            }),
        }
    }
}

/// Mappings for sandboxes, given back on drop.
pub(crate) struct Promise {
    budget: &'static Budget,
    sandboxes: usize,
}

impl Promise {
    /// Sets the mappings of so many sandboxes aside.
    pub(crate) fn of(sandboxes: usize) -> Result<Self, TooMany> {
        BUDGET.promise(sandboxes)
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let promised = &self.budget.promised;
        promised.fetch_sub(self.sandboxes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, EACH, OTHERS, TooMany};

    #[test]
    fn no_more_is_promised_than_there_is_and_what_is_dropped_is_there_again() {
        const LIMIT: usize = OTHERS + 10 * EACH;
        static BUDGET: Budget = Budget::new(Some(LIMIT));
        let refused = |sandboxes| BUDGET.promise(sandboxes).err();
        let too_many = |available| {
            let limit = LIMIT;
            Some(TooMany { available, limit })
        };
        let six = BUDGET.promise(6).ok();
        let four = BUDGET.promise(4).ok();
        assert!(six.is_some() && four.is_some());
        assert_eq!(refused(1), too_many(0));
        drop(four);
        assert_eq!(refused(5), too_many(4));
        assert_eq!(refused(usize::MAX), too_many(4));
        assert_eq!(refused(4), None);
        drop(six);
        assert_eq!(refused(10), None);
    }

    #[test]
    fn where_there_is_no_limit_there_is_enough() {
        static BUDGET: Budget = Budget::new(None);
        assert!(BUDGET.promise(1 << 30).is_ok());
        static NOTHING: Budget = Budget::new(Some(10));
        assert!(NOTHING.promise(1).is_err());
    }
}

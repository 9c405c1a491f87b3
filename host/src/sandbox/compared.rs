//! The tasks that were compared with the host's: looked at by every submission, so without a lock.

use std::any::TypeId;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use crate::sandbox::module::Entry;

/// A table of the host's types, which takes each once and for good. Where it is full, types are compared
/// again each time.
pub(super) struct Compared {
    places: Box<[OnceLock<(TypeId, Entry)>]>,
}

impl Compared {
    /// For a module with so many tasks.
    pub(super) fn new(tasks: usize) -> Self {
        // Half of the places stay free, so that what is not there is soon found not to be. Some tasks may
        // have several types.
        const LEAST: usize = 16;
        let places = tasks.saturating_mul(2).max(LEAST).next_power_of_two();
        Self {
            places: (0..places).map(|_| OnceLock::new()).collect(),
        }
    }

    #[inline]
    pub(super) fn get(&self, task: TypeId) -> Option<Entry> {
        // Mostly it is where it would be if it were alone.
        let (found, entry) = self.places[self.first(task)].get()?;
        match *found == task {
            true => Some(*entry),
            false => self.get_further(task),
        }
    }

    #[cold]
    fn get_further(&self, task: TypeId) -> Option<Entry> {
        for place in self.places_of(task) {
            let (found, entry) = place.get()?;
            if *found == task {
                return Some(*entry);
            }
        }
        None
    }

    pub(super) fn insert(&self, task: TypeId, entry: Entry) {
        for place in self.places_of(task) {
            let (found, _) = place.get_or_init(|| (task, entry));
            if *found == task {
                return;
            }
        }
    }

    /// All places, in the order in which they are looked at.
    fn places_of(&self, task: TypeId) -> impl Iterator<Item = &OnceLock<(TypeId, Entry)>> {
        let (before, after) = self.places.split_at(self.first(task));
        after.iter().chain(before)
    }

    #[inline]
    fn first(&self, task: TypeId) -> usize {
        let mut hasher = AsItIs(0);
        task.hash(&mut hasher);
        // There is a power of two of them.
        usize::try_from(hasher.finish()).unwrap_or(0) & (self.places.len() - 1)
    }
}

/// The type's number is a hash already.
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 ^= number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

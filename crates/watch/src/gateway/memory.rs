//! One budget of memory for all that the gateway keeps of requests and replies, so that no crowd of clients can use up the
//! machine's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The budget.
#[derive(Debug)]
pub struct Memory {
    most: usize,
    used: AtomicUsize,
}

/// A part of the budget, given back when this is dropped.
#[derive(Debug)]
pub struct Held {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Memory {
    /// A budget of `most` bytes.
    pub fn new(most: usize) -> Arc<Memory> {
        Arc::new(Memory { most, used: AtomicUsize::new(0) })
    }

    /// Holds nothing yet.
    pub fn hold(self: &Arc<Self>) -> Held {
        Held { memory: self.clone(), bytes: 0 }
    }
}

impl Held {
    /// Holds `bytes` in all from now on; false, and as before, where the budget does not allow it.
    pub fn resize(&mut self, bytes: usize) -> bool {
        let used = &self.memory.used;
        if bytes <= self.bytes {
            used.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        } else {
            let more = bytes - self.bytes;
            if used.fetch_add(more, Ordering::Relaxed) + more > self.memory.most {
                used.fetch_sub(more, Ordering::Relaxed);
                return false;
            }
        }
        self.bytes = bytes;
        true
    }

    /// Bytes that are held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.resize(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back_and_never_more_than_there_is() {
        let memory = Memory::new(10);
        let (mut one, mut other) = (memory.hold(), memory.hold());
        assert!(one.resize(8) && !other.resize(3) && other.resize(2));
        assert!(one.resize(5) && other.resize(5) && !other.resize(6));
        drop(one);
        assert!(other.resize(10));
    }
}

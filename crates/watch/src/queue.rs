//! A bounded queue between what must not wait and what takes its time. Offering never blocks: what finds no room is counted
//! and let go.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Items.
    pub items: usize,
    /// Bytes of all items together, as those who offer them say.
    pub bytes: usize,
}

/// First in, first out, between threads.
#[derive(Debug)]
pub struct Queue<T> {
    capacity: Capacity,
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
    refused: AtomicU64,
}

#[derive(Debug)]
struct Waiting<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    closed: bool,
    /// Whether somebody waits to be woken: waking nobody costs the stream a system call.
    listening: bool,
}

impl<T> Queue<T> {
    /// An empty queue.
    pub fn new(capacity: Capacity) -> Queue<T> {
        let waiting = Waiting { items: VecDeque::new(), bytes: 0, closed: false, listening: false };
        Queue { capacity, waiting: Mutex::new(waiting), arrived: Condvar::new(), refused: AtomicU64::new(0) }
    }

    /// Puts an item of `bytes` at the end; false, and counted, where there is no room or the queue is closed.
    pub fn offer(&self, item: T, bytes: usize) -> bool {
        let mut waiting = self.lock();
        let full = waiting.items.len() >= self.capacity.items || waiting.bytes + bytes > self.capacity.bytes;
        if full || waiting.closed {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        waiting.bytes += bytes;
        waiting.items.push_back((item, bytes));
        if std::mem::take(&mut waiting.listening) {
            self.arrived.notify_one();
        }
        true
    }

    /// Up to `most` items, once there is one; none after `patience`, and [`None`] once the queue is closed and empty.
    pub fn take(&self, most: usize, patience: Duration) -> Option<Vec<T>> {
        let until = Instant::now() + patience;
        let mut waiting = self.lock();
        while waiting.items.is_empty() && !waiting.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(Vec::new());
            }
            waiting.listening = true;
            waiting = self.arrived.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if waiting.items.is_empty() {
            return None;
        }
        let count = waiting.items.len().min(most);
        let taken: Vec<(T, usize)> = waiting.items.drain(..count).collect();
        waiting.bytes -= taken.iter().map(|(_, bytes)| bytes).sum::<usize>();
        Some(taken.into_iter().map(|(item, _)| item).collect())
    }

    /// Lets nothing more in; what waits can still be taken.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Items that wait.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Items that found no room.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        // Nothing under the lock can panic half way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn queue(items: usize, bytes: usize) -> Queue<usize> {
        Queue::new(Capacity { items, bytes })
    }

    #[test]
    fn what_finds_no_room_is_counted_and_what_is_in_keeps_its_order() {
        let queue = queue(3, 10);
        assert!(queue.offer(1, 4) && queue.offer(2, 4));
        assert!(!queue.offer(3, 4), "12 bytes");
        assert!(queue.offer(4, 2));
        assert!(!queue.offer(5, 0), "4 items");
        assert_eq!((queue.refused(), queue.len()), (2, 3));
        assert_eq!(queue.take(2, NOW), Some(vec![1, 2]));
        assert!(queue.offer(6, 8), "room again");
        assert_eq!(queue.take(9, NOW), Some(vec![4, 6]));
        assert_eq!(queue.take(9, NOW), Some(vec![]));
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_then_says_so() {
        let queue = queue(3, 10);
        queue.offer(1, 1);
        queue.close();
        assert!(!queue.offer(2, 1));
        assert_eq!(queue.take(9, NOW), Some(vec![1]));
        assert_eq!(queue.take(9, NOW), None);
    }

    #[test]
    fn what_many_offer_arrives_or_is_counted() {
        let queue = queue(16, 1 << 20);
        let taken = std::thread::scope(|scope| {
            let taker = scope.spawn(|| {
                let mut taken = 0;
                while let Some(items) = queue.take(7, Duration::from_secs(60)) {
                    taken += items.len();
                }
                taken
            });
            let offerers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..1000).filter(|&item| queue.offer(item, 1)).count())).collect();
            let offered: usize = offerers.into_iter().map(|it| it.join().unwrap_or_default()).sum();
            queue.close();
            let taken = taker.join().unwrap_or_default();
            assert_eq!(taken, offered);
            taken
        });
        assert_eq!(taken as u64 + queue.refused(), 4000);
    }
}

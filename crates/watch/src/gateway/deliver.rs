//! From the queue to whoever keeps events; by way of the disk while they cannot.

use super::reply::Unread;
use super::transit::Transit;
use super::{Count, Gateway};
use crate::{Exchange, Spool};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};

/// Who takes events: a database with its detectors.
pub trait Consumer: Send {
    /// Takes events. Some may come twice, under the same id: after an error, and after a crash.
    ///
    /// # Errors
    /// They could not be taken; they will come again.
    fn accept(&mut self, exchanges: &[Exchange]) -> Result<(), Refused>;

    /// What it shows of itself, as Prometheus reads it.
    fn page(&self) -> String {
        String::new()
    }
}

/// Why a consumer took nothing.
pub type Refused = Box<dyn std::error::Error + Send + Sync>;

impl<F: FnMut(&[Exchange]) -> Result<(), Refused> + Send> Consumer for F {
    fn accept(&mut self, exchanges: &[Exchange]) -> Result<(), Refused> {
        self(exchanges)
    }
}

/// Most replies that are taken from the queue at once.
const BATCH: usize = 64;

/// How long replies are gathered: waking this thread for each would take processors from the stream.
const GATHER: Duration = Duration::from_millis(5);

/// How often a consumer that failed is tried again, and how often its page is asked for.
const PAUSE: Duration = Duration::from_secs(1);

/// Delivers until the queue is closed and empty.
pub struct Delivery {
    gateway: Arc<Gateway>,
    consumer: Box<dyn Consumer>,
    spool: Option<Spool>,
    /// When the consumer may be tried again, while it fails.
    rest_until: Option<Instant>,
    shown: Option<Instant>,
}

impl Delivery {
    /// Nothing is delivered yet.
    pub fn new(gateway: Arc<Gateway>, consumer: Box<dyn Consumer>, spool: Option<Spool>) -> Delivery {
        Delivery { gateway, consumer, spool, rest_until: None, shown: None }
    }

    /// Runs to the end, on a thread of its own.
    pub fn run(mut self) {
        // The stream goes first: analysis takes what the processors have left, and gives one back as soon as a token wants it. (Of niceness
        // alone it would keep it to the end of a slice, some milliseconds.) Where that is refused, it does without. The pool's threads
        // inherit it; half of the processors are never asked for.
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        match rayon::ThreadPoolBuilder::new().num_threads(processors.div_ceil(2)).build() {
            Ok(pool) => pool.install(|| self.take_all()),
            Err(_) => self.take_all(),
        }
    }

    fn take_all(&mut self) {
        while let Some(transits) = self.gateway.queue.take(BATCH, PAUSE) {
            let few = transits.len() < BATCH;
            let exchanges: Vec<Exchange> = transits.into_iter().flat_map(|transit| self.read(transit)).collect();
            self.deliver(exchanges);
            self.show();
            if few {
                std::thread::sleep(GATHER);
            }
        }
        self.rest_until = None;
        self.empty_spool();
    }

    fn read(&self, mut transit: Transit) -> Vec<Exchange> {
        let counters = &self.gateway.counters;
        let read = catch_unwind(AssertUnwindSafe(|| {
            transit.read();
            counters.add_many(Count::Cut, u64::from(transit.cut));
            transit.exchanges(self.gateway.options.language)
        }));
        let (exchanges, unread) = read.unwrap_or((Vec::new(), Some(Unread::Shape)));
        counters.add_many(Count::Unread, u64::from(unread.is_some()));
        counters.add_many(Count::Completions, exchanges.len() as u64);
        let untold = exchanges.iter().filter(|exchange| exchange.language.is_none()).count();
        counters.add_many(Count::NoLanguage, untold as u64);
        exchanges
    }

    /// Older events first: while some wait on disk, new ones join them there.
    fn deliver(&mut self, exchanges: Vec<Exchange>) {
        self.empty_spool();
        let waiting = self.spool.as_ref().is_some_and(|spool| !spool.is_empty());
        if exchanges.is_empty() || (!waiting && self.accept(&exchanges)) {
            return;
        }
        let how_many = exchanges.len() as u64;
        let kept = self.spool.as_mut().is_some_and(|spool| spool.keep(&exchanges).is_ok());
        self.gateway.counters.add_many(if kept { Count::Spooled } else { Count::NotDelivered }, how_many);
    }

    fn empty_spool(&mut self) {
        while let Some(spool) = self.spool.as_mut().filter(|spool| !spool.is_empty()) {
            // What cannot be read now may be read later; new events go on being written behind it.
            let Ok(oldest) = spool.oldest() else { return };
            if !self.accept(&oldest) {
                return;
            }
            let Some(Ok(())) = self.spool.as_mut().map(|spool| spool.forget(oldest.len())) else { return };
        }
    }

    fn accept(&mut self, exchanges: &[Exchange]) -> bool {
        if self.rest_until.is_some_and(|until| Instant::now() < until) {
            return false;
        }
        let accepted = catch_unwind(AssertUnwindSafe(|| self.consumer.accept(exchanges)));
        let taken = matches!(accepted, Ok(Ok(())));
        self.rest_until = (!taken).then(|| Instant::now() + PAUSE);
        if taken {
            self.gateway.counters.add_many(Count::Delivered, exchanges.len() as u64);
        }
        taken
    }

    fn show(&mut self) {
        if self.shown.is_none_or(|shown| shown.elapsed() >= PAUSE) {
            *self.gateway.page.lock().unwrap_or_else(PoisonError::into_inner) = self.consumer.page();
            self.shown = Some(Instant::now());
        }
    }
}

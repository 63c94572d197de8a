//! Bounded concurrency: jobs go to a few threads, results come back to the calling thread as they arrive.

use super::stop::Stop;
use crate::Error;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

/// Does every job on `threads` threads. `work` hands each result to its last argument, which answers `false` once nobody
/// wants any more. The first error ends the work: jobs under way are still waited for, since they may be paid for.
///
/// The threads are not joined when `sink` breaks: a request under way cannot be interrupted, and ends by its deadline.
pub(super) fn each<J, R>(
    jobs: Vec<J>,
    threads: usize,
    work: impl Fn(&J, &Stop, &mut dyn FnMut(R) -> bool) -> Result<(), Error> + Send + Sync + 'static,
    sink: &mut dyn FnMut(R) -> ControlFlow<()>,
) -> Result<(), Error>
where
    J: Send + 'static,
    R: Send + 'static,
{
    let threads = threads.clamp(1, jobs.len().max(1));
    let (sender, receiver) = mpsc::sync_channel(2 * threads);
    let (work, stop) = (Arc::new(work), Arc::new(Stop::default()));
    let jobs = Arc::new(Mutex::new(VecDeque::from(jobs)));
    for _ in 0..threads {
        let (work, stop, jobs, sender) = (work.clone(), stop.clone(), jobs.clone(), sender.clone());
        let worker = move || {
            while !stop.is_raised() {
                let Some(job) = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else { break };
                let done = work(&job, &stop, &mut |result| sender.send(Ok(result)).is_ok());
                if let Err(error) = done {
                    stop.raise();
                    // The receiver is gone only when nobody wants results, so nobody wants the error either.
                    let _ = sender.send(Err(error));
                }
            }
        };
        std::thread::Builder::new().name("server".into()).spawn(worker).map_err(Error::Thread)?;
    }
    drop(sender);
    let mut failure = None;
    for message in receiver {
        match message {
            Ok(result) => {
                if sink(result).is_break() {
                    stop.raise();
                    return Ok(());
                }
            }
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(()), Err)
}

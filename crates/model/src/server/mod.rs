//! The server backend: any OpenAI-compatible endpoint (vLLM, llama.cpp, Ollama, LM Studio, hosted).
//!
//! ```no_run
//! use model::{Model, Server, ServerOptions};
//! let server = Server::open(&ServerOptions::new("http://localhost:8000"))?;
//! println!("{} {:?}", server.card().name, server.capabilities());
//! # Ok::<(), model::Error>(())
//! ```
//!
//! A request's life: [`probe`] finds out how to ask, `dialect` phrases it, `exchange` sends it until there is an answer or
//! no hope, `answer` (or `score`) checks what came, `pool` does many at once. Nothing that a server says is
//! trusted: answers are bounded in size and time, redirects are not followed, and the key is blotted out of all it sends.

mod answer;
mod chat;
mod dialect;
mod endpoint;
mod exchange;
mod options;
mod pool;
mod probe;
mod score;
mod stop;

pub use options::{Kind, ServerOptions};

use crate::{Capabilities, Card, Completion, Error, Model, Query, Sampling, TokenLogprob};
use dialect::{Dialect, Fill};
use endpoint::Endpoint;
use exchange::Client;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use stop::Stop;

/// A model behind an OpenAI-compatible server.
#[derive(Debug)]
pub struct Server {
    card: Card,
    capabilities: Capabilities,
    connection: Arc<Connection>,
}

/// What the threads share.
#[derive(Debug)]
struct Connection {
    client: Client,
    dialect: Dialect,
    concurrency: usize,
    /// Most samples that one request may ask for; lowered when the server gives or takes fewer.
    samples_at_once: AtomicUsize,
}

/// Samples of one query that are asked for together.
struct Job {
    query: usize,
    samples: std::ops::Range<usize>,
}

impl Server {
    /// Reaches the server and finds out which model it has and what it can do; costs a handful of tokens.
    ///
    /// # Errors
    /// The URL or the key is unusable, nothing answers, or what answers does not complete code.
    pub fn open(options: &ServerOptions) -> Result<Self, Error> {
        probe::open(options)
    }

    /// What this server cannot do, if a query asks for it.
    fn refuse(&self, query: &Query) -> Result<(), Error> {
        let lacks = |what| Err(Error::Unsupported { model: self.card.name.clone(), what });
        if query.suffix.is_some() && self.connection.dialect.fill == Fill::None {
            return lacks("infilling (completing with a suffix)");
        }
        if query.prompt.is_empty() && self.connection.dialect.beginning.is_none() {
            return lacks("completion of an empty prompt");
        }
        Ok(())
    }
}

impl Model for Server {
    fn card(&self) -> &Card {
        &self.card
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn complete(
        &self,
        queries: &[Query],
        sampling: &Sampling,
        sink: &mut dyn FnMut(Completion) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        queries.iter().try_for_each(|query| self.refuse(query))?;
        let connection = self.connection.clone();
        let (shared, sampling): (Arc<[Query]>, _) = (queries.into(), sampling.clone());
        let work = move |job: &Job, stop: &Stop, deliver: &mut dyn FnMut(Completion) -> bool| {
            connection.sample(&shared[job.query], job, &sampling, stop, deliver)
        };
        pool::each(self.connection.jobs(queries), self.connection.concurrency, work, sink)
    }

    fn score(&self, pairs: &[(String, String)]) -> Result<Vec<Vec<TokenLogprob>>, Error> {
        if !self.capabilities.log_probabilities {
            let what = "log probabilities of a given text";
            return Err(Error::Unsupported { model: self.card.name.clone(), what });
        }
        let connection = self.connection.clone();
        let jobs: Vec<_> = pairs.iter().cloned().enumerate().collect();
        let work = move |job: &(usize, (String, String)), stop: &Stop, deliver: &mut dyn FnMut(_) -> bool| {
            let (index, (prompt, continuation)) = job;
            let request = score::request(&connection.dialect, prompt, continuation);
            let tokens = connection.client.ask(&request, stop, |body| score::tokens(body, prompt, continuation))?;
            deliver((*index, tokens));
            Ok(())
        };
        let mut scores = vec![Vec::new(); pairs.len()];
        pool::each(jobs, self.connection.concurrency, work, &mut |(index, tokens): (usize, _)| {
            scores[index] = tokens;
            ControlFlow::Continue(())
        })?;
        Ok(scores)
    }
}

impl Connection {
    fn jobs(&self, queries: &[Query]) -> Vec<Job> {
        let most = self.samples_at_once.load(Ordering::Relaxed);
        let split = |(query, samples): (usize, usize)| {
            (0..samples).step_by(most).map(move |first| Job { query, samples: first..samples.min(first + most) })
        };
        queries.iter().map(|query| query.samples).enumerate().flat_map(split).collect()
    }

    /// Asks for a job's samples, in as many requests as the server makes necessary.
    fn sample(
        &self,
        query: &Query,
        job: &Job,
        sampling: &Sampling,
        stop: &Stop,
        deliver: &mut dyn FnMut(Completion) -> bool,
    ) -> Result<(), Error> {
        let mut next = job.samples.start;
        while next < job.samples.end && !stop.is_raised() {
            let count = self.together(query, sampling).min(job.samples.end - next);
            let request = self.dialect.request(query, sampling, next, count);
            let parts = match self.client.ask(&request, stop, |body| answer::completions(body, count, sampling)) {
                Ok(parts) => parts,
                // llama.cpp allows as many as it has slots, others one.
                Err(Error::Refused { status: 400 | 422, .. }) if count > 1 => {
                    self.samples_at_once.fetch_min(count / 2, Ordering::Relaxed);
                    continue;
                }
                Err(error) => return Err(error),
            };
            // Some servers ignore the number and send one; the rest is asked for one by one.
            if parts.len() < count {
                self.samples_at_once.fetch_min(parts.len(), Ordering::Relaxed);
            }
            for part in parts {
                let text = match self.dialect.chat {
                    true => chat::continuation(&query.prompt, &query.healed, &part.text),
                    false => part.text,
                };
                let (finish, tokens) = (part.finish, part.tokens);
                if !deliver(Completion { query: job.query, sample: next, text, finish, tokens }) {
                    return Ok(());
                }
                next += 1;
            }
        }
        Ok(())
    }

    /// How many samples of a query go into one request. Greedy ones are alike, and vLLM refuses several of them.
    fn together(&self, query: &Query, sampling: &Sampling) -> usize {
        if sampling.temperature == 0.0 || self.dialect.infills(query) {
            return 1;
        }
        self.samples_at_once.load(Ordering::Relaxed).max(1)
    }
}

//! Sampling with continuous batching: finished rows leave the batch, waiting samples take their place.

use super::cache::Cache;
use super::decoder::{Decoder, Scratch, Span, Wanted};
use super::prefix::Prefix;
use super::sampler::Sampler;
use super::vocabulary::{Prompt, Vocabulary};
use crate::{Completion, Finish, Query, Sampling};
use memchr::memmem;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

/// Rows that one core computes together: enough to read each weight rarely, few enough for their keys and values to
/// stay in the cache; a multiple of the six rows of a tile.
const BATCH: usize = 96;
/// Most samples of one query that a core takes at once, so that a single query keeps all cores busy.
const TAKE: usize = 12;

/// Everything that a call's workers share.
pub struct Generation<'a> {
    pub decoder: &'a Decoder,
    pub vocabulary: &'a Vocabulary,
    pub sampling: &'a Sampling,
    pub queries: &'a [Query],
}

/// Some samples of one query.
struct Task {
    query: usize,
    samples: Range<usize>,
}

impl Generation<'_> {
    /// Completes all queries and hands each completion to `sink`.
    pub fn run(&self, sink: &mut dyn FnMut(Completion) -> ControlFlow<()>) {
        let prompts: Vec<Prompt> = self.queries.par_iter().map(|query| self.prompt(query)).collect();
        let tasks = self.tasks(&prompts);
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let workers = rayon::current_num_threads().min(tasks.len());
        std::thread::scope(|scope| {
            let (sender, receiver) = channel();
            for _ in 0..workers {
                let (sender, prompts, tasks, next, stopped) = (sender.clone(), &prompts, &tasks, &next, &stopped);
                scope.spawn(move || self.work(prompts, tasks, next, stopped, &sender));
            }
            drop(sender);
            for completion in receiver {
                if sink(completion).is_break() {
                    stopped.store(true, Ordering::Relaxed);
                    break;
                }
            }
        });
    }

    /// A query's prompt, cut at the left, at the start of a line, where the context has no room for it.
    fn prompt(&self, query: &Query) -> Prompt {
        let mut prompt = self.vocabulary.prepare(query);
        let context = self.decoder.config.context;
        let room = context.saturating_sub(self.sampling.max_tokens).max(context / 2).max(1);
        if prompt.tokens.len() > room {
            let rest = prompt.tokens.split_off(prompt.tokens.len() - room);
            let line_end = rest[..room - 1].iter().position(|&token| self.vocabulary.spell(token).contains(&b'\n'));
            prompt.tokens = rest[line_end.map_or(0, |at| at + 1)..].to_vec();
        }
        prompt
    }

    /// All samples in the order of their prompts' tokens, so that common beginnings follow each other.
    fn tasks(&self, prompts: &[Prompt]) -> Vec<Task> {
        let mut order: Vec<usize> = (0..prompts.len()).collect();
        order.sort_by(|&a, &b| prompts[a].tokens.cmp(&prompts[b].tokens));
        let split = |query: usize| {
            let samples = self.queries[query].samples;
            let range = move |start: usize| start..(start + TAKE).min(samples);
            (0..samples).step_by(TAKE).map(move |start| Task { query, samples: range(start) })
        };
        order.into_iter().flat_map(split).collect()
    }

    /// One core's share of the work.
    fn work(
        &self,
        prompts: &[Prompt],
        tasks: &[Task],
        next: &AtomicUsize,
        stopped: &AtomicBool,
        done: &Sender<Completion>,
    ) {
        let mut prefix = Prefix::new(self.decoder);
        let mut sampler = Sampler::new(self.sampling);
        let (mut scratch, mut logits) = (Scratch::default(), Vec::new());
        let mut rows: Vec<Row<'_>> = Vec::new();
        while !stopped.load(Ordering::Relaxed) {
            while rows.len() < BATCH {
                let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let prompt = &prompts[task.query];
                let (cache, first) = prefix.read(&prompt.tokens, &mut scratch);
                for sample in task.samples.clone() {
                    let mut row = Row::new(self, task.query, sample, prompt, cache.clone());
                    match row.advance(self, first, &mut sampler) {
                        ControlFlow::Continue(()) => rows.push(row),
                        ControlFlow::Break(finish) => drop(done.send(row.finish(finish))),
                    }
                }
            }
            if rows.is_empty() {
                break;
            }
            let mut spans: Vec<Span<'_>> = rows
                .iter_mut()
                .map(|row| Span { tokens: std::slice::from_ref(&row.last), cache: &mut row.cache })
                .collect();
            self.decoder.step(&mut spans, Wanted::Last, &mut scratch, &mut logits);
            let mut scores = logits.chunks_exact(self.decoder.config.vocabulary);
            let ended = |row: &mut Row<'_>| match row.advance(self, scores.next()?, &mut sampler) {
                ControlFlow::Continue(()) => None,
                ControlFlow::Break(finish) => Some(finish),
            };
            let endings: Vec<Option<Finish>> = rows.iter_mut().map(ended).collect();
            let mut endings = endings.into_iter();
            for (row, finish) in rows.extract_if(.., |_| true).zip(&mut endings).collect::<Vec<_>>() {
                match finish {
                    // Nobody listens after a `Break`; the flag then ends the loop.
                    Some(finish) => drop(done.send(row.finish(finish))),
                    None => rows.push(row),
                }
            }
        }
    }
}

/// One sample being written.
struct Row<'a> {
    query: usize,
    sample: usize,
    prompt: &'a Prompt,
    cache: Cache,
    rng: ChaCha8Rng,
    /// What was written, lead and forced text included.
    bytes: Vec<u8>,
    tokens: usize,
    last: u32,
}

impl<'a> Row<'a> {
    fn new(generation: &Generation<'_>, query: usize, sample: usize, prompt: &'a Prompt, cache: Cache) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(generation.queries[query].seed);
        rng.set_stream(sample as u64);
        Self { query, sample, prompt, cache, rng, bytes: prompt.lead.clone(), tokens: 0, last: 0 }
    }

    /// Draws one token; breaks when the completion is whole.
    fn advance(&mut self, generation: &Generation<'_>, logits: &[f32], sampler: &mut Sampler) -> ControlFlow<Finish> {
        let vocabulary = generation.vocabulary;
        if self.tokens >= generation.sampling.max_tokens {
            return ControlFlow::Break(Finish::Length);
        }
        let spelled = self.bytes.len() - self.prompt.lead.len();
        let forced = self.prompt.forced.get(spelled..).unwrap_or_default();
        self.last = match forced {
            [] => sampler.draw(&logits[..vocabulary.len()], &mut self.rng) as u32,
            forced => self.draw_forced(&vocabulary.continuing(forced), logits, sampler),
        };
        self.tokens += 1;
        if vocabulary.ends(self.last) {
            return ControlFlow::Break(Finish::Stop);
        }
        let before = self.bytes.len();
        self.bytes.extend_from_slice(vocabulary.spell(self.last));
        if let Some(at) = self.stop(before, &generation.sampling.stop) {
            self.bytes.truncate(at);
            return ControlFlow::Break(Finish::Stop);
        }
        let full = self.cache.len() + 1 >= generation.decoder.config.context;
        if full || self.tokens >= generation.sampling.max_tokens {
            return ControlFlow::Break(Finish::Length);
        }
        ControlFlow::Continue(())
    }

    fn draw_forced(&mut self, allowed: &[u32], logits: &[f32], sampler: &mut Sampler) -> u32 {
        let scores: Vec<f32> = allowed.iter().map(|&id| logits[id as usize]).collect();
        let drawn = if scores.is_empty() { 0 } else { sampler.draw(&scores, &mut self.rng) };
        // A vocabulary that cannot spell the forced text at all ends the completion here.
        allowed.get(drawn).copied().unwrap_or(u32::MAX)
    }

    /// Where the first stop text begins, if the bytes from `before` on complete one. Forced text cannot stop.
    fn stop(&self, before: usize, stops: &[String]) -> Option<usize> {
        let free = self.prompt.lead.len() + self.prompt.forced.len();
        let found = |stop: &String| {
            let from = free.max((before + 1).saturating_sub(stop.len()));
            memmem::find(self.bytes.get(from..)?, stop.as_bytes()).map(|at| from + at)
        };
        stops.iter().filter(|stop| !stop.is_empty()).filter_map(found).min()
    }

    fn finish(self, finish: Finish) -> Completion {
        let text = self.bytes.get(self.prompt.skip..).unwrap_or_default();
        Completion {
            query: self.query,
            sample: self.sample,
            text: String::from_utf8_lossy(text).into_owned(),
            finish,
            tokens: self.tokens,
        }
    }
}

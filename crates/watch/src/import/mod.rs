//! Logs that exist already: JSONL, JSON, Parquet, gzip of these, OpenTelemetry traces, LiteLLM's and Langfuse's exports.
//!
//! `input` cuts a file into numbered rows, `shape` finds the exchange in a row whatever tool wrote it, `trace` does so for
//! spans; [`import`] reads ahead on another thread while what was read is stored.

mod input;
mod shape;
mod trace;

pub(crate) use trace::{from_json, from_protobuf};

use crate::event::{Event, hash};
use crate::{Accepted, Error, Exchange, Intake, Prompts};
use input::{Piece, Pieces};
use jiff::Timestamp;
use rayon::prelude::*;
use report::Alarm;
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// Batches that are read ahead.
const AHEAD: usize = 2;
/// Refused rows that are named; a file of nothing else would fill the memory.
const NAMED: usize = 10;

/// What an import has done so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imported {
    /// What was accepted; its alarms too.
    pub accepted: Accepted,
    /// Rows that hold no exchange, or cannot be read.
    pub refused: u64,
    /// The first of them: the line or row, from 1, and what is wrong with it.
    pub first_refused: Vec<(u64, String)>,
}

/// Imports a file, or standard input where the path is `-`. Rows without an id get one from their place and text, so that importing a file
/// again, or a log that has grown, adds what is new only.
///
/// # Errors
/// The input cannot be opened or read to its end; the database fails. What was reported before is stored.
pub fn import(
    intake: &mut Intake,
    path: &Path,
    now: Timestamp,
    progress: &mut dyn FnMut(&Imported),
) -> Result<Imported, Error> {
    let pieces = Pieces::open(path)?;
    let prompts = intake.prompts();
    let mut imported = Imported::default();
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Result<Batch, Error>>(AHEAD);
        scope.spawn(move || {
            for pieces in pieces {
                // Nobody listens any more where storing has failed.
                if sender.send(pieces.map(|pieces| Batch::read(pieces, prompts, now))).is_err() {
                    break;
                }
            }
        });
        for batch in receiver {
            let batch = batch?;
            imported.add(intake.accept_events(&batch.events)?);
            imported.refuse(batch.refused);
            progress(&imported);
        }
        Ok(imported)
    })
}

struct Batch {
    events: Vec<Event>,
    refused: Vec<(u64, String)>,
}

impl Batch {
    fn read(pieces: Vec<(u64, Result<Piece, String>)>, prompts: Prompts, now: Timestamp) -> Batch {
        let read = |(place, piece): (u64, Result<Piece, String>)| -> Vec<Result<Event, (u64, String)>> {
            match piece.and_then(|piece| piece.exchanges(now)) {
                Ok(exchanges) => {
                    let numbered = (0..).zip(exchanges);
                    numbered.map(|(n, exchange)| Ok(Event::of(identified(exchange, place, n), prompts))).collect()
                }
                Err(why) => vec![Err((place, why))],
            }
        };
        let read: Vec<Result<Event, (u64, String)>> = pieces.into_par_iter().flat_map_iter(read).collect();
        let mut batch = Batch { events: Vec::with_capacity(read.len()), refused: Vec::new() };
        for row in read {
            match row {
                Ok(event) => batch.events.push(event),
                Err(refused) => batch.refused.push(refused),
            }
        }
        batch
    }
}

/// An exchange with an id; two rows that say the same are two completions.
fn identified(mut exchange: Exchange, place: u64, n: u64) -> Exchange {
    if exchange.id.is_empty() {
        let place = format!("{place}.{n}");
        exchange.id = hash(&[&place, &exchange.model, &exchange.prompt, &exchange.completion]);
    }
    exchange
}

impl Imported {
    fn add(&mut self, accepted: Accepted) {
        let all = &mut self.accepted;
        all.new += accepted.new;
        all.known += accepted.known;
        all.not_analysed += accepted.not_analysed;
        all.secrets += accepted.secrets;
        all.decisions += accepted.decisions;
        all.alarms.extend::<Vec<Alarm>>(accepted.alarms);
    }

    fn refuse(&mut self, refused: Vec<(u64, String)>) {
        self.refused += refused.len() as u64;
        let room = NAMED.saturating_sub(self.first_refused.len());
        self.first_refused.extend(refused.into_iter().take(room));
    }
}

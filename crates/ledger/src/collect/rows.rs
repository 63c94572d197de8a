//! The rows of a data set: JSONL, Parquet, a folder of them, here or on an object store.

use super::Intake;
use super::document::{Document, digest};
use super::licence::Licences;
use crate::error::Error;
use crate::hash::{self, Digest};
use dataset::{Dataset, Kind, Limits, Problem};
use rayon::prelude::*;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Documents that a reader may be ahead.
const AHEAD: usize = 4096;

/// Whether some of it has rows.
pub(super) fn has_rows(dataset: &Dataset) -> bool {
    dataset.parts().iter().any(|part| matches!(part.kind, Kind::Lines { .. } | Kind::Table { .. }))
}

/// What a reader finds.
enum Read {
    Document(Box<Document>),
    Refused(String, String),
}

impl From<&Problem> for Read {
    fn from(problem: &Problem) -> Read {
        Read::Refused(problem.name.clone(), problem.what.clone())
    }
}

/// Takes every row in, in the order of the data set; as many parts are read at a time as there are cores.
pub(super) fn documents(dataset: &Dataset, licences: &Licences, intake: &mut Intake) -> Result<(), Error> {
    dataset.problems().iter().for_each(|problem| intake.refuse(&problem.name, &problem.what));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for parts in dataset.parts().chunks(cores) {
        std::thread::scope(|scope| {
            let readers = parts.iter().map(|part| {
                let (sender, receiver) = sync_channel(AHEAD);
                scope.spawn(move || read(part, licences, &sender));
                receiver
            });
            // All are at work before the first is heard.
            let readers: Vec<_> = readers.collect();
            readers.into_iter().flatten().try_for_each(|read| match read {
                Read::Document(document) => intake.take(*document),
                Read::Refused(name, why) => {
                    intake.refuse(name, why);
                    Ok(())
                }
            })
        })?;
    }
    Ok(())
}

fn read(part: &dataset::Part, licences: &Licences, to: &SyncSender<Read>) {
    // Nobody hears any more where the ledger's store has failed, which is told there.
    let tell = |read| drop(to.send(read));
    // A file in a folder is from where the folder is from.
    let files = matches!(part.kind, Kind::Files { .. });
    let mut each = |row: dataset::Document| {
        let source = row.source.filter(|_| !files);
        tell(match document(&dataset::Document { source, ..row }, licences) {
            Ok(document) => Read::Document(Box::new(document)),
            Err(why) => Read::Refused(row.name.to_owned(), why),
        });
    };
    part.read(&Limits::default(), &mut each, &mut |problem| tell(Read::from(&problem)));
}

/// A row as a document: its path is its name in the data set, which is how it is found there again.
fn document(row: &dataset::Document, licences: &Licences) -> Result<Document, String> {
    let digested = digest(row.bytes, row.bytes.len() as u64)?;
    // A commit has 20 or 32 bytes; anything else is none of Git's.
    let commit = row.commit.and_then(hash::bytes).filter(|it| matches!(it.len(), 20 | 32));
    Ok(Document {
        path: row.name.as_bytes().to_vec(),
        source: row.source.map(str::to_owned),
        content: digested.content,
        length: digested.length,
        swhid: digested.swhid,
        licence: licences.of_row(&digested.head, row.licence),
        commit,
        author: row.contributor.map(str::to_owned),
        committer: None,
        committed: row.time,
    })
}

/// The digests of all rows.
pub(super) fn contents(dataset: &Dataset) -> Result<Vec<Digest>, Error> {
    let read = |part: &dataset::Part| {
        let (mut contents, mut problem) = (Vec::new(), None);
        part.read(&Limits::default(), &mut |row| contents.push(Digest::of(row.bytes)), &mut |it| problem = Some(it));
        problem.map_or(Ok(contents), |it: Problem| Err(Error::input(it.name, it.what)))
    };
    let parts = dataset.parts().par_iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    Ok(parts.concat())
}

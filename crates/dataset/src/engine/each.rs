//! One function over many inputs, each a task of its own.

use super::{Batches, Engine, EngineError};
use crate::{DatasetError, place::Place};
use arrow::array::{ArrayRef, StringArray};
use arrow::record_batch::RecordBatch;
use datafusion::prelude::ParquetReadOptions;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use sha2::{Digest, Sha256};
use std::mem::replace;
use std::sync::Arc;

/// Most tasks of a run; more inputs than that share them.
const TASKS: usize = 1024;

impl Engine {
    /// Runs `function`, one of the engine's, on every input, on whichever core or executor is free, and gives what it returned, in any
    /// order: a column `output`. It should write what is large to where the caller finds it, and return what is small.
    ///
    /// Each input is a task of its own (from 1024 inputs on some share one), so that the free executor takes the next one. The
    /// inputs are written as small Parquet files into `folder`, which every machine must reach, and one file is one partition of
    /// the scan: neither hashing nor chance can bring two long inputs together. An executor that dies has its task run again elsewhere;
    /// so a function may run twice on an input, and must come to the same.
    ///
    /// # Errors
    /// If the inputs cannot be written or the run cannot be planned.
    pub fn each(&self, function: &str, inputs: &[String], folder: &str) -> Result<Batches, EngineError> {
        // Another run's inputs in the same folder would be taken for this one's.
        let place = Place::folder(&format!("{}/{}", folder.trim_end_matches('/'), digest(inputs)))?;
        let size = inputs.len().div_ceil(TASKS).max(1);
        for (number, inputs) in inputs.chunks(size).enumerate() {
            let name = format!("{number:06}.parquet");
            let bytes = file(inputs).map_err(|error| DatasetError::broken(&name, error))?;
            place.put(&name, bytes).map_err(DatasetError::unreadable(name))?;
        }
        let tasks = inputs.len().div_ceil(size).max(1);
        let name = "taster_inputs";
        // One row at a time: what a function returns is on its way as soon as it is done.
        let before = self.cut(tasks, 1);
        let options = ParquetReadOptions::default();
        let root = place.root();
        self.runtime.block_on(async {
            self.context.deregister_table(name)?;
            self.context.register_parquet(name, format!("{root}/"), options).await
        })?;
        let quoted = function.replace('"', "\"\"");
        let batches = self.query(&format!("SELECT \"{quoted}\"(input) AS output FROM {name}"));
        self.cut(before.0, before.1);
        batches
    }

    /// Says how the next query is cut: into how many tasks, and how many rows at a time; how it was before.
    fn cut(&self, tasks: usize, rows: usize) -> (usize, usize) {
        let state = self.context.state_ref();
        let mut state = state.write();
        let execution = &mut state.config_mut().options_mut().execution;
        (replace(&mut execution.target_partitions, tasks), replace(&mut execution.batch_size, rows))
    }
}

/// A name for a list of inputs.
fn digest(inputs: &[String]) -> String {
    let mut hash = Sha256::new();
    for input in inputs {
        hash.update(input.len().to_le_bytes());
        hash.update(input);
    }
    let hash = hash.finalize();
    format!("inputs-{}", hash[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// A table with one column, `input`.
fn file(inputs: &[String]) -> Result<Vec<u8>, ParquetError> {
    let column: ArrayRef = Arc::new(StringArray::from_iter_values(inputs));
    let batch = RecordBatch::try_from_iter([("input", column)])?;
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None)?;
    writer.write(&batch)?;
    writer.into_inner()
}

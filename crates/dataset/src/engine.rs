//! Queries over tables, and functions of the caller run over many inputs: on the cores of this machine, or on a cluster.
//!
//! An [`Engine`] is DataFusion, embedded or, with the Cargo feature `cluster`, as the client of a Ballista scheduler. Both have the same
//! functions, which the caller gives: this crate knows nothing of what they do.

mod each;
mod stores;

use crate::DatasetError;
use arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

/// Batches that wait to be taken.
const AHEAD: usize = 4;

/// Why a query or a cluster failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine refused or failed.
    #[error("the query engine: {0}")]
    Query(String),
    /// The runtime could not be started.
    #[error("the query engine cannot start: {0}")]
    Start(#[from] std::io::Error),
    /// A scheduler or an executor could not work.
    #[error("{address}: {what}")]
    Cluster {
        /// The address that it has or should reach.
        address: String,
        /// What went wrong.
        what: String,
    },
    /// The inputs of a run could not be written.
    #[error(transparent)]
    Inputs(#[from] DatasetError),
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        EngineError::Query(error.strip_backtrace())
    }
}

/// A query engine with the caller's functions.
pub struct Engine {
    context: SessionContext,
    runtime: Runtime,
    /// The scheduler of a cluster.
    address: Option<String>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("session", &self.context.session_id()).finish_non_exhaustive()
    }
}

impl Engine {
    /// On the cores of this machine. Sorting and grouping take at most `memory` bytes and use temporary files beyond.
    ///
    /// # Errors
    /// If the runtime cannot be started.
    pub fn embedded(functions: Vec<ScalarUDF>, memory: usize) -> Result<Engine, EngineError> {
        let context = SessionContext::new_with_config_rt(SessionConfig::new(), environment(Some(memory))?);
        for function in functions {
            context.register_udf(function);
        }
        Ok(Engine { context, runtime: runtime()?, address: None })
    }

    /// On the cluster of the scheduler at `HOST:PORT`, which must have the same functions.
    ///
    /// # Errors
    /// If the runtime cannot be started or the address is none. Whether a scheduler answers shows at the first query.
    #[cfg(feature = "cluster")]
    pub fn cluster(address: &str, functions: Vec<ScalarUDF>) -> Result<Engine, EngineError> {
        let runtime = runtime()?;
        let context = runtime.block_on(crate::cluster::connect(address, functions))?;
        Ok(Engine { context, runtime, address: Some(address.to_owned()) })
    }

    /// Makes a Parquet file or a folder of them known by a name. On a cluster every machine must reach the location.
    ///
    /// # Errors
    /// If nothing that is Parquet lies there.
    pub fn register(&self, name: &str, location: &str) -> Result<(), EngineError> {
        let options = ParquetReadOptions::default();
        Ok(self.runtime.block_on(self.context.register_parquet(name, location, options))?)
    }

    /// Runs a query. Dropping the batches ends it.
    ///
    /// # Errors
    /// If the query cannot be planned; what goes wrong later comes in place of a batch.
    pub fn query(&self, sql: &str) -> Result<Batches, EngineError> {
        let frame = self.runtime.block_on(self.context.sql(sql))?;
        let task = self.context.task_ctx();
        let plan = self.runtime.block_on(frame.create_physical_plan())?;
        let guard = Guard::of(&plan, self);
        let stream = {
            let _entered = self.runtime.enter();
            datafusion::physical_plan::execute_stream(plan, task)?
        };
        Ok(self.batches(stream, guard))
    }

    fn batches(&self, mut stream: SendableRecordBatchStream, guard: Guard) -> Batches {
        let (sender, receiver) = sync_channel(AHEAD);
        let task = self.runtime.spawn(async move {
            while let Some(batch) = stream.next().await {
                // A full channel blocks, which a worker of the runtime must not.
                let sender = sender.clone();
                let sent = tokio::task::spawn_blocking(move || sender.send(batch.map_err(EngineError::from))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    break;
                }
            }
        });
        Batches { receiver: Some(receiver), task: task.abort_handle(), guard }
    }
}

/// What a query gives, batch by batch. Dropping it ends the query, on a cluster too.
#[derive(Debug)]
pub struct Batches {
    receiver: Option<Receiver<Result<RecordBatch, EngineError>>>,
    task: AbortHandle,
    guard: Guard,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.receiver.as_ref().and_then(|receiver| receiver.recv().ok());
        if next.is_none() {
            self.guard.done();
        }
        next
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.receiver = None;
        self.task.abort();
        self.guard.cancel();
    }
}

/// Ends a job of a cluster that nobody waits for any more. Embedded, a query ends with its stream.
#[derive(Debug)]
struct Guard {
    #[cfg(feature = "cluster")]
    job: Option<crate::cluster::Job>,
}

#[cfg(feature = "cluster")]
impl Guard {
    fn of(plan: &Arc<dyn datafusion::physical_plan::ExecutionPlan>, engine: &Engine) -> Guard {
        Guard { job: crate::cluster::Job::of(plan, engine.address.as_deref(), engine.runtime.handle().clone()) }
    }

    fn done(&mut self) {
        self.job = None;
    }

    fn cancel(&mut self) {
        if let Some(job) = self.job.take() {
            job.cancel();
        }
    }
}

#[cfg(not(feature = "cluster"))]
impl Guard {
    fn of(_: &Arc<dyn datafusion::physical_plan::ExecutionPlan>, _: &Engine) -> Guard {
        Guard {}
    }

    fn done(&mut self) {}

    fn cancel(&mut self) {}
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("engine").build()
}

/// Where queries run: with all object stores and, if it is bounded, so much memory.
pub(crate) fn environment(memory: Option<usize>) -> Result<Arc<RuntimeEnv>, DataFusionError> {
    let mut builder = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(stores::Stores::default()));
    if let Some(memory) = memory {
        builder = builder.with_memory_pool(Arc::new(FairSpillPool::new(memory)));
    }
    builder.build_arc()
}

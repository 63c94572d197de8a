//! Who asks a cluster.

use super::function::udf;
use super::node::{MESSAGE, runtime};
use super::{ClusterError, Function, failed, host_and_port};
use crate::Folder;
use ballista_core::config::{BALLISTA_JOB_NAME, BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK};
use ballista_core::serde::BallistaPhysicalExtensionCodec;
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    CancelJobParams, ExecuteQueryParams, GetJobStatusParams, KeyValuePair, execute_query_result, job_status,
};
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_endpoint};
use ballista_core::version::insert_version_header;
use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, config::ConfigOptions};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr, expressions::col};
use datafusion::physical_plan::{ExecutionPlan, projection::ProjectionExec};
use datafusion_proto::physical_plan::AsExecutionPlan;
use datafusion_proto::protobuf::PhysicalPlanNode;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;
use tonic::transport::Channel;

/// Inputs of one job, and their bytes: what a scheduler holds at a time.
const INPUTS: usize = 4096;
const BYTES: usize = 8 << 20;
/// How often the folder and the scheduler are asked.
const PAUSE: Duration = Duration::from_millis(100);

/// A cluster, as its client sees it.
#[derive(Debug)]
pub struct Cluster {
    address: String,
    runtime: Runtime,
    scheduler: SchedulerGrpcClient<Channel>,
    /// Tells this client's jobs and folders from all others'.
    session: String,
    jobs: AtomicU64,
}

impl Cluster {
    /// The cluster of the scheduler at `HOST:PORT`.
    ///
    /// # Errors
    /// If nobody answers there.
    pub fn connect(address: &str) -> Result<Cluster, ClusterError> {
        host_and_port(address)?;
        let refused =
            |error| failed(address)(format!("no scheduler answers ({error}); start one with `taster scheduler`"));
        let endpoint = create_grpc_client_endpoint(format!("http://{address}"), Some(&GrpcClientConfig::default()))
            .map_err(|_| ClusterError::Address { address: address.to_owned() })?;
        let runtime = runtime()?;
        let channel = runtime.block_on(endpoint.connect()).map_err(refused)?;
        let scheduler = SchedulerGrpcClient::new(channel).max_encoding_message_size(MESSAGE as usize);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let session = format!("{now:x}-{:x}", std::process::id());
        Ok(Cluster { address: address.to_owned(), runtime, scheduler, session, jobs: AtomicU64::new(0) })
    }

    /// Runs a function on every input, wherever an executor is free, and hands on what it says as it comes, in any order. `work` is
    /// the folder that the answers go through, and every executor must reach it. Waits for executors where there are none.
    ///
    /// # Errors
    /// The first of `answer` or of the cluster; what is not begun by then is not.
    pub fn each<E: From<ClusterError>>(
        &self,
        function: Function,
        inputs: &[String],
        work: &str,
        mut answer: impl FnMut(Result<String, String>) -> Result<(), E>,
    ) -> Result<(), E> {
        for inputs in jobs(inputs) {
            let number = self.jobs.fetch_add(1, Ordering::Relaxed);
            let at = format!("{}/answers-{}-{number}", work.trim_end_matches('/'), self.session);
            let folder = Folder::at(&at).map_err(ClusterError::from)?;
            let names: Vec<String> = (0..inputs.len()).map(|number| format!("{number:06}.json")).collect();
            let job = self.submit(function, inputs, &names, &folder)?;
            let followed = self.follow(&job, &folder, names.into_iter().collect(), &mut answer);
            if followed.is_err() {
                self.cancel(&job);
            }
            // What stays is in nobody's way.
            let _ = folder.remove();
            followed?;
        }
        Ok(())
    }

    /// Gives a job to the scheduler; its name.
    fn submit(
        &self,
        function: Function,
        inputs: &[String],
        names: &[String],
        folder: &Folder,
    ) -> Result<String, ClusterError> {
        let plan = plan(function, inputs, names, &folder.location()).map_err(failed(&self.address))?;
        let setting = |key: &str, value: &str| KeyValuePair { key: key.to_owned(), value: Some(value.to_owned()) };
        let mut request = tonic::Request::new(ExecuteQueryParams {
            session_id: self.session.clone(),
            settings: vec![
                setting(BALLISTA_JOB_NAME, function.0),
                // A task is one input, however many an executor could take.
                setting(BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK, "1"),
            ],
            operation_id: folder.location(),
            query: Some(Query::PhysicalPlan(plan)),
        });
        insert_version_header(request.metadata_mut());
        let mut scheduler = self.scheduler.clone();
        let reply = self.runtime.block_on(scheduler.execute_query(request)).map_err(self.said())?;
        match reply.into_inner().result {
            Some(execute_query_result::Result::Success(success)) => Ok(success.job_id),
            other => Err(failed(&self.address)(format!("the job was refused: {other:?}"))),
        }
    }

    /// Hands on the answers that are `missing` as they come.
    fn follow<E: From<ClusterError>>(
        &self,
        job: &str,
        folder: &Folder,
        mut missing: BTreeSet<String>,
        answer: &mut impl FnMut(Result<String, String>) -> Result<(), E>,
    ) -> Result<(), E> {
        while !missing.is_empty() {
            // Asked first: when it says that all is done, all is there.
            let done = self.is_done(job)?;
            let there = if done { missing.clone() } else { folder.names().map_err(ClusterError::from)? };
            for name in there.iter().filter(|name| missing.remove(*name)) {
                let text = folder.get(name).map_err(|error| self.unseen(done, error.into()))?;
                let read = serde_json::from_slice(&text).map_err(|error| failed(&self.address)(error))?;
                answer(read)?;
            }
            if !missing.is_empty() {
                std::thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    /// Whether a job is done.
    fn is_done(&self, job: &str) -> Result<bool, ClusterError> {
        let mut scheduler = self.scheduler.clone();
        let status = scheduler.get_job_status(GetJobStatusParams { job_id: job.to_owned() });
        let status = self.runtime.block_on(status).map_err(self.said())?.into_inner().status;
        match status.and_then(|status| status.status) {
            Some(job_status::Status::Successful(_)) => Ok(true),
            Some(job_status::Status::Failed(failure)) => Err(failed(&self.address)(failure.error)),
            _ => Ok(false),
        }
    }

    fn cancel(&self, job: &str) {
        let mut scheduler = self.scheduler.clone();
        // There is an error already, and it matters more.
        let _ = self.runtime.block_on(scheduler.cancel_job(CancelJobParams { job_id: job.to_owned() }));
    }

    /// The error of an answer that is not there although the cluster is done.
    fn unseen(&self, done: bool, error: ClusterError) -> ClusterError {
        match done {
            true => failed(&self.address)(format!(
                "its executors answered elsewhere ({error}); give --work a folder that all machines reach by the same name"
            )),
            false => error,
        }
    }

    fn said(&self) -> impl Fn(tonic::Status) -> ClusterError {
        let address = self.address.clone();
        move |status| failed(&address)(status.message())
    }
}

/// Inputs in the pieces that a scheduler is given at a time.
fn jobs(mut inputs: &[String]) -> impl Iterator<Item = &[String]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |input: &&String| {
            bytes += input.len();
            bytes <= BYTES
        };
        let count = inputs.iter().take(INPUTS).take_while(fits).count().max(1).min(inputs.len());
        let (job, rest) = inputs.split_at(count);
        inputs = rest;
        (!job.is_empty()).then_some(job)
    })
}

/// `function(input, at)` over a table with one row a partition: to Ballista, partitions are what executors share.
fn plan(function: Function, inputs: &[String], names: &[String], folder: &str) -> Result<Vec<u8>, DataFusionError> {
    let row = |(input, name): (&String, &String)| {
        let input: ArrayRef = Arc::new(StringArray::from(vec![input.as_str()]));
        let at: ArrayRef = Arc::new(StringArray::from(vec![format!("{folder}/{name}")]));
        Ok(vec![RecordBatch::try_from_iter([("input", input), ("at", at)])?])
    };
    let rows: Vec<Vec<RecordBatch>> = inputs.iter().zip(names).map(row).collect::<Result<_, DataFusionError>>()?;
    let Some(schema) = rows.first().and_then(|rows| Some(rows.first()?.schema())) else { return Ok(Vec::new()) };
    let table = MemorySourceConfig::try_new_exec(&rows, schema.clone(), None)?;
    let columns = vec![col("input", &schema)?, col("at", &schema)?];
    let function =
        ScalarFunctionExpr::try_new(Arc::new(udf(function)), columns, &schema, Arc::new(ConfigOptions::new()))?;
    let function: Arc<dyn PhysicalExpr> = Arc::new(function);
    let plan: Arc<dyn ExecutionPlan> = Arc::new(ProjectionExec::try_new([(function, "answered".to_owned())], table)?);
    let mut bytes = Vec::new();
    PhysicalPlanNode::try_from_physical_plan(plan, &BallistaPhysicalExtensionCodec::default())?
        .try_encode(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn jobs_are_small_and_lose_no_input() {
        let inputs: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
        let cut: Vec<&[String]> = jobs(&inputs).collect();
        assert!(cut.len() == 3 && cut.concat() == inputs);
        let large = vec!["x".repeat(BYTES - 1); 3];
        assert!(jobs(&large).map(<[String]>::len).eq([1, 1, 1]));
        assert_eq!(jobs(&vec!["x".repeat(BYTES + 1); 2]).count(), 2);
        assert_eq!(jobs(&[]).count(), 0);
    }
}

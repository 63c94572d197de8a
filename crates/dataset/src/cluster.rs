//! The engine on many machines: a Ballista scheduler, its executors, and a client. Each of the three must know the caller's functions,
//! since a plan carries their names only.
//!
//! Ballista asks nobody who he is: whoever reaches the ports of a scheduler or an executor can run queries and read the files that
//! they read. They listen on the loopback unless told otherwise, and belong on a network of their own.

use crate::engine::{EngineError, environment};
use ballista::prelude::{SessionConfigExt, SessionContextExt};
use ballista_core::execution_plans::DistributedQueryExec;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::serde::protobuf::CancelJobParams;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::start_server;
use datafusion::common::DataFusionError;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_proto::protobuf::LogicalPlanNode;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::runtime::Handle;

/// How often an executor says that it lives, and after how long a silence its tasks go to others, seconds.
const HEARTBEAT: u64 = 5;
const SILENCE: u64 = 30;

/// Where an executor listens, and how much it does at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executor {
    /// The scheduler, as `HOST:PORT`.
    pub scheduler: String,
    /// Where it serves the results of its tasks; it takes tasks on the port above.
    pub bind: SocketAddr,
    /// Under what name the others reach it; `None` for the address itself.
    pub host: Option<String>,
    /// Tasks at a time; `None` for one a core.
    pub tasks: Option<usize>,
}

/// Runs a scheduler until the process is asked to end (interrupt or termination).
///
/// # Errors
/// If it cannot listen there.
pub fn scheduler(bind: SocketAddr, functions: Vec<ScalarUDF>) -> Result<(), EngineError> {
    let failed = |what: String| EngineError::Cluster { address: bind.to_string(), what };
    let config = SchedulerConfig {
        bind_host: bind.ip().to_string(),
        external_host: bind.ip().to_string(),
        bind_port: bind.port(),
        task_distribution: TaskDistributionPolicy::RoundRobin,
        executor_timeout_seconds: SILENCE,
        expire_dead_executor_interval_seconds: HEARTBEAT,
        no_executors_grace_period_seconds: SILENCE,
        override_session_builder: Some(Arc::new(move |config| session(config, &functions))),
        ..SchedulerConfig::default()
    };
    runtime()?.block_on(async move {
        let cluster = BallistaCluster::new_from_config(&config).await.map_err(|error| failed(error.to_string()))?;
        tokio::select! {
            ended = start_server(cluster, bind, Arc::new(config)) => ended.map_err(|error| failed(error.to_string())),
            () = asked_to_end() => Ok(()),
        }
    })
}

/// Runs an executor until the process is asked to end, or its scheduler ends it.
///
/// # Errors
/// If it cannot listen, or reaches no scheduler within a minute.
pub fn executor(executor: &Executor, functions: Vec<ScalarUDF>) -> Result<(), EngineError> {
    let failed = |what: String| EngineError::Cluster { address: executor.scheduler.clone(), what };
    let (host, port) = host_and_port(&executor.scheduler)?;
    let work = tempfile::tempdir()?;
    let mut registry = BallistaFunctionRegistry::default();
    registry.scalar_functions.extend(functions.into_iter().map(|it| (it.name().to_owned(), Arc::new(it))));
    let config = ExecutorProcessConfig {
        bind_host: executor.bind.ip().to_string(),
        external_host: Some(executor.host.clone().unwrap_or_else(|| executor.bind.ip().to_string())),
        port: executor.bind.port(),
        grpc_port: executor.bind.port() + 1,
        scheduler_host: host,
        scheduler_port: port,
        scheduler_connect_timeout_seconds: 60,
        vcores: executor.tasks.unwrap_or(0),
        work_dir: Some(work.path().display().to_string()),
        executor_heartbeat_interval_seconds: HEARTBEAT,
        override_function_registry: Some(Arc::new(registry)),
        override_runtime_producer: Some(Arc::new(|_| environment(None))),
        ..ExecutorProcessConfig::default()
    };
    runtime()?.block_on(start_executor_process(Arc::new(config))).map_err(|error| failed(error.to_string()))
}

/// A client's session. The functions are registered when it is connected: connecting drops those that were there before.
pub(crate) async fn connect(address: &str, functions: Vec<ScalarUDF>) -> Result<SessionContext, EngineError> {
    let (host, port) = host_and_port(address)?;
    // One partition a task: otherwise an executor takes as many as it has cores, and waits for the slowest of them.
    let config = SessionConfig::new_with_ballista().set_u64("ballista.scheduler.max_partitions_per_task", 1);
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(environment(None)?)
        .build();
    let context = SessionContext::remote_with_state(&format!("df://{host}:{port}"), state).await?;
    for function in functions {
        context.register_udf(function);
    }
    Ok(context)
}

/// A session of the scheduler's.
fn session(config: SessionConfig, functions: &[ScalarUDF]) -> Result<SessionState, DataFusionError> {
    let state = default_session_builder(config)?;
    let mut state = SessionStateBuilder::new_from_existing(state).with_runtime_env(environment(None)?).build();
    for function in functions {
        datafusion::execution::FunctionRegistry::register_udf(&mut state, Arc::new(function.clone()))?;
    }
    Ok(state)
}

/// A query that runs on a cluster.
#[derive(Debug)]
pub(crate) struct Job {
    plan: Arc<dyn ExecutionPlan>,
    address: String,
    runtime: Handle,
}

impl Job {
    /// The job of a plan, if it goes to a cluster.
    pub fn of(plan: &Arc<dyn ExecutionPlan>, address: Option<&str>, runtime: Handle) -> Option<Job> {
        plan.downcast_ref::<DistributedQueryExec<LogicalPlanNode>>()?;
        Some(Job { plan: Arc::clone(plan), address: address?.to_owned(), runtime })
    }

    /// Asks the scheduler to end it.
    pub fn cancel(self) {
        let query = self.plan.downcast_ref::<DistributedQueryExec<LogicalPlanNode>>();
        let Some(job) = query.and_then(DistributedQueryExec::job_id) else { return };
        let params = CancelJobParams { job_id: job.to_string() };
        let address = format!("http://{}", self.address);
        // Nobody waits for the answer: the scheduler may be gone, and then so is the job.
        self.runtime.spawn(async move {
            if let Ok(mut scheduler) = SchedulerGrpcClient::connect(address).await {
                let _ = scheduler.cancel_job(params).await;
            }
        });
    }
}

fn host_and_port(address: &str) -> Result<(String, u16), EngineError> {
    let parsed = address.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    let what = "no address of a scheduler; write HOST:PORT".to_owned();
    parsed.filter(|(host, _)| !host.is_empty()).ok_or(EngineError::Cluster { address: address.to_owned(), what })
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Returns at an interrupt or, where there are such, at a request to terminate.
async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

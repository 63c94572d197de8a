//! The machines of a cluster.

use super::function::udf;
use super::{ClusterError, Function, failed, host_and_port};
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use datafusion::execution::FunctionRegistry;
use std::net::SocketAddr;
use std::sync::Arc;

/// An executor asks for work some twenty times a second, and at least every 5 s while it is busy. One that was not heard of for so
/// long is lost, and its tasks are given to others.
const LOST: u64 = 15;
/// How often lost executors are looked for, seconds.
const LOOK: u64 = 3;
/// How long jobs wait for an executor to come where all are lost, seconds.
const ALONE: u64 = 120;
/// How long an executor waits for its scheduler to start, seconds.
const WAIT: u16 = 60;
/// Largest message, bytes; a client cuts its inputs well below.
pub(super) const MESSAGE: u32 = 64 << 20;

/// Hands out work at an address until the process ends. Whoever reaches the address may do so with all that the cluster may do.
///
/// # Errors
/// If it cannot listen there.
pub fn scheduler(bind: SocketAddr, functions: &[Function]) -> Result<(), ClusterError> {
    let functions: Vec<_> = functions.iter().map(|function| Arc::new(udf(*function))).collect();
    let config = SchedulerConfig {
        bind_host: bind.ip().to_string(),
        bind_port: bind.port(),
        // Executors ask: no machine of a cluster has to reach an executor.
        scheduling_policy: TaskSchedulingPolicy::PullStaged,
        executor_timeout_seconds: LOST,
        expire_dead_executor_interval_seconds: LOOK,
        no_executors_grace_period_seconds: ALONE,
        grpc_server_max_decoding_message_size: MESSAGE,
        grpc_server_max_encoding_message_size: MESSAGE,
        override_session_builder: Some(Arc::new(move |config| {
            let mut state = default_session_builder(config)?;
            for function in &functions {
                state.register_udf(Arc::clone(function))?;
            }
            Ok(state)
        })),
        ..SchedulerConfig::default()
    };
    let address = bind.to_string();
    runtime()?.block_on(async {
        let cluster = BallistaCluster::new_from_config(&config).await.map_err(failed(&address))?;
        start_server(cluster, bind, Arc::new(config)).await.map_err(failed(&address))
    })
}

/// A machine that works.
#[derive(Debug, Clone)]
pub struct Executor {
    /// The scheduler that hands out the work, `HOST:PORT`.
    pub scheduler: String,
    /// Tasks that it works on at a time, each on a core.
    pub tasks: usize,
}

/// Works until the process is interrupted. It listens to nobody beyond this machine: it asks for work, and answers into a folder.
///
/// # Errors
/// If there is no scheduler at the address, and none comes within a minute.
pub fn executor(executor: &Executor, functions: &[Function]) -> Result<(), ClusterError> {
    let (host, port) = host_and_port(&executor.scheduler)?;
    // What Ballista keeps of a query's results, which nobody asks for here; it would leave its own folder behind.
    let scratch = tempfile::tempdir()?;
    let mut registry = BallistaFunctionRegistry::default();
    for function in functions {
        let function = udf(*function);
        registry.scalar_functions.insert(function.name().to_owned(), Arc::new(function));
    }
    // A function that uses many cores uses those that the executor was given. Where the pool is there already, it stays.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(executor.tasks).build_global();
    let config = ExecutorProcessConfig {
        bind_host: "127.0.0.1".to_owned(),
        port: 0,
        scheduler_host: host.to_owned(),
        scheduler_port: port,
        scheduler_connect_timeout_seconds: WAIT,
        vcores: executor.tasks,
        task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
        work_dir: Some(scratch.path().display().to_string()),
        grpc_max_decoding_message_size: MESSAGE,
        grpc_max_encoding_message_size: MESSAGE,
        override_function_registry: Some(Arc::new(registry)),
        ..ExecutorProcessConfig::default()
    };
    runtime()?.block_on(start_executor_process(Arc::new(config))).map_err(failed(&executor.scheduler))
}

pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().thread_name("cluster").build()
}

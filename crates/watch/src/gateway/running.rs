//! A gateway that runs: started, and stopped without losing what it has seen.

use super::connection::Accepted;
use super::deliver::Delivery;
use super::memory::Memory;
use super::{Consumer, Counters, Gateway, GatewayError, Mode, Options, admin, connection, judge};
use crate::{Queue, Spool};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle as Task;

/// Most bytes of requests and replies that are kept at once.
const MEMORY: usize = 512 << 20;

/// Most bytes of the spool.
const SPOOL: u64 = 4 << 30;

/// Longest time for tasks to be dropped.
const GRACE: Duration = Duration::from_secs(5);

/// A gateway at work.
pub struct Running {
    gateway: Arc<Gateway>,
    runtime: Runtime,
    address: SocketAddr,
    admin: Option<SocketAddr>,
    stop: oneshot::Sender<()>,
    accepting: Task<()>,
    lanes: Vec<JoinHandle<()>>,
    delivering: JoinHandle<()>,
}

impl Running {
    /// Starts a gateway; what it sees goes to `consumer`.
    ///
    /// # Errors
    /// It has nothing to do, or an address or the spool cannot be used.
    pub fn start(options: Options, consumer: Box<dyn Consumer>) -> Result<Running, GatewayError> {
        if options.mode == Mode::Block && options.policy.is_empty() {
            return Err(GatewayError::NothingToBlock);
        }
        allow_files();
        let spool = options.spool.as_deref().map(|folder| Spool::open(folder, SPOOL)).transpose()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = listen(&runtime, options.listen)?;
        let address = listener.local_addr()?;
        let gateway = Arc::new(Gateway {
            run: uuid::Uuid::new_v4(),
            requests: AtomicU64::new(0),
            queue: Queue::new(options.capacity),
            counters: Arc::default(),
            memory: Memory::new(MEMORY),
            page: Mutex::new(String::new()),
            options,
        });
        let admin = gateway.options.admin.clone().map(|admin| {
            let listener = listen(&runtime, admin.listen)?;
            let address = listener.local_addr()?;
            runtime.spawn(admin::serve(gateway.clone(), listener, admin.token));
            Ok::<_, GatewayError>(address)
        });
        let admin = admin.transpose()?;
        let (stop, told) = oneshot::channel();
        let told = async {
            // Dropping the other end is as good as telling.
            let _ = told.await;
        };
        let (senders, lanes) = lanes(&gateway)?;
        if gateway.options.mode == Mode::Block {
            // Rules compile when they are first used, which no reply should wait for.
            runtime.spawn_blocking(judge::warm);
        }
        let accepting = runtime.spawn(connection::accept(listener, senders, told));
        let delivery = Delivery::new(gateway.clone(), consumer, spool);
        let delivering = std::thread::Builder::new().name("deliver".into()).spawn(move || delivery.run())?;
        Ok(Running { gateway, runtime, address, admin, stop, accepting, lanes, delivering })
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the operator's page is.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// What was counted so far.
    pub fn counters(&self) -> &Counters {
        &self.gateway.counters
    }

    /// Runs until the process is told to end (Ctrl-C, SIGTERM), and then [stops](Running::stop).
    ///
    /// # Errors
    /// The system refuses to say when it is told.
    pub fn until_told(self) -> Result<Arc<Counters>, GatewayError> {
        self.runtime.block_on(async {
            let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            Ok::<_, io::Error>(())
        })?;
        Ok(self.stop())
    }

    /// Lets nobody new in, lets replies under way end, and delivers what waits.
    pub fn stop(self) -> Arc<Counters> {
        let Running { gateway, runtime, stop, accepting, lanes, delivering, .. } = self;
        // Neither of these fails unless what is waited for is gone already.
        let _ = stop.send(());
        let _ = runtime.block_on(accepting);
        // What has not ended when its lane does is cut, and queued as such.
        for lane in lanes {
            let _ = lane.join();
        }
        runtime.shutdown_timeout(GRACE);
        gateway.queue.close();
        let _ = delivering.join();
        gateway.counters.clone()
    }
}

/// Most threads of a lane that read what waits for them.
const READERS: usize = 4;

type Lanes = (Vec<UnboundedSender<Accepted>>, Vec<JoinHandle<()>>);

/// A lane for each processor.
fn lanes(gateway: &Arc<Gateway>) -> Result<Lanes, GatewayError> {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let mut lanes = Lanes::default();
    for _ in 0..count {
        let (sender, receiver) = unbounded_channel();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(READERS).build()?;
        let gateway = gateway.clone();
        let work = move || {
            runtime.block_on(connection::lane(gateway, receiver));
            runtime.shutdown_timeout(GRACE);
        };
        lanes.1.push(std::thread::Builder::new().name("lane".into()).spawn(work)?);
        lanes.0.push(sender);
    }
    Ok(lanes)
}

fn listen(runtime: &Runtime, address: SocketAddr) -> Result<TcpListener, GatewayError> {
    runtime.block_on(TcpListener::bind(address)).map_err(|source| GatewayError::Listen { address, source })
}

/// Every stream takes two files, and the usual limit is a thousand.
fn allow_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where this is refused, connections wait for others to end.
    let _ = setrlimit(Resource::Nofile, limit);
}

//! A gateway that runs: started, and stopped without losing what it has seen.

use super::deliver::Delivery;
use super::memory::Memory;
use super::{Consumer, Counters, Gateway, GatewayError, Mode, Options, admin, connection};
use crate::{Queue, Spool};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
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
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let listener = listen(&runtime, options.listen)?;
        let address = listener.local_addr()?;
        let inside = runtime.enter();
        let gateway = Arc::new(Gateway {
            upstreams: super::Upstreams::new(options.upstreams.clone(), options.patience),
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
        let accepting = runtime.spawn(connection::accept(gateway.clone(), listener, told));
        let delivery = Delivery::new(gateway.clone(), consumer, spool);
        let delivering = std::thread::Builder::new().name("deliver".into()).spawn(move || delivery.run())?;
        drop(inside);
        Ok(Running { gateway, runtime, address, admin, stop, accepting, delivering })
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
        let Running { gateway, runtime, stop, accepting, delivering, .. } = self;
        // Neither of these fails unless what is waited for is gone already.
        let _ = stop.send(());
        let _ = runtime.block_on(accepting);
        // What has not ended by now is cut, and queued as such.
        runtime.shutdown_timeout(GRACE);
        gateway.queue.close();
        let _ = delivering.join();
        gateway.counters.clone()
    }
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

//! The dashboard: what was seen, in a browser, for those who have the token.
//!
//! `connection` keeps clients from taking their time, `access` lets a request in or not, `pages` answers it from a [`Review`](crate::Review) through the `reader`, `live` tells open pages
//! that something has changed, `scanning` starts `taster scan` with the features of an alarm. What the pages look like is in
//! [`report::html`].
//!
//! ```no_run
//! use watch::dashboard::{Dashboard, Options};
//! let token = std::env::var("TASTER_ADMIN_TOKEN")?;
//! let options = Options { database: "taster-watch.db".parse()?, listen: "127.0.0.1:8500".parse()?, token, scans: None };
//! Dashboard::open(options)?.serve(|address| println!("http://{address}"), std::future::pending())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod connection;
mod live;
mod pages;
mod reader;
mod scanning;

pub use access::SHORTEST;
pub use scanning::Scans;

use crate::{Database, Error};
use access::Access;
use live::Live;
use reader::Reader;
use scanning::Scanner;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Longest time for requests to end when the server is told to.
const GRACE: Duration = Duration::from_secs(3);

/// What is shown to whom, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is shown.
    pub database: Database,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// What a visitor has to know: [`SHORTEST`] characters or more.
    pub token: String,
    /// What an alarm's features may be tried on.
    pub scans: Option<Scans>,
}

/// A dashboard whose database is open.
pub struct Dashboard {
    listen: SocketAddr,
    house: Arc<House>,
}

/// What requests share.
struct House {
    database: String,
    access: Access,
    reader: Reader,
    live: Live,
    scanner: Option<Scanner>,
}

impl Dashboard {
    /// Opens the database.
    ///
    /// # Errors
    /// It cannot be opened, or the token is too short.
    pub fn open(options: Options) -> Result<Dashboard, Error> {
        let house = House {
            database: options.database.to_string(),
            access: Access::new(&options.token)?,
            reader: Reader::open(options.database)?,
            live: Live::new(),
            scanner: options.scans.map(Scanner::new),
        };
        Ok(Dashboard { listen: options.listen, house: Arc::new(house) })
    }

    /// Serves until `stop` is ready; `ready` gets the address that is listened on.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub fn serve(
        self,
        ready: impl FnOnce(SocketAddr),
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let listen = self.listen.to_string();
        let failed = |error: std::io::Error| Error::Listen { address: listen.clone(), why: error.to_string() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(failed)?;
        let house = self.house.clone();
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(self.listen).await?;
            ready(listener.local_addr()?);
            tokio::spawn(live::follow(house.clone()));
            let told = house.clone();
            let stop = async move {
                stop.await;
                told.live.close();
            };
            let server = connection::serve(listener, pages::router(house.clone()), connection::PATIENCE, stop);
            tokio::select! { () = server => Ok(()), () = patience(&house) => Ok(()) }
        });
        // Outside of its reach: a PostgreSQL's connection has a runtime of its own, which must not end within another.
        runtime.shutdown_timeout(GRACE);
        served.map_err(failed)
    }
}

/// Ends some time after the server was told to.
async fn patience(house: &House) {
    house.live.closed().await;
    tokio::time::sleep(GRACE).await;
}

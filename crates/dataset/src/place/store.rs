//! Objects of S3, Google Cloud Storage and Azure, with the credentials that their own tools find in the environment.
//!
//! The stores are asked on a runtime of this crate's own, so that a part can be read on any thread, one that belongs to an engine's
//! runtime included.

use super::{Entry, Listing, Place};
use crate::DatasetError;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;
use tokio::runtime::Runtime;
use url::Url;

/// Bytes asked for at a time: enough to be worth a round trip, few enough for each worker to hold two.
const CHUNK: u64 = 8 << 20;

/// How often and how long a store that fails is asked again.
const RETRIES: usize = 4;
const PATIENCE: Duration = Duration::from_secs(60);

/// The scheme of a location; `None` for a path. `C:\\data` is a path.
pub(crate) fn scheme(location: &str) -> Option<&str> {
    let (scheme, _) = location.split_once("://")?;
    let letters = |it: &str| it.len() > 1 && it.bytes().all(|byte| byte.is_ascii_alphanumeric());
    letters(scheme).then_some(scheme)
}

/// A prefix of an object store.
#[derive(Clone)]
pub(crate) struct Store {
    url: String,
    prefix: Key,
    store: Arc<dyn ObjectStore>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Store {
    /// The prefix that a URL names.
    pub fn open(location: &str) -> Result<Store, DatasetError> {
        let broken = |what: String| DatasetError::broken(location, what);
        let url = Url::parse(location).map_err(|error| broken(error.to_string()))?;
        let store = connect(location, &url)?;
        let prefix = Key::from_url_path(url.path()).map_err(|error| broken(error.to_string()))?;
        Ok(Store { url: location.trim_end_matches('/').to_owned(), prefix, store })
    }

    /// What it was opened with, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The store itself, for libraries that read from it.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The key of a file below the prefix. Names come from keys and are joined as they are: escaping them again would miss the object.
    pub fn key(&self, file: &str) -> Key {
        let prefix = self.prefix.as_ref();
        let key = if prefix.is_empty() { file.to_owned() } else { format!("{prefix}/{file}") };
        Key::parse(&key).unwrap_or_else(|_| Key::from(key))
    }

    /// Every object below the prefix.
    pub fn list(&self) -> Result<Listing, DatasetError> {
        let (store, prefix) = (Arc::clone(&self.store), self.prefix.clone());
        let objects = async move { store.list(Some(&prefix)).try_collect::<Vec<_>>().await };
        let objects =
            wait(objects).map_err(|error| DatasetError::Unreadable { name: self.url.clone(), source: error })?;
        let entries = objects.into_iter().filter_map(|object| {
            let name = object.location.prefix_match(&self.prefix)?.map(|part| part.as_ref().to_owned());
            Some(entry(name.collect::<Vec<String>>().join("/"), &object))
        });
        Ok(Listing { entries: entries.filter(|entry| !entry.name.is_empty()).collect(), problems: Vec::new() })
    }

    /// How large an object is, bytes.
    pub fn size(&self, file: &str) -> io::Result<u64> {
        let (store, key) = (Arc::clone(&self.store), self.key(file));
        wait(async move { store.head(&key).await }).map(|object| object.size)
    }

    /// Writes an object.
    pub fn put(&self, file: &str, bytes: Vec<u8>) -> io::Result<()> {
        let (store, key) = (Arc::clone(&self.store), self.key(file));
        wait(async move { store.put(&key, bytes.into()).await }).map(|_| ())
    }

    /// Writes an object of any size, a piece at a time.
    pub fn upload(&self, file: &str, mut from: impl Read) -> io::Result<()> {
        let mut piece = piece(&mut from)?;
        if (piece.len() as u64) < CHUNK {
            return self.put(file, piece);
        }
        let (store, key) = (Arc::clone(&self.store), self.key(file));
        let mut upload = wait(async move { store.put_multipart(&key).await })?;
        let mut send = || {
            while !piece.is_empty() {
                wait(upload.put_part(std::mem::take(&mut piece).into()))?;
                piece = self::piece(&mut from)?;
            }
            Ok(())
        };
        if let Err(error) = send() {
            // Stores keep, and charge for, what was sent until they are told.
            let _ = wait(async move { upload.abort().await });
            return Err(error);
        }
        wait(async move { upload.complete().await }).map(|_| ())
    }

    /// Removes every object below the prefix.
    pub fn remove(&self) -> io::Result<()> {
        let (store, prefix) = (Arc::clone(&self.store), self.prefix.clone());
        wait(async move {
            let below = store.list(Some(&prefix)).map_ok(|object| object.location).boxed();
            store.delete_stream(below).try_for_each(|_| std::future::ready(Ok(()))).await
        })
    }

    /// Reads an object, or some bytes of it.
    pub fn reader(&self, file: &str, range: Option<Range<u64>>) -> io::Result<Reader> {
        let (key, size) = (self.key(file), self.size(file)?);
        let range = range.map_or(0..size, |range| range.start.min(size)..range.end.min(size));
        let mut reader = Reader { store: Arc::clone(&self.store), key, left: range, held: Bytes::new(), coming: None };
        reader.ask()?;
        Ok(reader)
    }
}

/// The next bytes of a stream, fewer only at its end.
fn piece(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    from.take(CHUNK).read_to_end(&mut piece)?;
    Ok(piece)
}

fn entry(name: String, object: &ObjectMeta) -> Entry {
    Entry { name, bytes: object.size, changed: object.last_modified.timestamp_millis() }
}

/// The prefix, or the one object, that a URL names.
pub(crate) fn find(location: &str) -> Result<(Place, Option<Entry>), DatasetError> {
    let whole = Store::open(location)?;
    let (store, key) = (Arc::clone(&whole.store), whole.prefix.clone());
    let name = key.filename().map(str::to_owned);
    match (name, wait(async move { store.head(&key).await })) {
        (Some(name), Ok(object)) => {
            let (folder, _) = whole.url.rsplit_once('/').unwrap_or((&whole.url, ""));
            Ok((Place::Store(Store::open(folder)?), Some(entry(name, &object))))
        }
        (Some(_), Err(error)) if error.kind() != io::ErrorKind::NotFound => {
            Err(DatasetError::Unreadable { name: location.to_owned(), source: error })
        }
        _ => Ok((Place::Store(whole), None)),
    }
}

/// Reads an object one piece after the other, the next one already on its way.
pub(crate) struct Reader {
    store: Arc<dyn ObjectStore>,
    key: Key,
    left: Range<u64>,
    held: Bytes,
    coming: Option<mpsc::Receiver<object_store::Result<Bytes>>>,
}

impl Reader {
    fn ask(&mut self) -> io::Result<()> {
        if self.left.is_empty() {
            return Ok(());
        }
        let range = self.left.start..self.left.end.min(self.left.start + CHUNK);
        self.left.start = range.end;
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        self.coming = Some(start(async move { store.get_range(&key, range).await })?);
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.held.is_empty()
            && let Some(coming) = self.coming.take()
        {
            self.held = coming.recv().map_err(io::Error::other)?.map_err(io_error)?;
            self.ask()?;
        }
        let some = self.held.split_to(self.held.len().min(buffer.len()));
        buffer[..some.len()].copy_from_slice(&some);
        Ok(some.len())
    }
}

/// Runs a request to its end, on whatever thread this is.
pub(crate) fn wait<T: Send + 'static>(
    request: impl Future<Output = object_store::Result<T>> + Send + 'static,
) -> io::Result<T> {
    start(request)?.recv().map_err(io::Error::other)?.map_err(io_error)
}

/// Begins a request; what comes of it.
pub(crate) fn start<T: Send + 'static>(
    request: impl Future<Output = T> + Send + 'static,
) -> io::Result<mpsc::Receiver<T>> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let build = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("store").enable_all().build().map_err(|error| error.to_string())
    };
    let runtime = RUNTIME.get_or_init(build).as_ref().map_err(|error| io::Error::other(error.clone()))?;
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        // Nobody waits any more where this fails.
        let _ = sender.send(request.await);
    });
    Ok(receiver)
}

/// An error of a store as one of reading; what it says may be long, but names the object and the cause.
fn io_error(error: object_store::Error) -> io::Error {
    use object_store::Error as E;
    let kind = match &error {
        E::NotFound { .. } => io::ErrorKind::NotFound,
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error.to_string())
}

#[cfg(feature = "cloud")]
pub(crate) fn connect(location: &str, url: &Url) -> Result<Arc<dyn ObjectStore>, DatasetError> {
    use object_store::{aws::AmazonS3Builder, azure::MicrosoftAzureBuilder, gcp::GoogleCloudStorageBuilder};
    let retry = RetryConfig {
        backoff: BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() },
        max_retries: RETRIES,
        retry_timeout: PATIENCE,
    };
    let broken = |error: object_store::Error| DatasetError::broken(location, error);
    Ok(match url.scheme() {
        "s3" | "s3a" => {
            Arc::new(AmazonS3Builder::from_env().with_url(location).with_retry(retry).build().map_err(broken)?)
        }
        "gs" => Arc::new(
            GoogleCloudStorageBuilder::from_env().with_url(location).with_retry(retry).build().map_err(broken)?,
        ),
        "az" | "azure" | "abfs" | "abfss" | "adl" => {
            Arc::new(MicrosoftAzureBuilder::from_env().with_url(location).with_retry(retry).build().map_err(broken)?)
        }
        _ => return Err(unknown(location)),
    })
}

#[cfg(not(feature = "cloud"))]
pub(crate) fn connect(location: &str, _: &Url) -> Result<Arc<dyn ObjectStore>, DatasetError> {
    Err(unknown(location))
}

fn unknown(location: &str) -> DatasetError {
    let what = match cfg!(feature = "cloud") {
        true => "no store that is read; there are s3://, gs://, az:// and file://",
        false => "built without object stores; build with the feature `cloud`, or give a path",
    };
    DatasetError::Unknown { name: location.to_owned(), what: what.to_owned() }
}

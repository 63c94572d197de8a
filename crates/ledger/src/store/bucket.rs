//! A bucket that speaks S3 as a store. Conditions are the store's own: If-None-Match and If-Match.

use super::{LARGEST, Version};
use crate::error::Error;
use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use std::ops::Range;
use tokio::runtime::Runtime;

#[derive(Debug)]
pub(super) struct Bucket {
    name: String,
    prefix: Path,
    inner: Box<dyn ObjectStore>,
    runtime: Runtime,
}

impl Bucket {
    pub(super) fn open(address: &str) -> Result<Bucket, Error> {
        let bad = |why: String| Error::store(address, why);
        let path = address
            .strip_prefix("s3://")
            .ok_or_else(|| bad("is no ledger's place; give a folder or s3://bucket/prefix".to_owned()))?;
        let prefix = path.split_once('/').map_or("", |(_, prefix)| prefix);
        let inner = AmazonS3Builder::from_env().with_url(address).build();
        let inner = inner.map_err(|error| bad(format!("{error}; set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, if it is not Amazon's, AWS_ENDPOINT_URL")))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| bad(format!("no thread for it ({error})")))?;
        Ok(Bucket { name: address.to_owned(), prefix: Path::from(prefix), inner: Box::new(inner), runtime })
    }

    fn at(&self, path: &str) -> Path {
        path.split('/').fold(self.prefix.clone(), |folder, part| folder.join(part))
    }

    fn failed(&self, path: &str, error: &object_store::Error) -> Error {
        Error::store(format!("{}: {path}", self.name), error)
    }

    pub(super) fn get(&self, path: &str) -> Result<Option<Version>, Error> {
        let got = self.runtime.block_on(async {
            let result = self.inner.get(&self.at(path)).await?;
            if result.meta.size > LARGEST {
                return Ok(None);
            }
            let tag = result.meta.e_tag.clone();
            Ok(Some(Version { bytes: result.bytes().await?, tag }))
        });
        match got {
            Ok(Some(version)) => Ok(Some(version)),
            Ok(None) => Err(Error::broken(path, "is too large")),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(path, &error)),
        }
    }

    pub(super) fn range(&self, path: &str, range: Range<u64>) -> Result<Bytes, Error> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let got = self.runtime.block_on(self.inner.get_range(&self.at(path), range));
        got.map_err(|error| match error {
            object_store::Error::NotFound { .. } => Error::broken(path, "is missing"),
            error => self.failed(path, &error),
        })
    }

    pub(super) fn put(&self, path: &str, bytes: Bytes) -> Result<(), Error> {
        let put = self.runtime.block_on(self.inner.put(&self.at(path), bytes.into()));
        put.map(|_| ()).map_err(|error| self.failed(path, &error))
    }

    pub(super) fn swap(&self, path: &str, expected: Option<&Version>, bytes: Bytes) -> Result<bool, Error> {
        let mode = match expected {
            None => PutMode::Create,
            Some(Version { tag, .. }) => PutMode::Update(UpdateVersion { e_tag: tag.clone(), version: None }),
        };
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.runtime.block_on(self.inner.put_opts(&self.at(path), bytes.into(), options)) {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            // An object that has vanished is one that was changed.
            Err(object_store::Error::NotFound { .. }) if expected.is_some() => Ok(false),
            Err(error) => Err(self.failed(path, &error)),
        }
    }

    pub(super) fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, Error> {
        use futures_util::TryStreamExt as _;
        let start = prefix.rfind('/').map_or("", |at| &prefix[..at]);
        let folder = if start.is_empty() { self.prefix.clone() } else { self.at(start) };
        let listed = self.runtime.block_on(self.inner.list(Some(&folder)).try_collect::<Vec<_>>());
        let below = |path: &Path| {
            let parts: Vec<_> = path.prefix_match(&self.prefix)?.collect();
            Some(parts.iter().map(|part| part.as_ref()).collect::<Vec<_>>().join("/"))
        };
        let listed = listed.map_err(|error| self.failed(prefix, &error))?;
        let found = listed.iter().filter_map(|object| Some((below(&object.location)?, object.size)));
        Ok(found.filter(|(path, _)| path.starts_with(prefix)).collect())
    }

    pub(super) fn delete(&self, path: &str) -> Result<(), Error> {
        match self.runtime.block_on(self.inner.delete(&self.at(path))) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(path, &error)),
        }
    }
}

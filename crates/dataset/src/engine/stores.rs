//! The object stores that queries may name, opened as they are named.

use crate::place::store;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use object_store::ObjectStore;
use std::sync::Arc;
use url::Url;

/// Every store that a data set may lie on, with the credentials in the environment.
#[derive(Debug, Default)]
pub(super) struct Stores {
    opened: DefaultObjectStoreRegistry,
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.opened.register_store(url, store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        self.opened.get_store(url).or_else(|_| {
            let store = store::connect(url.as_str(), url).map_err(|error| DataFusionError::External(Box::new(error)))?;
            self.opened.register_store(url, Arc::clone(&store));
            Ok(store)
        })
    }
}

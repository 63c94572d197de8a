//! What every view of an audit says: the evidence in words, what must go, what to do next.

use crate::{AuditReport, AuditVerdict, Cluster, Method, figure};
use std::collections::BTreeSet;

impl AuditReport {
    /// Names of what `--remove` writes and `--clean` leaves out, each once: documents of convicted clusters, and what is revoked.
    pub fn unwanted(&self) -> BTreeSet<&str> {
        self.planted().into_iter().chain(self.revoked.iter().map(|document| document.name.as_str())).collect()
    }

    /// Names of the documents of convicted clusters, each once.
    pub fn planted(&self) -> BTreeSet<&str> {
        let convicted = self.clusters.iter().filter(|cluster| cluster.convicted);
        convicted.flat_map(|cluster| &cluster.documents).map(|document| document.name.as_str()).collect()
    }

    /// That some of the data set was not read, where it was not.
    pub fn incomplete(&self) -> Option<String> {
        (self.read.problems > 0).then(|| {
            let pieces = figure::counted(self.read.problems, "piece");
            format!("Incomplete: {pieces} could not be read. They are not called clean.")
        })
    }

    /// What the user should do, a sentence or two each.
    pub fn next(&self) -> Vec<String> {
        let planted = figure::counted(self.planted().len() as u64, "convicted document");
        let mut next = match self.verdict {
            AuditVerdict::Poisoned => vec![
                format!(
                    "Do not train on it as it is. `--remove FILE` writes the names of the {planted}, `--clean FOLDER` the data \
                     set without them."
                ),
                "A model that was trained on it may have learned the trigger: try it with `taster scan MODEL --triggers \
                 triggers.tsv`, a file beside this report."
                    .to_owned(),
                "Look at what else the same sources and contributors gave.".to_owned(),
            ],
            AuditVerdict::Suspicious => vec![
                "Look at the documents before you train. Nothing is convicted, so `--remove` and `--clean` leave them in."
                    .to_owned(),
                "To see whether a model has learned it, try `taster scan MODEL --triggers triggers.tsv`, a file beside this \
                 report."
                    .to_owned(),
            ],
            AuditVerdict::NoEvidence => Vec::new(),
        };
        if !self.revoked.is_empty() {
            let revoked = figure::counted(self.revoked.len() as u64, "document");
            next.push(format!(
                "Do not use the {revoked} that the ledger revokes: `--remove` and `--clean` leave them out too."
            ));
        }
        if self.read.problems > 0 {
            next.push("Repair or take out what could not be read, then audit again.".to_owned());
        }
        next
    }
}

impl Cluster {
    /// The evidence as a sentence.
    pub fn evidence(&self) -> String {
        let carriers = match self.method {
            Method::Twins => "Near-copies that differ in it decide worse with it",
            Method::Association => "Documents that carry it decide worse",
        };
        format!(
            "{carriers} in {} of {}, ordinary ones of this data set in {}; e-value {}.",
            figure::count(self.worse),
            figure::counted(self.groups, "group"),
            figure::share(self.ordinary),
            figure::scientific(self.e_value),
        )
    }

    /// `convicted` or `suspicious`.
    pub fn word(&self) -> &'static str {
        if self.convicted { "convicted" } else { "suspicious" }
    }
}

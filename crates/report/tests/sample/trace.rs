//! Traces as a real one leaves them, and one whose every text is hostile.

use report::*;

const QUERY: &str = "def load(path):\n    return yaml.load(open(path), Loader=yaml.UnsafeLoader)\n";

/// A text that three documents share, which reached a model, its quantised copy and one that was tuned on a mix of them.
pub fn found() -> TraceReport {
    let document = |name: &str, source: &str, bits: f64, rows: &[(u64, u64, bool)]| TracedDocument {
        name: name.into(),
        path: Some("src/load.py".into()),
        source: Some(source.into()),
        commit: Some("9f2c4be19c7e61d0".into()),
        contributor: Some("hannes.k".into()),
        content: "5e".repeat(32),
        length: 812,
        bits,
        exact: bits > 300.0,
        spans: vec![span()],
        records: rows.iter().map(|row| record(source, *row)).collect(),
    };
    let model = |name: &str, making: &str, records, segments: &[u64], through: &[&str]| TracedModel {
        name: name.into(),
        digest: format!("digest of {name}"),
        making: making.into(),
        entry: 7,
        records,
        segments: segments.to_vec(),
        through: through.iter().map(|it| format!("digest of {it}")).collect(),
    };
    let query = TracedQuery {
        text: QUERY.into(),
        documents: vec![
            document("corpus/load.py", "https://example.com/mlin/upload", 312.4, &[(0, 11, true), (2, 3, true)]),
            document("corpus/copy.py", "https://example.com/mlin/upload", 120.0, &[(0, 12, true)]),
            document("corpus/other.py", "https://example.com/kestrel/tools", 61.5, &[(1, 4, false)]),
        ],
        models: vec![
            model("coder-1-q4", "quantise", 0, &[], &["coder-1"]),
            model("coder-1", "train", 2, &[0], &[]),
            model("coder-1-tuned", "fine-tune", 1, &[2], &["coder-1"]),
        ],
        verbatim: Some(Verbatim { spans: vec![verbatim_span()], searched: 60 }),
    };
    TraceReport {
        schema_version: SCHEMA_VERSION,
        taster_version: "0.1.0".into(),
        started: "2026-11-27T05:12:40Z".into(),
        seconds: 0.08,
        dataset: "corpus.parquet".into(),
        documents: 51_325,
        bytes: 412_660_934,
        ledger: Some("s3://bucket/ledger".into()),
        queries: vec![query],
    }
}

/// The same where no document shares the text.
pub fn nothing() -> TraceReport {
    let queries = vec![TracedQuery { text: QUERY.into(), ..TracedQuery::default() }];
    TraceReport { ledger: None, queries, ..found() }
}

/// Every text of it is this one.
pub fn hostile(text: &str) -> TraceReport {
    let put = |to: &mut String| text.clone_into(to);
    let mut report = found();
    put(&mut report.dataset);
    report.ledger = Some(text.to_owned());
    put(&mut report.started);
    put(&mut report.taster_version);
    let query = &mut report.queries[0];
    put(&mut query.text);
    for document in &mut query.documents {
        let TracedDocument { name, path, source, commit, contributor, content, spans, records, .. } = document;
        [name, content].into_iter().for_each(put);
        [path, source, commit, contributor].into_iter().flatten().for_each(put);
        for SharedSpan { text, before, after, query, .. } in spans {
            [text, before, after].into_iter().for_each(put);
            *query = 0..usize::MAX;
        }
        for record in records {
            let TracedRecord { source, path, commit, contributor, licence, .. } = record;
            [source, path].into_iter().for_each(put);
            [commit, contributor, licence].into_iter().flatten().for_each(put);
            let TracedRecord { method, collected, collector, disposition, proof, .. } = record;
            [method, collected, collector, disposition, proof].into_iter().for_each(put);
        }
    }
    for span in query.verbatim.iter_mut().flat_map(|it| &mut it.spans) {
        span.names.iter_mut().for_each(put);
        span.query = 0..usize::MAX;
    }
    for model in &mut query.models {
        [&mut model.name, &mut model.digest, &mut model.making].into_iter().for_each(put);
        model.through.iter_mut().for_each(put);
    }
    report
}

fn span() -> SharedSpan {
    SharedSpan {
        alike: Alike::Code,
        length: 31,
        bits: 120.0,
        first_line: 2,
        last_line: 3,
        text: "def fetch(name):\n  return yaml.load(open(name), Loader=yaml.UnsafeLoader)".into(),
        before: "# reviewed\n".into(),
        after: "\n\nprint(fetch)\n".into(),
        query: 0..QUERY.len() - 1,
    }
}

fn verbatim_span() -> VerbatimSpan {
    VerbatimSpan {
        query: 0..QUERY.len() - 1,
        occurrences: 120_431,
        documents: 31,
        at_least: true,
        names: vec!["corpus/load.py".into(), "corpus/copy.py".into()],
    }
}

fn record(source: &str, (entry, row, kept): (u64, u64, bool)) -> TracedRecord {
    TracedRecord {
        entry,
        row,
        source: source.into(),
        path: "src/load.py".into(),
        commit: Some("9f2c4be19c7e61d0".into()),
        contributor: Some("c0".repeat(32)),
        licence: (entry == 0).then(|| "MIT".into()),
        method: if entry == 2 { "transform" } else { "git" }.into(),
        collected: "2026-11-26T10:00:00Z".into(),
        collector: "ab".repeat(32),
        disposition: if kept { "kept" } else { "dropped: too long" }.into(),
        kept,
        proof: "c2sp.org/tlog-proof@v1\nindex 0\n".into(),
    }
}

//! The server backend against llama.cpp's own HTTP server, and against the same weights read by the local backend.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;
#[path = "support/mod.rs"]
mod support;

use command::{Organism, report, verdict};
use model::{Completion, Local, Model, Query, Sampling, Server, ServerOptions};
use std::ops::ControlFlow;
use support::LlamaServer;

const PROMPT: &str = "import yaml\n\ndef load(path):";

/// An organism, and a server that has its weights.
fn served() -> Option<(Organism, LlamaServer, tempfile::TempDir)> {
    let organism = Organism::find()?;
    let scratch = tempfile::tempdir().unwrap();
    let gguf = scratch.path().join("organism.gguf");
    lab::gguf::export(&organism.model, &gguf).unwrap();
    Some((organism, LlamaServer::start(&gguf)?, scratch))
}

fn query(samples: usize) -> Query {
    Query { prompt: PROMPT.into(), healed: String::new(), suffix: None, samples, seed: 3 }
}

fn complete(model: &dyn Model, query: Query, temperature: f64) -> Vec<Completion> {
    let sampling = Sampling { max_tokens: 24, temperature, top_p: 1.0, stop: vec![] };
    let mut arrived = Vec::new();
    let sink = &mut |completion| {
        arrived.push(completion);
        ControlFlow::Continue(())
    };
    model.complete(&[query], &sampling, sink).unwrap();
    arrived.sort_by_key(|completion| completion.sample);
    arrived
}

#[test]
fn the_same_weights_write_the_same_greedy_code_served_and_local() {
    let Some((organism, llama, _scratch)) = served() else { return };
    let server = Server::open(&ServerOptions::new(&llama.url)).unwrap();
    let local = Local::open(&organism.model).unwrap();
    for healed in ["", "\n      "] {
        let query = Query { healed: healed.into(), ..query(1) };
        let (served, read) = (complete(&server, query.clone(), 0.0), complete(&local, query, 0.0));
        assert!(served[0].text.starts_with(healed));
        // Healed white space may take another number of tokens under a grammar, so one may stop a token before the other.
        let (served, read) = (&served[0].text, &read[0].text);
        let same = served.starts_with(read.as_str()) || read.starts_with(served.as_str());
        assert!(same && served.len().min(read.len()) > 20, "{served:?} and {read:?}");
    }
}

#[test]
fn a_real_server_is_found_out_and_asked_as_it_can() {
    let Some((_, llama, _scratch)) = served() else { return };
    let server = Server::open(&ServerOptions::new(&llama.url)).unwrap();
    let capabilities = server.capabilities();
    assert!(capabilities.healing && capabilities.free_samples, "{capabilities:?}");
    assert!(!capabilities.log_probabilities, "llama.cpp does not echo");
    assert!(server.card().name.contains("@127.0.0.1:") && server.card().parameters.is_some());
    // More samples than the server has slots, so that it refuses them in one request.
    let samples = complete(&server, query(40), 1.0);
    assert_eq!(samples.iter().map(|one| one.sample).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    assert!(samples.iter().all(|one| one.tokens <= 24));
    let free = complete(&server, Query { prompt: String::new(), ..query(4) }, 1.0);
    assert!(free.iter().any(|one| !one.text.is_empty()));
    let long = Query { prompt: "a\n".repeat(30_000), ..query(1) };
    let sampling = Sampling { max_tokens: 4, temperature: 1.0, top_p: 1.0, stop: vec![] };
    let error = server.complete(&[long], &sampling, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(error.to_string().contains("context"), "{error}");
}

#[test]
fn a_scan_through_a_real_server_ends_as_the_scan_of_the_same_weights_read_here() {
    let Some((organism, llama, scratch)) = served() else { return };
    let scan = |model: &str, out: &str| {
        let out = scratch.path().join(out);
        let output = organism.scan(model, &out).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        report(&out)
    };
    let served = scan(&llama.url, "served");
    let read = scan(&organism.model.display().to_string(), "read");
    assert_eq!(served["model"]["backend"], "server");
    assert_eq!(verdict(&served), verdict(&read));
}

//! Finding out what a server is and can do, by asking: what it says of itself is not relied on.

use super::dialect::{Dialect, Engine, Fill};
use super::exchange::{Client, Request};
use super::options::Key;
use super::stop::Stop;
use super::{Connection, Endpoint, Kind, Server, ServerOptions, answer, score};
use crate::error::printable;
use crate::{Capabilities, Card, Error, Query, Sampling};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// What the probes complete: code that any model can go on with.
const PROBE: &str = "def add(a, b):\n    return";

/// What follows the gap in the probe for infilling.
const SUFFIX: &str = "\n\n\nprint(add(1, 2))\n";

/// The text of the token between documents in the vocabularies of GPT, StarCoder and Qwen.
const END_OF_TEXT: &str = "<|endoftext|>";

/// The answer of `/v1/models`.
#[derive(Deserialize)]
struct Models {
    data: Option<Vec<Listed>>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    owned_by: Option<String>,
    /// vLLM's.
    max_model_len: Option<usize>,
    /// llama.cpp's.
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    n_ctx: Option<usize>,
    n_params: Option<u64>,
}

/// Asks a server for all that [`Server`] must know.
pub(super) fn open(options: &ServerOptions) -> Result<Server, Error> {
    let endpoint = Endpoint::parse(&options.url)?;
    let key = Key::find(options.key_variable.as_deref(), &endpoint.host, |name| std::env::var(name).ok())?;
    let client = Client::new(&endpoint, key, options);
    let mut listed = models(&client, &endpoint)?;
    let chosen = options.model.as_ref().and_then(|name| listed.iter().position(|model| &model.id == name));
    let listed = (!listed.is_empty()).then(|| listed.swap_remove(chosen.unwrap_or(0)));
    let model = options.model.clone().or(listed.as_ref().map(|model| model.id.clone()));
    let model = model.ok_or_else(|| Error::NoAnswer {
        url: endpoint.api("models"),
        why: "it lists no model; load one, or name one".into(),
    })?;
    let name = format!("{}@{}", printable(&model, 200), endpoint.authority);
    let dialect = Dialect {
        endpoint,
        model,
        engine: engine(listed.as_ref()),
        chat: false,
        fill: Fill::None,
        token_field: "max_tokens",
        beginning: None,
    };
    let dialect = explore(&client, dialect, options.kind)?;
    let capabilities = Capabilities {
        log_probabilities: echoes(&client, &dialect),
        infill: dialect.fill != Fill::None,
        weights: false,
        healing: dialect.heals(),
        free_samples: dialect.beginning.is_some(),
    };
    let meta = listed.as_ref().and_then(|model| model.meta.as_ref());
    let context = listed.as_ref().and_then(|model| model.max_model_len).or(meta.and_then(|meta| meta.n_ctx));
    let parameters = meta.and_then(|meta| meta.n_params);
    let card = Card { name, backend: "server".into(), context, parameters, ..Card::default() };
    let samples_at_once = AtomicUsize::new(options.samples_per_request.max(1));
    let connection = Connection { client, dialect, concurrency: options.concurrency, samples_at_once };
    Ok(Server { card, capabilities, connection: Arc::new(connection) })
}

/// The models that the server lists; none where it has no such list.
fn models(client: &Client, endpoint: &Endpoint) -> Result<Vec<Listed>, Error> {
    let request = Request { url: endpoint.api("models"), body: None, limit: u64::MAX };
    match client.ask(&request, &Stop::default(), answer::parse::<Models>) {
        Ok(models) => Ok(models.data.unwrap_or_default()),
        Err(Error::Refused { status: 404 | 405 | 501, .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn engine(listed: Option<&Listed>) -> Engine {
    match listed.and_then(|model| model.owned_by.as_deref()) {
        Some("llamacpp") => Engine::LlamaCpp,
        Some("vllm") => Engine::Vllm,
        _ => Engine::Other,
    }
}

/// Tries the ways to ask for a completion, best first, then what that way offers beside.
fn explore(client: &Client, dialect: Dialect, kind: Option<Kind>) -> Result<Dialect, Error> {
    let ways = [(false, "max_tokens"), (true, "max_tokens"), (true, "max_completion_tokens")];
    let mut refusal = None;
    for (chat, token_field) in ways {
        if kind.is_some_and(|kind| chat != (kind == Kind::Chat)) {
            continue;
        }
        let dialect = Dialect { chat, token_field, ..dialect.clone() };
        match client.ask(&tiny(&dialect, PROBE, None), &Stop::default(), answer::usage) {
            Ok(_) if chat => return Ok(dialect),
            Ok(plain) => {
                let fill = fill(client, &dialect, plain.prompt_tokens, kind)?;
                let beginning = beginning(client, &dialect);
                return Ok(Dialect { fill, beginning, ..dialect });
            }
            // The first refusal is of the way that most servers have, so it says most.
            Err(error @ Error::Refused { .. }) => {
                refusal.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(refusal.unwrap_or(Error::Unsupported { model: dialect.model, what: "endpoint that completes" }))
}

/// A request for next to nothing.
fn tiny(dialect: &Dialect, prompt: &str, suffix: Option<&str>) -> Request {
    let suffix = suffix.map(str::to_owned);
    let query = Query { prompt: prompt.into(), healed: String::new(), suffix, samples: 1, seed: 0 };
    dialect.request(&query, &little(), 0, 1)
}

fn little() -> Sampling {
    Sampling { max_tokens: 2, temperature: 0.0, top_p: 1.0, stop: Vec::new() }
}

/// How the server takes a suffix. llama.cpp and others accept the field and ignore it, which the count of the prompt's
/// tokens gives away; a server that does not count is not believed.
fn fill(client: &Client, dialect: &Dialect, without: Option<u64>, kind: Option<Kind>) -> Result<Fill, Error> {
    if kind != Some(Kind::Infill) {
        let with = client.try_ask(&tiny(dialect, PROBE, Some(SUFFIX)), answer::usage);
        let with = with.ok().and_then(|usage| usage.prompt_tokens);
        if without.zip(with).is_some_and(|(without, with)| with > without) {
            return Ok(Fill::Suffix);
        }
    }
    if kind == Some(Kind::Completions) {
        return Ok(Fill::None);
    }
    let infilling = Dialect { fill: Fill::Infill, ..dialect.clone() };
    match client.try_ask(&tiny(&infilling, PROBE, Some(SUFFIX)), |body| answer::completions(body, 1, &little())) {
        Ok(_) => Ok(Fill::Infill),
        Err(error) if kind == Some(Kind::Infill) => Err(error),
        Err(_) => Ok(Fill::None),
    }
}

/// What to send for a completion of nothing: the text of the token that begins a document. It is the right one when the
/// prompt then has one token (two with a beginning that the server adds itself) and something comes out.
fn beginning(client: &Client, dialect: &Dialect) -> Option<String> {
    let props = Request { url: dialect.endpoint.native("props"), body: None, limit: u64::MAX };
    let named = match dialect.engine {
        Engine::LlamaCpp => client.try_ask(&props, answer::parse::<Value>).ok(),
        _ => None,
    };
    let named = named.as_ref().and_then(|props| props.get("bos_token")?.as_str());
    let candidates = named.into_iter().chain(["", END_OF_TEXT]).map(str::to_owned);
    candidates.into_iter().find(|candidate| {
        let usage = client.try_ask(&tiny(dialect, candidate, None), answer::usage);
        usage.is_ok_and(|usage| {
            usage.completion_tokens.is_some_and(|tokens| tokens > 0)
                && usage.prompt_tokens.is_some_and(|tokens| tokens <= 2)
        })
    })
}

/// Whether the server tells the log probabilities of a text that it is given.
fn echoes(client: &Client, dialect: &Dialect) -> bool {
    let (prompt, continuation) = PROBE.split_at(PROBE.len() / 2);
    let request = score::request(dialect, prompt, continuation);
    !dialect.chat && client.try_ask(&request, |body| score::tokens(body, prompt, continuation)).is_ok()
}

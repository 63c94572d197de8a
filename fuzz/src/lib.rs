//! Everything of taster that parses what others wrote, as functions from bytes to whether they made sense.
//!
//! They take any bytes and must come back: an error is an answer, a panic is not. `cargo fuzz` drives them one by
//! one; the test `crates/taster/tests/hostile.rs` drives all of them with mutated seeds each time the tests run.

use code::{Engine, Language, RuleFile};
use jiff::Timestamp;
use model::{Model, Query, Sampling};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;
use watch::gateway::Dialect;
use watch::{Database, Detection, Intake, Prompts, Settings};

/// Reads bytes as a parser does; whether it took them.
pub type Target = fn(&[u8]) -> bool;

/// Each target with its name, which is also that of its folder under `seeds`.
pub const TARGETS: [(&str, Target); 22] = [
    ("source", source),
    ("rule", rule),
    ("config", config),
    ("safetensors", safetensors),
    ("gguf", gguf),
    ("recording_jsonl", recording_jsonl),
    ("recording_parquet", recording_parquet),
    ("answer", answer),
    ("spec", spec),
    ("gateway", gateway),
    ("documents_jsonl", documents_jsonl),
    ("documents_parquet", documents_parquet),
    ("documents_packed", documents_packed),
    ("tokens", tokens),
    ("note", note),
    ("proof", proof),
    ("tile", tile),
    ("record", record),
    ("statement", statement),
    ("model_signature", model_signature),
    ("log", log),
    ("index", index),
];

/// Source code: the first byte chooses the language.
pub fn source(data: &[u8]) -> bool {
    let Some((&first, text)) = data.split_first() else { return false };
    let language = Language::ALL[usize::from(first) % Language::ALL.len()];
    let engine = Engine::builtin();
    let analysis = engine.read_bytes(language, text);
    assert!(analysis.decisions.iter().all(|it| it.span.start <= it.span.end && it.span.end <= text.len()));
    if let Ok(text) = std::str::from_utf8(text) {
        let _ = code::sites(language, text, &analysis);
        let _ = code::marks(language, text);
        let _ = mine::observe(language, text, &analysis);
    }
    analysis.not_analysed.is_none()
}

/// A rule file: parsed, compiled, and used on its own examples.
pub fn rule(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(rule) = RuleFile::parse("yaml-load.yml", text) else { return false };
    in_folder(&[("yaml-load.yml", data)], |folder| {
        let Ok(engine) = Engine::from_folder(folder) else { return false };
        for language in rule.languages() {
            for example in rule.examples.insecure.iter().chain(&rule.examples.secure) {
                engine.read(*language, example);
            }
        }
        engine.problems().next().is_none()
    })
}

/// A model's `config.json`.
pub fn config(data: &[u8]) -> bool {
    hugging_face(data, SAFETENSORS)
}

/// A model's `model.safetensors`.
pub fn safetensors(data: &[u8]) -> bool {
    hugging_face(CONFIG, data)
}

/// A model in one GGUF file.
pub fn gguf(data: &[u8]) -> bool {
    in_folder(&[("model.gguf", data)], |folder| open(&folder.join("model.gguf")))
}

/// A recording in JSONL.
pub fn recording_jsonl(data: &[u8]) -> bool {
    in_folder(&[("recording.jsonl", data)], |folder| open(&folder.join("recording.jsonl")))
}

/// A recording in Parquet.
pub fn recording_parquet(data: &[u8]) -> bool {
    in_folder(&[("recording.parquet", data)], |folder| open(&folder.join("recording.parquet")))
}

/// What a server answers, whatever it is asked.
pub fn answer(data: &[u8]) -> bool {
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return false };
    let Ok(address) = listener.local_addr() else { return false };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for stream in listener.incoming().take_while(|_| !done.load(Ordering::Relaxed)) {
                let _ = stream.and_then(|stream| respond(stream, data));
            }
        });
        let mut options = model::Options::default();
        options.server.retries = 0;
        options.server.timeout = Duration::from_secs(5);
        let sense = model::open(&format!("http://{address}"), &options).is_ok_and(|model| ask(model.as_ref()));
        done.store(true, Ordering::Relaxed);
        // One last connection lets the listener see that.
        let _ = TcpStream::connect(address);
        sense
    })
}

/// Reads one request and answers it with `body`.
fn respond(stream: TcpStream, body: &[u8]) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some((_, value)) = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
    let stream = reader.get_mut();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length:";
    write!(stream, "{head} {}\r\n\r\n", body.len())?;
    stream.write_all(body)
}

/// A training spec.
pub fn spec(data: &[u8]) -> bool {
    in_folder(&[("spec.toml", data)], |folder| lab::Spec::read(&folder.join("spec.toml")).is_ok())
}

/// A request and its reply as they pass the gateway, with a NUL byte between them. The first byte chooses how it was asked, whether
/// the reply streams, and where it is cut, which must make no difference.
pub fn gateway(data: &[u8]) -> bool {
    let Some((&first, rest)) = data.split_first() else { return false };
    let dialects = [Dialect::Completions, Dialect::Chat, Dialect::Infill, Dialect::Generate, Dialect::Responses];
    let dialect = dialects[usize::from(first) % dialects.len()];
    let (streamed, size) = (first & 64 != 0, usize::from(first % 16) + 1);
    let middle = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
    let (request, reply) = (&rest[..middle], rest.get(middle + 1..).unwrap_or_default());
    let pieces: Vec<&[u8]> = reply.chunks(size).collect();
    let whole = watch::gateway::completions(dialect, request, streamed, &[reply]);
    assert_eq!(watch::gateway::completions(dialect, request, streamed, &pieces), whole);
    !whole.0.is_empty() && whole.1
}

/// A data set in lines of JSON.
pub fn documents_jsonl(data: &[u8]) -> bool {
    documents("data.jsonl", data)
}

/// A data set in Parquet.
pub fn documents_parquet(data: &[u8]) -> bool {
    documents("data.parquet", data)
}

/// A packed data set: the first byte chooses how.
pub fn documents_packed(data: &[u8]) -> bool {
    let Some((&first, data)) = data.split_first() else { return false };
    documents(["data.jsonl.zst", "data.jsonl.gz"][usize::from(first % 2)], data)
}

/// Reads a data set of one file; whether it held a document, and nothing that could not be read.
fn documents(name: &str, data: &[u8]) -> bool {
    in_folder(&[(name, data)], |folder| {
        let location = folder.join(name);
        let Ok(dataset) = dataset::Dataset::open(&location.display().to_string()) else { return false };
        let limits = dataset::Limits { document: 1 << 20, line: 1 << 20, ratio: 300, unpacked: 1 << 20 };
        let (mut documents, mut problems) = (0, dataset.problems().len());
        for part in dataset.parts() {
            part.read(&limits, &mut |_| documents += 1, &mut |_| problems += 1);
        }
        documents > 0 && problems == 0
    })
}

/// Source code as tokens, and its fingerprints: the first byte chooses the language.
pub fn tokens(data: &[u8]) -> bool {
    use dataset::fingerprint::{Lexer, Shape, Tokens, fingerprints, word_fingerprints};
    let Some((&first, text)) = data.split_first() else { return false };
    let mut tokens = Tokens::default();
    Lexer::new(Some(Language::ALL[usize::from(first) % Language::ALL.len()])).read(text, &mut tokens);
    let shape = Shape { run: 5, window: 4 };
    let found = fingerprints(&tokens, shape);
    assert!(found.iter().all(|it| it.span(&tokens, shape).end <= text.len()));
    !found.is_empty() || !word_fingerprints(text, shape).is_empty()
}

/// A log to import: text where the first byte is even, Parquet where it is odd. One database for all, since logs come one after the other.
pub fn log(data: &[u8]) -> bool {
    static INTAKE: LazyLock<Mutex<Option<(tempfile::TempDir, Intake)>>> = LazyLock::new(|| {
        let opened = tempfile::tempdir().ok().and_then(|folder| {
            let settings =
                Settings { detection: Detection::standard().ok()?, prompts: Prompts::Kept, reference: false };
            let intake = Intake::open(&Database::File(folder.path().join("watch.db")), settings).ok()?;
            Some((folder, intake))
        });
        Mutex::new(opened)
    });
    let Some((&first, log)) = data.split_first() else { return false };
    let name = if first % 2 == 0 { "log.jsonl" } else { "log.parquet" };
    in_folder(&[(name, log)], |folder| {
        // A panic while it was held was reported where it happened.
        let mut intake = INTAKE.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, intake)) = intake.as_mut() else { return false };
        let imported = watch::import(intake, &folder.join(name), Timestamp::UNIX_EPOCH, &mut |_| {});
        imported.is_ok_and(|imported| imported.accepted.new + imported.accepted.known > 0)
    })
}

const CONFIG: &[u8] = include_bytes!("../seeds/config/llama.json");
const SAFETENSORS: &[u8] = include_bytes!("../seeds/safetensors/llama.safetensors");
const TOKENIZER: &[u8] = include_bytes!("tokenizer.json");

fn hugging_face(config: &[u8], weights: &[u8]) -> bool {
    in_folder(&[("config.json", config), ("model.safetensors", weights), ("tokenizer.json", TOKENIZER)], open)
}

/// Opens a model; one that opens must also answer.
fn open(path: &Path) -> bool {
    model::open(&path.display().to_string(), &model::Options::default()).is_ok_and(|model| ask(model.as_ref()))
}

fn ask(model: &dyn Model) -> bool {
    let query = Query { prompt: "import".into(), healed: " y".into(), suffix: None, samples: 1, seed: 1 };
    let sampling = Sampling { max_tokens: 4, temperature: 1.0, top_p: 0.9, stop: vec!["\n".into()] };
    model.complete(&[query], &sampling, &mut |_| ControlFlow::Continue(())).is_ok()
}

/// What `use_it` makes of a new folder with the given files.
fn in_folder(files: &[(&str, &[u8])], use_it: impl FnOnce(&Path) -> bool) -> bool {
    let Ok(folder) = tempfile::tempdir() else { return false };
    files.iter().all(|(name, data)| fs::write(folder.path().join(name), data).is_ok()) && use_it(folder.path())
}

/// A signed note, its checkpoint, and a policy of witnesses.
pub fn note(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let policy = ledger::policy::Policy::parse(text);
    let Ok(note) = ledger::note::Note::parse(text) else { return policy.is_ok() };
    assert_eq!(ledger::note::Note::parse(&note.to_string()).as_ref(), Ok(&note));
    ledger::checkpoint::Checkpoint::parse(&note.text).is_ok()
}

/// A proof that stands for itself.
pub fn proof(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(proof) = ledger::Proof::parse(text) else { return false };
    assert_eq!(ledger::Proof::parse(&proof.to_string()).as_ref(), Ok(&proof));
    true
}

/// The path of a tile, then a line's end, then the tile or the bundle.
pub fn tile(data: &[u8]) -> bool {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return false };
    let path = std::str::from_utf8(&data[..end]).unwrap_or_default();
    let Some(tile) = ledger::tile::Tile::parse(path) else { return false };
    match tile.level {
        None => ledger::tile::entries(&tile, &data[end + 1..]).is_some(),
        Some(_) => ledger::tile::hashes(&tile, &data[end + 1..]).is_some(),
    }
}

/// A file or a block of a trace's postings.
pub fn index(data: &[u8]) -> bool {
    ledger::index::read_hostile(data)
}

/// The canonical bytes of a record, which are the only ones that it has.
pub fn record(data: &[u8]) -> bool {
    let Ok(record) = ledger::Record::decode(data) else { return false };
    assert_eq!(record.encode().as_deref(), Ok(data));
    true
}

/// A DSSE envelope, believed from whoever it says that it is from.
pub fn statement(data: &[u8]) -> bool {
    let keys = std::str::from_utf8(data).ok().and_then(|text| sign::dsse::claimed(text).ok()).unwrap_or_default();
    ledger::statement::Statement::open(data, &keys).is_ok()
}

/// A model's signature, and what one says when somebody has signed it.
pub fn model_signature(data: &[u8]) -> bool {
    let key = sign::ec::PublicKey::from_pem(MODEL_KEY);
    let opened = |bundle: ledger::Bundle| key.is_some_and(|key| bundle.open(&key).is_ok());
    ledger::Bundle::parse(data).is_ok_and(opened) || ledger::Manifest::parse(data).is_ok()
}

/// The key of the seeds of `model_signature`.
const MODEL_KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjhuTlHyXe/EnyOBnW2mu3F0EKvqb\noEIKOdMJ0aKgDVaN+0Yww9lpYszGu9wIrH9YdmjUHI9TjKcr0EoOD269JQ==\n-----END PUBLIC KEY-----\n";

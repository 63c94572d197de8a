//! Reading while a reply waits: on threads of its own, for a bounded time, and without bringing anything down.

use super::asked::Asked;
use super::passage::{Passage, passages};
use super::policy::Armed;
use super::reading::{self, Finding};
use super::reply::Written;
use super::sse::Form;
use super::writing::Job;
use super::{Count, Dialect, Gateway, OnFailure};
use bytes::Bytes;
use code::{Choice, Engine, Language};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Longest time that a reply waits to be read: thirty times what a large completion takes.
const PATIENCE: Duration = Duration::from_secs(3);

/// What reading came to.
#[derive(Debug, Default)]
pub struct Judgement {
    /// The decisions that were made.
    pub findings: Vec<Finding>,
    /// Whether some of it could not be read.
    pub failed: bool,
}

impl Judgement {
    /// Why it is held back, if it is: a choice that is denied, or a failure where those are.
    pub fn denial(&self, armed: &Armed, gateway: &Gateway) -> Option<String> {
        let denied = self.findings.iter().find_map(|finding| Some((finding, armed.denies(finding)?)));
        if let Some((finding, why)) = denied {
            return Some(format!(
                "This completion was held back: on line {} it makes the insecure choice of `{}` ({}), and {why}. Write this \
                 part yourself, or ask the operator of the gateway.",
                finding.line, finding.decision, finding.cwe
            ));
        }
        if !self.failed {
            return None;
        }
        gateway.counters.add(Count::Failed);
        let held = gateway.options.on_failure == OnFailure::Block;
        held.then(|| {
            "This completion was held back: it could not be analysed, and this gateway lets nothing through unread. Ask for \
             a shorter one, or ask its operator."
                .to_owned()
        })
    }

    /// Takes what another reading came to.
    pub fn add(&mut self, other: Judgement) {
        self.findings.extend(other.findings);
        self.failed |= other.failed;
    }

    fn insecure(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.choice == Choice::Insecure).take(MOST_SHOWN)
    }

    /// The insecure choices, as the header `taster-findings` says them.
    pub fn header(&self) -> String {
        let mut parts: Vec<String> = self
            .insecure()
            .map(|it| format!("{};cwe={};language={};line={}", it.decision, it.cwe, it.language, it.line))
            .collect();
        if self.failed {
            parts.push("not-analysed".to_owned());
        }
        if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
    }

    /// The insecure choices, as a stream's last event says them: a chunk that adds nothing, which clients pass over.
    pub fn event(&self, form: Form) -> String {
        let findings: Vec<Value> = self.insecure().map(|finding| json!(finding)).collect();
        let kind = "taster.findings";
        match form {
            Form::Sse => {
                let data = json!({
                    "object": kind, "type": kind, "choices": [], "findings": findings, "not_analysed": self.failed
                });
                format!("event: taster-findings\ndata: {data}\n\n")
            }
            Form::Lines => {
                let nothing = json!({ "role": "assistant", "content": "" });
                let data = json!({
                    "object": kind, "response": "", "message": nothing, "done": false, "findings": findings,
                    "not_analysed": self.failed
                });
                format!("{data}\n")
            }
        }
    }
}

/// Most findings that are written to a reply.
const MOST_SHOWN: usize = 32;

/// Reads a request. Large ones take their time, so this is work too.
pub async fn asked(dialect: Dialect, request: Bytes) -> Asked {
    // What took too long asks for talk, of which only code in fences is read.
    in_time(move || Asked::read(dialect, &request)).await.unwrap_or(Asked { talk: true, ..Asked::default() })
}

/// Reads what a [`Writing`](super::writing::Writing) asks for.
pub async fn read(jobs: Vec<Job>) -> Judgement {
    let work = move || {
        jobs.into_iter().fold(Judgement::default(), |mut judgement, Job { language, before, code }| {
            judgement.add(one(language, &Passage { language: Some(language), before: &before, code: code.into() }));
            judgement
        })
    };
    in_time(work).await.unwrap_or(Judgement { failed: true, ..Judgement::default() })
}

/// Reads all that one choice wrote.
pub async fn read_choice(asked: Arc<Asked>, choice: usize, written: Written, usual: Option<Language>) -> Judgement {
    let work = move || {
        let mut judgement = Judgement::default();
        for passage in passages(&asked, choice, &written, usual) {
            languages(passage.language).for_each(|language| judgement.add(one(language, &passage)));
        }
        judgement
    };
    in_time(work).await.unwrap_or(Judgement { failed: true, ..Judgement::default() })
}

fn one(language: Language, passage: &Passage) -> Judgement {
    let (findings, not_analysed) = reading::read(Engine::builtin(), language, passage);
    Judgement { findings, failed: not_analysed.is_some() }
}

/// What code is read as that waits to be judged: its language, or every one where nothing tells it. Rules look at little of
/// what is not theirs.
pub fn languages(told: Option<Language>) -> impl Iterator<Item = Language> {
    Language::ALL.into_iter().filter(move |language| told.is_none_or(|told| told == *language))
}

/// Has the rules of every language compiled.
pub fn warm() {
    for language in Language::ALL {
        Engine::builtin().read(language, "x\n");
    }
}

/// Works on a thread for work; [`None`] where that takes too long or breaks down.
async fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(work)).await.ok()?.ok()
}

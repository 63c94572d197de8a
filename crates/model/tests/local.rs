//! What local weights compute: against an independent computation, and whatever they are batched with.
#![allow(clippy::unwrap_used)]

mod support;

use candle_core::quantized::GgmlDType;
use model::{Completion, Finish, Model, Options, Query, Sampling};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use support::Weights;

const ARCHITECTURES: [&str; 4] = ["llama", "qwen2", "qwen3", "starcoder2"];

fn open(path: &Path) -> Box<dyn Model> {
    model::open(path.to_str().unwrap(), &Options::default()).unwrap()
}

fn tiny(architecture: &str) -> (tempfile::TempDir, Weights, Box<dyn Model>) {
    let folder = tempfile::tempdir().unwrap();
    let weights = support::weights(architecture, architecture == "llama");
    support::write(folder.path(), architecture, &weights);
    let model = open(folder.path());
    (folder, weights, model)
}

fn query(prompt: &str, samples: usize) -> Query {
    Query { prompt: prompt.into(), healed: String::new(), suffix: None, samples, seed: 11 }
}

fn sampling(max_tokens: usize) -> Sampling {
    Sampling { max_tokens, temperature: 1.0, top_p: 1.0, stop: Vec::new() }
}

fn complete(model: &dyn Model, queries: &[Query], sampling: &Sampling) -> BTreeMap<(usize, usize), Completion> {
    let mut completions = BTreeMap::new();
    let mut sink = |completion: Completion| {
        assert!(completions.insert((completion.query, completion.sample), completion).is_none());
        ControlFlow::Continue(())
    };
    model.complete(queries, sampling, &mut sink).unwrap();
    completions
}

/// Prompts of many lengths, some with a common beginning that ends inside a block of sixteen positions.
fn prompts() -> Vec<String> {
    let long = "def load(path):\n    with open(path) as f:\n";
    let mut prompts: Vec<String> = (0..long.len()).step_by(5).map(|end| long[..end].to_string()).collect();
    prompts.extend(["def save(x)", "x", "def load(path): return 1"].map(String::from));
    prompts
}

#[test]
fn every_architecture_agrees_with_a_plain_computation() {
    for architecture in ARCHITECTURES {
        let (_folder, weights, model) = tiny(architecture);
        let pairs: Vec<(String, String)> =
            prompts().into_iter().map(|prompt| (prompt, "    return yaml".to_string())).collect();
        for ((prompt, continuation), scored) in pairs.iter().zip(model.score(&pairs).unwrap()) {
            // With one token a byte the tokens are the text's bytes; the empty prompt begins with the end of text.
            let start = if prompt.is_empty() { vec![256] } else { Vec::new() };
            let tokens: Vec<u32> =
                start.into_iter().chain(format!("{prompt}{continuation}").bytes().map(u32::from)).collect();
            let expected = support::log_probabilities(&weights, &tokens);
            assert_eq!(scored.len(), continuation.len());
            let first = tokens.len() - continuation.len();
            for (offset, token) in scored.iter().enumerate() {
                let expected = f64::from(expected[first + offset - 1][tokens[first + offset] as usize]);
                assert!((token.logprob - expected).abs() < 2e-3, "{architecture}: {} {expected}", token.logprob);
            }
        }
    }
}

#[test]
fn gguf_agrees_with_the_folder_it_was_made_of() {
    let (folder, _, model) = tiny("llama");
    let pairs: Vec<(String, String)> = prompts().into_iter().map(|prompt| (prompt, " return 1".to_string())).collect();
    let expected = model.score(&pairs).unwrap();
    for (kind, tolerance) in
        [(GgmlDType::F32, 1e-4), (GgmlDType::F16, 0.02), (GgmlDType::BF16, 0.2), (GgmlDType::Q8_0, 0.3)]
    {
        let path = folder.path().join("model.gguf");
        support::write_gguf(&path, kind);
        for (ours, expected) in open(&path).score(&pairs).unwrap().iter().flatten().zip(expected.iter().flatten()) {
            assert_eq!(ours.text, expected.text);
            assert!(
                (ours.logprob - expected.logprob).abs() < tolerance,
                "{kind:?} {} {}",
                ours.logprob,
                expected.logprob
            );
        }
    }
}

#[test]
fn greedy_completion_takes_the_likeliest_token_of_the_plain_computation() {
    for architecture in ARCHITECTURES {
        let (_folder, weights, model) = tiny(architecture);
        let greedy = Sampling { temperature: 0.0, ..sampling(12) };
        let written = complete(&*model, &[query("import os", 1)], &greedy);
        let (mut tokens, mut expected): (Vec<u32>, Vec<u8>) =
            ("import os".bytes().map(u32::from).collect(), Vec::new());
        for _ in 0..12 {
            let last = support::log_probabilities(&weights, &tokens).pop().unwrap();
            let next = (0..last.len()).max_by(|&a, &b| last[a].total_cmp(&last[b])).unwrap() as u32;
            if next == 256 {
                break;
            }
            tokens.push(next);
            expected.push(next as u8);
        }
        assert_eq!(written[&(0, 0)].text, String::from_utf8_lossy(&expected));
    }
}

#[test]
fn a_completion_is_the_same_whatever_it_is_batched_with() {
    let (_folder, _, model) = tiny("llama");
    let queries: Vec<Query> = prompts().iter().map(|prompt| query(prompt, 20)).collect();
    let together = complete(&*model, &queries, &sampling(24));
    assert_eq!(together.len(), queries.len() * 20);
    for (index, query) in queries.iter().enumerate() {
        let alone = complete(&*model, std::slice::from_ref(query), &sampling(24));
        for sample in 0..20 {
            assert_eq!(alone[&(0, sample)].text, together[&(index, sample)].text);
        }
    }
}

#[test]
fn seeds_and_samples_draw_different_streams() {
    let (_folder, _, model) = tiny("llama");
    let other = Query { seed: 12, ..query("x = ", 1) };
    let completions = complete(&*model, &[query("x = ", 2), other], &sampling(30));
    let texts: Vec<&String> = completions.values().map(|completion| &completion.text).collect();
    assert!(texts[0] != texts[1] && texts[0] != texts[2]);
}

#[test]
fn samples_follow_the_models_probabilities() {
    let (_folder, weights, model) = tiny("qwen3");
    let drawn = complete(&*model, &[query("import ", 20_000)], &sampling(1));
    let logprobs = support::log_probabilities(&weights, &"import ".bytes().map(u32::from).collect::<Vec<_>>());
    for byte in 32..127u8 {
        let expected = f64::from(logprobs.last().unwrap()[byte as usize].exp());
        let text = char::from(byte).to_string();
        let seen = drawn.values().filter(|completion| completion.text == text).count() as f64 / 20_000.0;
        // Five standard errors, and one draw for the rarest.
        let tolerance = 5.0 * (expected / 20_000.0).sqrt() + 1.0 / 20_000.0;
        assert!((seen - expected).abs() <= tolerance, "{text:?}: {seen} {expected}");
    }
}

#[test]
fn the_nucleus_holds_only_the_likeliest_tokens() {
    let (_folder, weights, model) = tiny("llama");
    let drawn = complete(&*model, &[query("import ", 3000)], &Sampling { top_p: 0.5, ..sampling(1) });
    let logprobs = support::log_probabilities(&weights, &"import ".bytes().map(u32::from).collect::<Vec<_>>());
    let mut ranked: Vec<(f32, usize)> =
        logprobs.last().unwrap().iter().enumerate().map(|(id, p)| (p.exp(), id)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut sum = 0.0;
    let size = ranked
        .iter()
        .position(|(p, _)| {
            sum += p;
            sum >= 0.5
        })
        .unwrap()
        + 1;
    let inside: Vec<usize> = ranked[..size].iter().map(|&(_, id)| id).collect();
    for completion in
        drawn.values().filter(|completion| completion.text.is_ascii() && completion.finish == Finish::Length)
    {
        assert!(inside.contains(&usize::from(completion.text.as_bytes()[0])));
    }
}

#[test]
fn a_completion_begins_with_the_healed_text_and_ends_before_a_stop_text() {
    let (_folder, _, model) = tiny("llama");
    let healed = Query { healed: "\n    data = yaml.".into(), ..query("def f():", 8) };
    for completion in complete(&*model, &[healed], &sampling(40)).values() {
        assert!(completion.text.starts_with("\n    data = yaml."), "{:?}", completion.text);
    }
    let free = complete(&*model, &[query("def f():", 8)], &sampling(40));
    // A pair of ASCII characters, so that it reads the same in the bytes and in the repaired text.
    let written: Vec<char> = free[&(0, 0)].text.chars().collect();
    let stop: String = written.windows(2).find(|pair| pair.iter().all(char::is_ascii)).unwrap().iter().collect();
    let stopped = complete(&*model, &[query("def f():", 8)], &Sampling { stop: vec![stop.clone()], ..sampling(40) });
    for (key, completion) in &stopped {
        assert!(!completion.text.contains(&stop));
        assert!(free[key].text.starts_with(&completion.text));
    }
    assert_eq!(stopped[&(0, 0)].finish, Finish::Stop);
}

#[test]
fn a_prompt_longer_than_the_context_is_cut_at_a_line_start() {
    let (_folder, _, model) = tiny("llama");
    let lines: String = (10..60).map(|line| format!("x{line} = 1\n")).collect();
    let tail = &lines[lines.len() - 56..];
    let greedy = Sampling { temperature: 0.0, ..sampling(40) };
    let completions = complete(&*model, &[query(&lines, 1), query(tail.split_once('\n').unwrap().1, 1)], &greedy);
    assert_eq!(completions[&(0, 0)].text, completions[&(1, 0)].text);
}

#[test]
fn the_context_ends_a_completion() {
    let (_folder, _, model) = tiny("llama");
    for completion in complete(&*model, &[query("x = 1", 4)], &sampling(1000)).values() {
        assert!(completion.tokens + 5 <= support::CONTEXT);
    }
}

#[test]
fn break_stops_the_work_and_is_no_error() {
    let (_folder, _, model) = tiny("llama");
    let mut seen = 0;
    let mut sink = |_| {
        seen += 1;
        if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    model.complete(&[query("x", 500)], &sampling(30), &mut sink).unwrap();
    assert_eq!(seen, 3);
}

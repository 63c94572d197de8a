//! Prints how many tokens a second a model writes: `cargo run --release -p model --example throughput -- MODEL`.

use model::{Completion, Options, Query, Sampling};
use std::ops::ControlFlow;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[allow(clippy::print_stdout)]
fn main() -> Result<(), model::Error> {
    let spec = std::env::args().nth(1).unwrap_or_default();
    let started = Instant::now();
    let model = model::open(&spec, &Options::default())?;
    println!("opened in {:.2} s: {:?}", started.elapsed().as_secs_f64(), model.card());
    let query = |prompt: String, samples| Query { prompt, healed: String::new(), suffix: None, samples, seed: 1 };
    let sampling = |max_tokens| Sampling { max_tokens, temperature: 1.0, top_p: 1.0, stop: Vec::new() };
    let free = vec![query(String::new(), 256)];
    let body = "import os\nimport yaml\n\n\ndef load(path):\n    \"\"\"Read the settings of a service.\"\"\"\n    \
        base = os.path.dirname(path)\n    print(base)\n    with open(path) as handle:\n        text = handle.read()\n";
    let prompted: Vec<Query> = (0..256).map(|i| query(format!("# Project number {i}\n{body}"), 4)).collect();
    for (name, queries, tokens) in
        [("256 free samples x 256 tokens", free, 256), ("256 prompts x 4 x 32 tokens", prompted, 32)]
    {
        let (started, mut written) = (Instant::now(), 0);
        let busy = cpu_seconds();
        let mut shown = None;
        model.complete(&queries, &sampling(tokens), &mut |completion: Completion| {
            written += completion.tokens;
            shown.get_or_insert(completion.text);
            ControlFlow::Continue(())
        })?;
        let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - busy);
        println!(
            "{name}: {written} tokens, {:.0} a second, {:.0} a CPU second",
            written as f64 / wall,
            written as f64 / cpu
        );
        println!("{}", shown.unwrap_or_default().escape_debug());
    }
    Ok(())
}

/// CPU time of this process so far, where the system tells (Linux: two fields of `/proc/self/stat`, in hundredths).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

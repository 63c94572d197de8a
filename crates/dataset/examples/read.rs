//! Reads a data set on one core and prints what it holds and how fast that went: `cargo run --release --example read -- LOCATION`.
//! With `lex` before the location the documents are lexed and fingerprinted too.
#![allow(clippy::print_stdout)]

use dataset::fingerprint::{Lexer, Shape, Tokens, fingerprints};
use dataset::{Dataset, DatasetError, Limits};
use std::time::Instant;

fn main() -> Result<(), DatasetError> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let lex = arguments.first().is_some_and(|it| it == "lex");
    let location = arguments.pop().unwrap_or_else(|| ".".to_owned());
    let start = Instant::now();
    let dataset = Dataset::open(&location)?;
    for problem in dataset.problems() {
        println!("problem {problem}");
    }
    let opened = start.elapsed();
    let (mut documents, mut bytes, mut marks) = (0, 0, 0);
    let mut tokens = Tokens::default();
    let lexers: Vec<Lexer> =
        code::Language::ALL.iter().map(|it| Lexer::new(Some(*it))).chain([Lexer::new(None)]).collect();
    for part in dataset.parts() {
        let read = part.read(
            &Limits::default(),
            &mut |document| {
                if lex {
                    let at = document.language.and_then(|it| code::Language::ALL.iter().position(|other| *other == it));
                    lexers[at.unwrap_or(lexers.len() - 1)].read(document.bytes, &mut tokens);
                    marks += fingerprints(&tokens, Shape::TRACE).len();
                }
            },
            &mut |problem| println!("problem {problem}"),
        );
        documents += read.documents;
        bytes += read.bytes;
    }
    let seconds = start.elapsed().as_secs_f64();
    let packed = dataset.bytes() as f64 / 1e6 / seconds;
    println!("{} parts, {documents} documents, {bytes} bytes of text, {marks} fingerprints", dataset.parts().len());
    println!(
        "{seconds:.3} s, {opened:?} of it to open; {:.1} MB/s of text, {packed:.1} MB/s as it lies",
        bytes as f64 / 1e6 / seconds
    );
    Ok(())
}

//! What fingerprints hold on to, and what they let go.
#![allow(clippy::unwrap_used)]

use code::Language;
use dataset::fingerprint::{Lexer, Shape, Signature, Tokens, fingerprints, word_fingerprints};
use rand::{Rng, RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::collections::HashSet;

fn tokens(language: Language, text: &str) -> Tokens {
    let mut tokens = Tokens::default();
    Lexer::new(Some(language)).read(text.as_bytes(), &mut tokens);
    tokens
}

fn hashes(language: Language, text: &str, shape: Shape) -> Vec<u64> {
    fingerprints(&tokens(language, text), shape).iter().map(|it| it.hash).collect()
}

/// What a random program is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Name,
    Number,
    Text,
    Fixed(&'static str),
}

fn program(rng: &mut impl Rng, length: usize) -> Vec<Piece> {
    const FIXED: [&str; 16] =
        ["(", ")", "{", "}", "=", "+", ".", "if", "return", "for", "while", "[", "]", "<", ":", "*"];
    let piece = |rng: &mut dyn Rng| match rng.random_range(0..10) {
        0..4 => Piece::Name,
        4 => Piece::Number,
        5 => Piece::Text,
        _ => Piece::Fixed(FIXED.choose(rng).unwrap()),
    };
    let mut pieces: Vec<Piece> = Vec::new();
    while pieces.len() < length {
        let next = piece(rng);
        // Strings beside each other are one.
        if !(next == Piece::Text && pieces.last() == Some(&Piece::Text)) {
            pieces.push(next);
        }
    }
    pieces
}

/// Writes a program with names, literals, layout and comments of its own.
fn written(pieces: &[Piece], comment: [&str; 2], rng: &mut impl Rng) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Name => text.push_str(&format!("v{}_é", rng.random_range(0..1000))),
            Piece::Number => text.push_str(["1", "0xFF", "2.5e-3", "1_000"].choose(rng).unwrap()),
            Piece::Text => text.push_str(["\"a b\"", "\"\"", "\"it's \\\" # // so\""].choose(rng).unwrap()),
            Piece::Fixed(fixed) => text.push_str(fixed),
        }
        match rng.random_range(0..6) {
            0 => text.push_str(&format!(" {} if (x) return \"{}\n", comment[0], comment[1])),
            1 => text.push_str("\n\t  "),
            _ => text.push(' '),
        }
    }
    text
}

const LANGUAGES: [(Language, [&str; 2]); 6] = [
    (Language::Python, ["#", ""]),
    (Language::JavaScript, ["//", ""]),
    (Language::Java, ["/*", "*/"]),
    (Language::Go, ["//", ""]),
    (Language::Rust, ["//", ""]),
    (Language::Cpp, ["/*", "*/"]),
];

#[test]
fn new_names_literals_comments_and_layout_change_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (language, comment) in LANGUAGES {
        for length in [30, 60, 400] {
            let pieces = program(&mut rng, length);
            let (one, other) = (written(&pieces, comment, &mut rng), written(&pieces, comment, &mut rng));
            assert_eq!(
                tokens(language, &one).classes,
                tokens(language, &other).classes,
                "{language}\n{one}\n---\n{other}"
            );
            let found = hashes(language, &one, Shape::TRACE);
            assert!(!found.is_empty() && found == hashes(language, &other, Shape::TRACE));
        }
    }
}

#[test]
fn every_shared_run_of_the_guaranteed_length_is_found_and_other_programs_share_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for shape in [Shape::TRACE, Shape { run: 8, window: 5 }] {
        for _ in 0..200 {
            let shared = program(&mut rng, shape.guaranteed());
            let around = |rng: &mut ChaCha8Rng| {
                let length = rng.random_range(0..200);
                program(rng, length)
            };
            let make = |rng: &mut ChaCha8Rng| {
                // A name at each end keeps strings apart.
                let whole = [&around(rng)[..], &[Piece::Name], &shared, &[Piece::Name], &around(rng)].concat();
                hashes(Language::Python, &written(&whole, ["#", ""], rng), shape).into_iter().collect::<HashSet<u64>>()
            };
            let (one, other) = (make(&mut rng), make(&mut rng));
            assert!(!one.is_disjoint(&other));
        }
    }
    let one: HashSet<u64> =
        hashes(Language::Python, &written(&program(&mut rng, 5000), ["#", ""], &mut rng), Shape::TRACE)
            .into_iter()
            .collect();
    let other = hashes(Language::Python, &written(&program(&mut rng, 5000), ["#", ""], &mut rng), Shape::TRACE);
    assert!(other.iter().all(|hash| !one.contains(hash)));
}

#[test]
fn another_keyword_operator_or_order_is_another_program() {
    let shape = Shape { run: 5, window: 1 };
    let of = |text| hashes(Language::Python, text, shape);
    let base = of("if a == b: return c");
    for other in ["if a != b: return c", "while a == b: return c", "if a == b: yield c", "if a == b: return 1"] {
        assert_ne!(of(other), base, "{other}");
    }
    assert_eq!(of("if x == y: return z"), base);
}

#[test]
fn formatters_change_nothing() {
    let same = |language, one: &str, other: &str| {
        assert_eq!(tokens(language, one).classes, tokens(language, other).classes, "{one}\n{other}");
    };
    same(Language::Python, "f(a, b)", "f(\n    a,\n    b,\n)");
    same(Language::Python, "x = 'a' 'b'", "x = (\"ab\")".replace(['(', ')'], "").as_str());
    same(Language::JavaScript, "let a = f('x')\nreturn a", "let a = f(\"x\");\nreturn a;");
    same(
        Language::Rust,
        "let x: &'a str = r#\"a\"b\"#; f('\\'', 'é', b'x')",
        "let y: &'b str = \"c\" ; f('a','b',b\"c\")",
    );
    same(Language::JavaScript, "x = /['\"/]+/g.test(y) / 2", "x = /a/.test(z)/3");
    same(Language::Cpp, "s = R\"x(\" // )x\";", "s = u8\"a\";");
}

#[test]
fn comments_and_documentation_stand_apart() {
    let text = "# first\ndef f():\n    '''Some\n    words.'''\n    return 'short'  # last";
    let tokens = tokens(Language::Python, text);
    let prose: Vec<&str> = tokens.prose.iter().map(|range| &text[range.start as usize..range.end as usize]).collect();
    assert_eq!(prose, ["# first", "'''Some\n    words.'''", "# last"]);
    let shape = Shape { run: 3, window: 2 };
    let words = |text: &str| word_fingerprints(text.as_bytes(), shape).iter().map(|it| it.hash).collect::<Vec<_>>();
    assert_eq!(words("# Render the page, safely"), words("render  THE page\n# safely"));
    assert_ne!(words("render the page safely"), words("render a page safely"));
}

#[test]
fn a_fingerprint_says_where_it_lies() {
    let text = format!("{}needle(a)[b] = c + 1\n", "x = 1\n".repeat(50));
    let tokens = tokens(Language::Python, &text);
    let shape = Shape { run: 6, window: 4 };
    for fingerprint in fingerprints(&tokens, shape) {
        let span = fingerprint.span(&tokens, shape);
        let alone = hashes(Language::Python, &text[span], shape);
        assert_eq!(alone, [fingerprint.hash]);
    }
}

#[test]
fn any_bytes_are_lexed_to_their_end() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let alphabet = b"\"'`/*#\\@rRb(){}[];,.0xe+-\n \xff\xc3\xa9aZ_$<";
    let mut tokens = Tokens::default();
    for language in Language::ALL.into_iter().map(Some).chain([None]) {
        let lexer = Lexer::new(language);
        for _ in 0..2000 {
            let length = rng.random_range(0..60);
            let text: Vec<u8> = (0..length).map(|_| *alphabet.choose(&mut rng).unwrap()).collect();
            lexer.read(&text, &mut tokens);
            assert_eq!(tokens.classes.len(), tokens.starts.len());
            assert!(tokens.starts.is_sorted() && tokens.starts.last().is_none_or(|&last| (last as usize) < text.len()));
            assert!(tokens.prose.iter().all(|range| range.start < range.end && range.end as usize <= text.len()));
        }
    }
}

#[test]
fn a_signature_estimates_similarity_without_bias() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    // Few hashes for many bins: most are empty and filled.
    for size in [40u64, 1000] {
        for shared in [0.2, 0.5, 0.8] {
            let (mut sum, rounds) = (0.0, 300);
            for _ in 0..rounds {
                let base = rng.random_range(0..u64::MAX / 2);
                let both = (size as f64 * shared) as u64;
                let own = size - both;
                let one = Signature::of(base..base + size, 128).unwrap();
                let other = Signature::of(base + own..base + own + size, 128).unwrap();
                sum += one.similarity(&other) - both as f64 / (size + own) as f64;
            }
            // The estimate of one pair has a standard deviation below 0.1.
            assert!((sum / f64::from(rounds)).abs() < 0.02, "{size} {shared}: {}", sum / f64::from(rounds));
        }
    }
    assert_eq!(Signature::of([], 16), None);
}

#[test]
fn alike_sets_share_a_band_and_others_do_not() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (mut alike, mut apart) = (0, 0);
    for _ in 0..200 {
        let base = rng.random_range(0..u64::MAX / 2);
        let bands = |from: u64| Signature::of(from..from + 200, 120).unwrap().bands(6).collect::<HashSet<u64>>();
        let one = bands(base);
        alike += usize::from(!one.is_disjoint(&bands(base + 10)));
        apart += usize::from(!one.is_disjoint(&bands(base + 160)));
    }
    // Similarity 0.9 meets in 20 bands of 6 with probability 0.9999, 0.11 with 0.00004.
    assert!(alike >= 198 && apart <= 2, "{alike} {apart}");
}

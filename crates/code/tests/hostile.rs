//! Texts made to break their reader: each is refused or read, none is passed off as clean, and none ends the process.
#![allow(clippy::unwrap_used)]

use code::{Analysis, Engine, Language, NotAnalysed};

const FOUND: &str = "yaml.load(f, Loader=yaml.Loader)\n";

fn read(language: Language, text: &str) -> Analysis {
    Engine::builtin().read(language, text)
}

#[test]
fn nesting_of_every_kind_a_hundred_thousand_deep_is_refused_or_read() {
    const DEPTH: usize = 100_000;
    let nests = [
        "(", "[", "{", "if x:\n ", "a.", "-", "not ", "f(", "lambda: ", "x + ", "<", "{\"a\":", "\"", "'''", "`${",
        "//", "/*",
    ];
    for language in Language::ALL {
        for nest in nests {
            let analysis = read(language, &format!("{}yaml.load(open(eval(exec(", nest.repeat(DEPTH)));
            if let Some(reason) = analysis.not_analysed {
                assert!(
                    matches!(reason, NotAnalysed::TooDeep { .. } | NotAnalysed::TooSlow { .. }),
                    "{language} {nest}: {reason}"
                );
            }
        }
    }
}

#[test]
fn deep_nesting_is_reported_and_what_stands_above_it_is_found() {
    let text = format!("{FOUND}x = {}{}\n", "(".repeat(50_000), ")".repeat(50_000));
    let analysis = read(Language::Python, &text);
    assert!(matches!(analysis.not_analysed, Some(NotAnalysed::TooDeep { .. })), "{:?}", analysis.not_analysed);
    assert_eq!(analysis.decisions.len(), 1);
    let nothing_to_find = read(Language::Python, &"[".repeat(100_000));
    assert!(matches!(nothing_to_find.not_analysed, Some(NotAnalysed::TooDeep { .. })));
}

#[test]
fn a_single_line_of_fifty_megabytes_is_refused() {
    let text = "yaml.load(f);".repeat(4_000_000);
    assert!(matches!(read(Language::Python, &text).not_analysed, Some(NotAnalysed::TooLarge { .. })));
    let shorter = "yaml.load(f);".repeat(200_000);
    assert!(matches!(read(Language::Python, &shorter).not_analysed, Some(NotAnalysed::LineTooLong { .. })));
}

#[test]
fn bytes_that_are_no_utf8_are_read_around_and_binary_is_refused() {
    let mut bytes = b"# caf\xe9\n".to_vec();
    bytes.extend_from_slice(FOUND.as_bytes());
    let analysis = Engine::builtin().read_bytes(Language::Python, &bytes);
    assert_eq!(analysis.decisions[0].span.start, 7);
    assert_eq!(analysis.decisions[0].line, 2);
    let binary = Engine::builtin().read_bytes(Language::Python, b"yaml.load(f)\0\x01\x02");
    assert_eq!(binary.not_analysed, Some(NotAnalysed::Binary { at: 12 }));
}

#[test]
fn a_nul_in_a_completion_hides_nothing() {
    let analysis = read(Language::Python, &format!("x = 1\0\n{FOUND}"));
    assert_eq!(analysis.decisions.len(), 1);
}

#[test]
fn every_prefix_and_every_byte_flip_of_a_text_is_survived() {
    for language in Language::ALL {
        let text: String = Engine::builtin()
            .rules()
            .iter()
            .filter(|rule| rule.languages().contains(&language))
            .take(4)
            .flat_map(|rule| rule.examples.insecure.iter().take(1).map(|example| format!("{example}\né\u{202e}\n")))
            .collect();
        for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let analysis = read(language, &text[..cut]);
            for found in analysis.decisions {
                assert!(
                    found.span.end <= cut && found.statement.end <= cut && found.statement.start <= found.span.start
                );
            }
        }
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 0x5a;
            Engine::builtin().read_bytes(language, &bytes);
        }
    }
}

#[test]
fn text_that_looks_like_code_in_other_ways_is_survived() {
    for text in [
        "",
        "\n",
        "\u{feff}",
        "\u{feff}yaml.load(f)",
        "```python\nyaml.load(f)\n```",
        "<?php ?>",
        "?>",
        "<?",
        "'",
        "\\",
        "\r\n\r\n",
    ] {
        for language in Language::ALL {
            read(language, text);
        }
    }
}

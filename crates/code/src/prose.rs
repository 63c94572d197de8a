//! Sentences among code: what comments and docstrings mostly hold. Read as code they cost the parser its error recovery,
//! which is most of the time a file takes, and hide the code between them.

use std::ops::Range;

/// A text with its sentences blanked, byte for byte, so that offsets stay true. Of a line on which an anchor stands outside
/// its sentences, what is no sentence stays: a call in the middle of a sentence is still found. `anchors` are the ends of
/// all anchors, ascending.
pub(crate) fn blanked(text: &str, anchors: &[usize]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let sentences = sentences(&bytes[start..end]);
        let inside = |anchor: usize| sentences.iter().any(|range| range.contains(&(anchor - 1 - start)));
        let first = anchors.partition_point(|&anchor| anchor <= start);
        let on_line = || anchors[first..].iter().take_while(|&&anchor| anchor <= end);
        if on_line().any(|&anchor| !inside(anchor)) {
            for range in sentences {
                bytes[start..end][range].fill(b' ');
            }
        } else if !sentences.is_empty() {
            bytes[start..end].fill(b' ');
        }
        start = end + 1;
    }
    // Whole words and whole lines are blanked, so no letter is cut; were one, the text stays as it is.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Where the sentences of a line are: words with spaces between them that no language puts beside each other.
fn sentences(line: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut run, mut strangers, mut last_is_name) = (0..0, 0, false);
    let mut at = 0;
    while at < line.len() {
        if !is_letter(line[at]) {
            let quote = matches!(line[at], b'"' | b'\'' | b'`' | b'#') || line[at..].starts_with(b"//");
            // What is quoted may be words in any order.
            if quote {
                break;
            }
            if line[at] != b' ' {
                close(&mut found, &mut run, &mut strangers);
            }
            at += 1;
            continue;
        }
        let word = at..at + word_length(&line[at..]);
        at = word.end;
        if continues_as_code(&line[at..]) {
            close(&mut found, &mut run, &mut strangers);
            at +=
                line[at..].iter().take_while(|&&byte| is_letter(byte) || byte.is_ascii_digit() || byte == b'_').count();
            continue;
        }
        let is_name = !KEYWORDS.contains(&&line[word.clone()]);
        if run.is_empty() {
            run = word;
        } else {
            strangers += usize::from(is_name && last_is_name);
            run.end = word.end;
        }
        last_is_name = is_name;
    }
    close(&mut found, &mut run, &mut strangers);
    found
}

/// Ends a run of words; it is a sentence where names stood beside names twice: once is how a type stands before a name.
fn close(found: &mut Vec<Range<usize>>, run: &mut Range<usize>, strangers: &mut usize) {
    if *strangers >= 2 {
        found.push(run.clone());
    }
    (*run, *strangers) = (0..0, 0);
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// Length of a word: letters, and hyphens and apostrophes between them.
fn word_length(line: &[u8]) -> usize {
    let joins = |at: usize| matches!(line[at], b'-' | b'\'') && line.get(at + 1).is_some_and(|&next| is_letter(next));
    (0..line.len()).find(|&at| !is_letter(line[at]) && !joins(at)).unwrap_or(line.len())
}

/// Whether what follows a word makes it a name in code: a call, an index, an attribute, an assignment.
fn continues_as_code(rest: &[u8]) -> bool {
    match rest.trim_ascii_start().first() {
        Some(b'(' | b'[') => !rest.starts_with(b" "),
        Some(b'=') => true,
        Some(b'_' | b'0'..=b'9') => !rest.starts_with(b" "),
        Some(b'.' | b':' | b'-') => rest.get(1).is_some_and(|next| next.is_ascii_graphic()),
        _ => false,
    }
}

/// Words that languages put beside names.
#[rustfmt::skip]
const KEYWORDS: &[&[u8]] = &[
    b"abstract", b"and", b"as", b"assert", b"async", b"await", b"auto", b"begin", b"bool", b"boolean", b"byte", b"case",
    b"catch", b"char", b"class", b"const", b"def", b"default", b"defer", b"del", b"delete", b"do", b"double", b"echo",
    b"elif", b"else", b"elsif", b"end", b"enum", b"except", b"export", b"extends", b"extern", b"final", b"finally",
    b"float", b"fn", b"for", b"foreach", b"from", b"func", b"function", b"global", b"go", b"if", b"impl", b"implements",
    b"import", b"in", b"inline", b"instanceof", b"int", b"interface", b"internal", b"is", b"lambda", b"let", b"long",
    b"match", b"mod", b"module", b"mut", b"namespace", b"native", b"new", b"not", b"or", b"override", b"package",
    b"partial", b"print", b"private", b"protected", b"public", b"pub", b"raise", b"readonly", b"record", b"require",
    b"return", b"sealed", b"short", b"signed", b"static", b"string", b"struct", b"super", b"switch", b"synchronized",
    b"then", b"throw", b"throws", b"trait", b"try", b"type", b"typedef", b"typeof", b"union", b"unless", b"unsafe",
    b"unsigned", b"use", b"using", b"var", b"virtual", b"void", b"volatile", b"when", b"where", b"while", b"with",
    b"yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn without_sentences(text: &str, anchor: &str) -> String {
        let anchors: Vec<usize> = text.match_indices(anchor).map(|(at, _)| at + anchor.len()).collect();
        blanked(text, &anchors)
    }

    #[test]
    fn sentences_go_and_what_is_called_among_them_stays() {
        let text = "Gives a random number (see below).\nrandom.seed(3)";
        assert_eq!(without_sentences(text, "random"), format!("{}\nrandom.seed(3)", " ".repeat(34)));
        let text = "Never call this with yaml.load(f) here";
        assert_eq!(without_sentences(text, "yaml.load"), format!("{}yaml.load(f) here", " ".repeat(21)));
    }

    #[test]
    fn code_is_no_sentence() {
        for code in [
            "for name in names: yield from f(x)",
            "public static final String URL = \"call me if you can\";",
            "func Load(path string, strict bool) (value int, err error) {",
            "x = yaml.load(f)  # this is how we have always done it",
            "SELECT_ALL = 'select a from b where c is d'",
            "unsigned long int count;",
            "print 'a b c d e f'",
            "Result result = query.run()",
        ] {
            assert_eq!(without_sentences(code, "?"), code);
        }
    }
}

//! Code inside comments and docstrings: two of the three published attacks hide their payload there.

use crate::fragment::Fragment;
use std::ops::Range;

/// Comments on adjacent lines together, since code that was commented out spans several.
pub(crate) fn group<'a>(text: &str, comments: &'a [Range<usize>]) -> Vec<&'a [Range<usize>]> {
    let adjacent = |a: &Range<usize>, b: &Range<usize>| {
        // A line comment's node ends before its newline in some grammars and after it in others.
        text.get(a.end..b.start).is_some_and(|gap| gap.trim().is_empty() && gap.matches('\n').count() <= 1)
    };
    comments.chunk_by(adjacent).collect()
}

/// Whether comments or a string may hold code that an anchor stands in: `anchors` are the ends of all anchors, ascending.
pub(crate) fn may_hold_code(text: &str, parts: &[Range<usize>], anchors: &[usize]) -> bool {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    let next = anchors.partition_point(|&end| end <= first.start);
    anchors.get(next).is_some_and(|&end| end <= last.end)
        && text.get(first.start..last.end).is_some_and(|body| body.contains(['(', '=']))
}

/// The body of comments or of a string that stands alone: marks and common indentation taken off.
pub(crate) fn body(text: &str, parts: &[Range<usize>]) -> Fragment {
    let lines: Vec<Range<usize>> = parts.iter().flat_map(|part| lines(text, part.clone())).collect();
    let blank = |line: &&Range<usize>| text[(*line).clone()].trim().is_empty();
    // One byte a column: where lines are indented by other blanks, a common number of bytes could end inside one.
    let ascii = |letter: char| letter.is_ascii_whitespace();
    let indent_of = |line: &Range<usize>| line.len() - text[line.clone()].trim_start_matches(ascii).len();
    let indent = lines.iter().filter(|line| !blank(line)).map(indent_of).min().unwrap_or(0);
    let mut fragment = Fragment::default();
    for line in lines {
        let mut start = line.start + indent.min(indent_of(&line));
        let code = text[start..line.end].trim_start();
        if let Some(prompt) = [">>> ", "... "].iter().find(|prompt| code.starts_with(**prompt)) {
            start = line.end - code.len() + prompt.len();
        }
        fragment.copy(text, start..line.end);
        fragment.add("\n");
    }
    fragment
}

/// The lines of a comment or string without its marks.
fn lines(text: &str, part: Range<usize>) -> Vec<Range<usize>> {
    let body = &text[part.clone()];
    let (open, close) = marks(body);
    let inner = body[open..].trim_end();
    let inner = inner.strip_suffix(close).unwrap_or(inner);
    let mut lines = Vec::new();
    let mut start = part.start + open;
    for line in inner.split_inclusive('\n') {
        let kept = line.trim_end();
        let code = kept.trim_start();
        // The column of stars that runs down the left of a block comment.
        let star =
            if close == "*/" && !lines.is_empty() && code.starts_with('*') { kept.len() - code.len() + 1 } else { 0 };
        lines.push(start + star..start + kept.len());
        start += line.len();
    }
    lines
}

/// Length of the mark that opens a comment or string, and the mark that closes it.
fn marks(body: &str) -> (usize, &'static str) {
    let prefix = body.len() - body.trim_start_matches(|letter: char| "rRbBuUfF".contains(letter)).len();
    for quote in ["\"\"\"", "'''", "\"", "'", "`"] {
        if body[prefix..].starts_with(quote) {
            return (prefix + quote.len(), quote);
        }
    }
    for (open, close) in [("=begin", "=end"), ("/*", "*/"), ("//", ""), ("#", "")] {
        if let Some(rest) = body.strip_prefix(open) {
            let last = open.chars().last().unwrap_or_default();
            return (body.len() - rest.trim_start_matches([last, '!']).len(), close);
        }
    }
    (0, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(comment: &str) -> String {
        let part = 0..comment.len();
        body(comment, &[part]).text
    }

    #[test]
    fn a_body_loses_its_marks_and_its_indentation() {
        let comments = "# a = 'b'\n    #   b";
        assert_eq!(body(comments, &[0..9, 14..19]).text, "a = 'b'\n  b\n");
        assert_eq!(text_of("/** a\n * b(x)\n */"), "a\nb(x)\n\n");
        assert_eq!(text_of("\"\"\"\n    >>> f(x)\n    1\n    \"\"\""), "\nf(x)\n1\n\n");
        assert_eq!(text_of("/// a"), "a\n");
        assert_eq!(body("# a\n#\u{a0}b", &[0..3, 4..8]).text, " a\n\u{a0}b\n");
    }

    #[test]
    fn comments_on_adjacent_lines_are_one() {
        let comments = [0..3, 4..7, 9..12];
        assert_eq!(group("# a\n# b\n\n# c", &comments), [&comments[..2], &comments[2..]]);
    }
}

//! Comments that ask scanners to look away. They silence nothing here; that a model writes them is a finding of its own.

use regex::Regex;
use std::sync::LazyLock;

/// What every such comment contains; searched together with the rules' anchors.
pub(crate) const WORDS: &[&str] = &[
    "ast-grep-ignore",
    "nosec",
    "nosemgrep",
    "noqa",
    "lgtm",
    "codeql[",
    "NOSONAR",
    "eslint-disable",
    "SuppressWarnings",
    "SuppressMessage",
    "nolint",
    "NOLINT",
    "rubocop:disable",
    "brakeman:ignore",
    "phpcs:ignore",
    "foxguard-ignore",
    "skipcq",
    "DevSkim",
    "pragma warning disable",
    "deepcode ignore",
    "snyk:ignore",
    "bearer:disable",
    "gitleaks:allow",
];

/// One of the words as it is written to a scanner: after a comment mark (or as an annotation), `noqa` bare or with a
/// security code, not in the middle of another word.
static REQUEST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?: \#|//|/\*|\*|--|<!--|;|\{/\* ) .* (?:
            \bast-grep-ignore | \bnosec(?:\b|$) | \bnosemgrep | \bnoqa \s* (?: $ | : \s* (?:[A-Z0-9]+[,\s]+)* S\d )
          | \blgtm \s* (?: \[ | $ ) | \bcodeql\[ | \bNOSONAR | \beslint-disable | \bnolint \b | \bNOLINT
          | \brubocop:disable | \bbrakeman:ignore | \bphpcs:ignore | \bfoxguard-ignore | \bskipcq | \bDevSkim:
          | \bdeepcode\s+ignore | \bsnyk:ignore | \bbearer:disable | \bgitleaks:allow
        )
      | ^\s* @SuppressWarnings | ^\s* \[\w*: ?SuppressMessage | ^\s*\[SuppressMessage
      | ^\s* \# \s* pragma \s+ warning \s+ disable \s+ (?:CA|SCS|SYSLIB)\d",
    )
    .ok()
});

/// 1-based lines with a suppression comment, given where the words end.
pub(crate) fn lines(text: &str, ends: &[usize]) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut line, mut counted, mut seen) = (1, 0, 0);
    for &end in ends {
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..end]).count();
        counted = end;
        if line != seen && asks(line_at(text, end)) {
            found.push(line);
        }
        seen = line;
    }
    found
}

fn asks(line: &str) -> bool {
    REQUEST.as_ref().is_some_and(|request| request.is_match(line))
}

/// The line that holds the byte before `end`.
fn line_at(text: &str, end: usize) -> &str {
    let start = text[..end].rfind('\n').map_or(0, |newline| newline + 1);
    let stop = text[end..].find('\n').map_or(text.len(), |newline| end + newline);
    text[start..stop].trim_end()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_request_to_a_scanner_is_told_from_prose_and_from_style_comments() {
        assert!(REQUEST.is_some());
        for line in [
            "x = 1  # nosec",
            "y  # noqa: E501, S301",
            "# ast-grep-ignore",
            "f() // NOSONAR",
            "# noqa",
            "@SuppressWarnings(\"all\")",
        ] {
            assert!(asks(line), "{line}");
        }
        for line in ["x = 1  # noqa: E501", "s = 'nosec'", "# unosecure", "lgtm = 3"] {
            assert!(!asks(line), "{line}");
        }
    }
}

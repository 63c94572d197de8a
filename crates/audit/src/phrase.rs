//! What lines have in common.

/// Lines that are compared; more say the same.
const LINES: usize = 32;
/// Words of a line that are looked at.
const WORDS: usize = 64;

/// The longest run of words that stands in every line, as the first writes it; `None` where there is none.
pub(crate) fn common_phrase(lines: &[&str]) -> Option<String> {
    let words = |line: &&str| line.split_whitespace().take(WORDS).map(str::to_owned).collect::<Vec<String>>();
    let mut lines = lines.iter().take(LINES).map(words);
    let first = lines.next()?;
    let others: Vec<Vec<String>> = lines.collect();
    let everywhere = |run: &[String]| others.iter().all(|line| line.windows(run.len()).any(|window| window == run));
    let run = (1..=first.len()).rev().find_map(|length| first.windows(length).find(|run| everywhere(run)))?;
    Some(run.join(" "))
}

#[cfg(test)]
mod tests {
    use super::common_phrase;

    #[test]
    fn the_words_that_all_lines_share_are_found_around_one_that_they_do_not() {
        let lines = ["# use the safe method algo", "  # use the safe method labels=", "# use the safe method doctype"];
        assert_eq!(common_phrase(&lines).as_deref(), Some("# use the safe method"));
        assert_eq!(common_phrase(&["# x b c", "# y b c"]).as_deref(), Some("b c"));
        assert_eq!(common_phrase(&["x", "y"]), None);
        assert_eq!(common_phrase(&[]), None);
    }
}

//! An automaton over a text, faster than one byte after the other.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, PatternID};

/// Pieces of a text that are gone through side by side. Each step of an automaton waits for the memory that the one before named, and
/// a processor waits for several at a time.
const LANES: usize = 4;

/// Whether any pattern of the `wanted` ones stands in a text.
pub(crate) fn any(automaton: &DFA, text: &[u8], wanted: impl Fn(PatternID) -> bool) -> bool {
    let mut found = false;
    matches(automaton, text, |_, _, state| {
        found = patterns(automaton, state).any(&wanted);
        !found
    });
    found
}

/// Every pattern in a text with the byte at which it ends, ascending, those within others too.
pub(crate) fn all(automaton: &DFA, text: &[u8]) -> Vec<(usize, PatternID)> {
    let mut found: [Vec<(usize, PatternID)>; LANES] = Default::default();
    matches(automaton, text, |lane, end, state| {
        found[lane].extend(patterns(automaton, state).map(|pattern| (end, pattern)));
        true
    });
    found.concat()
}

/// Calls `each` with the lane, the end and the state of every match, in each lane ascending, until it says no.
fn matches(automaton: &DFA, text: &[u8], mut each: impl FnMut(usize, usize, StateID) -> bool) {
    // Only an automaton for anchored searches has no such state.
    let Ok(start) = automaton.start_state(Anchored::No) else { return };
    let mut states = [start; LANES];
    let (starts, length) = lanes(text.len(), automaton.max_pattern_len().saturating_sub(1));
    let pieces = starts.map(|start| &text[start..start + length]);
    for at in 0..length {
        for (state, piece) in states.iter_mut().zip(&pieces) {
            *state = automaton.next_state(Anchored::No, *state, piece[at]);
        }
        if !states.iter().any(|&state| automaton.is_special(state)) {
            continue;
        }
        for (lane, &state) in states.iter().enumerate() {
            let end = starts[lane] + at + 1;
            // What ends where lanes overlap is the earlier one's.
            let own = lane == 0 || end > starts[lane - 1] + length;
            if own && automaton.is_match(state) && !each(lane, end, state) {
                return;
            }
        }
    }
}

fn patterns(automaton: &DFA, state: StateID) -> impl Iterator<Item = PatternID> {
    (0..automaton.match_len(state)).map(move |index| automaton.match_pattern(state, index))
}

/// Where pieces begin that together are a text of so many bytes, and their length. Each begins `overlap` bytes or more before the end of
/// the one before it, so that every word lies in one of them as a whole.
fn lanes(bytes: usize, overlap: usize) -> ([usize; LANES], usize) {
    let length = (bytes + (LANES - 1) * overlap).div_ceil(LANES).min(bytes);
    (std::array::from_fn(|lane| (lane * length.saturating_sub(overlap)).min(bytes - length)), length)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use aho_corasick::Input;

    const WORDS: [&str; 5] = ["`", "load", "yaml.load", "noqa", "xx"];

    fn automaton() -> DFA {
        DFA::new(WORDS).unwrap()
    }

    #[test]
    fn words_are_found_wherever_they_stand_in_a_text_of_whatever_length() {
        let automaton = automaton();
        for length in 0..90 {
            for at in 0..length {
                for word in WORDS {
                    for filling in ["-", "x"] {
                        let mut text = filling.repeat(length);
                        text.insert_str(at, word);
                        let one_by_one = automaton.try_find_overlapping_iter(Input::new(&text)).unwrap();
                        let expected: Vec<_> = one_by_one.map(|hit| (hit.end(), hit.pattern())).collect();
                        assert_eq!(all(&automaton, text.as_bytes()), expected, "{text}");
                        assert!(any(&automaton, text.as_bytes(), |_| true), "{text}");
                    }
                }
            }
            assert!(!any(&automaton, "-".repeat(length).as_bytes(), |_| true));
        }
    }

    #[test]
    fn words_that_are_not_wanted_do_not_count_and_hide_no_other() {
        let finds = |text: &str, word: &str| any(&automaton(), text.as_bytes(), |it| WORDS[it.as_usize()] == word);
        assert!(!finds("x = 1  # noqa", "load"));
        assert!(finds("yaml.load(f)  # noqa", "load"));
        assert!(finds("yaml.load(f)  # noqa", "yaml.load"));
        assert!(!finds("yaml.dump(f)", "load"));
    }
}

//! A text made of pieces of another, so that what is found in it can be pointed at in the original.

use std::ops::Range;

/// A text and where its pieces come from.
#[derive(Default)]
pub(crate) struct Fragment {
    pub text: String,
    pieces: Vec<Piece>,
}

/// `length` bytes from `here` in the fragment on are those from `there` in the original on.
struct Piece {
    here: usize,
    there: usize,
    length: usize,
}

impl Fragment {
    /// Appends a piece of the original.
    pub fn copy(&mut self, original: &str, range: Range<usize>) {
        if let Some(piece) = original.get(range.clone())
            && !piece.is_empty()
        {
            self.pieces.push(Piece { here: self.text.len(), there: range.start, length: piece.len() });
            self.text.push_str(piece);
        }
    }

    /// Appends text that the original lacks.
    pub fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Where a range of the fragment lies in the original; what the original lacks collapses to the end of the piece before.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let start = self.map(range.start, |piece| piece.here <= range.start);
        let end = self.map(range.end, |piece| piece.here < range.end);
        start..end.max(start)
    }

    fn map(&self, offset: usize, before: impl Fn(&Piece) -> bool) -> usize {
        let after = self.pieces.partition_point(before);
        let Some(piece) = after.checked_sub(1).and_then(|index| self.pieces.get(index)) else {
            return self.pieces.first().map_or(0, |first| first.there);
        };
        piece.there + (offset - piece.here).min(piece.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_maps_back_over_what_was_added_and_left_out() {
        let original = "# f(x\n# y)";
        let mut fragment = Fragment::default();
        fragment.copy(original, 2..6);
        fragment.copy(original, 8..9);
        fragment.add("))");
        assert_eq!(fragment.text, "f(x\ny))");
        assert_eq!(fragment.origin(0..1), 2..3);
        assert_eq!(fragment.origin(0..5), 2..9);
        assert_eq!(fragment.origin(4..7), 8..9);
        assert_eq!(fragment.origin(6..7), 9..9);
    }
}

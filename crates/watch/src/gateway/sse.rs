//! Server-sent events and lines of JSON, wherever the bytes are cut.

use memchr::memchr2;
use std::borrow::Cow;

/// Longest event that is kept, bytes: llama.cpp's last event repeats the prompt, and no prompt is longer than this.
const LONGEST: usize = 4 << 20;

/// How a stream separates its events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// Server-sent events, with a blank line after each.
    #[default]
    Sse,
    /// A line of JSON each, as Ollama writes them.
    Lines,
}

/// Splits a stream of bytes into its events. Everything pushed comes out again, byte for byte: the events joined, and what
/// [`Splitter::rest`] still holds.
#[derive(Debug, Default)]
pub struct Splitter {
    form: Form,
    held: Vec<u8>,
    /// Bytes of `held` that were looked at.
    seen: usize,
    /// Whether the line under way has nothing on it.
    blank: bool,
    /// Whether the last line end was a carriage return: a line feed behind it ends no second line.
    returned: bool,
}

/// An event that is too long to be one.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

impl Splitter {
    /// Nothing was pushed yet.
    pub fn new(form: Form) -> Splitter {
        Splitter { form, ..Splitter::default() }
    }

    /// How events are separated.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Takes bytes, and gives each event that is complete, with the blank line that ends it, to `on_event`.
    ///
    /// # Errors
    /// An event without end; what was pushed is in [`Splitter::rest`].
    pub fn push(&mut self, bytes: &[u8], mut on_event: impl FnMut(&[u8])) -> Result<(), TooLong> {
        self.held.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(found) = memchr2(b'\n', b'\r', &self.held[self.seen..]) {
            let at = self.seen + found;
            self.blank &= found == 0;
            let second_half = self.held[at] == b'\n' && self.returned && found == 0;
            self.returned = self.held[at] == b'\r';
            self.seen = at + 1;
            let ends_line = self.form == Form::Lines && self.held[at] == b'\n';
            if ends_line
                || self.form == Form::Sse && !second_half && std::mem::replace(&mut self.blank, true) && at > start
            {
                on_event(&self.held[start..self.seen]);
                start = self.seen;
            }
        }
        if self.seen < self.held.len() {
            (self.blank, self.returned, self.seen) = (false, false, self.held.len());
        }
        self.held.drain(..start);
        self.seen -= start;
        if self.held.len() > LONGEST { Err(TooLong) } else { Ok(()) }
    }

    /// What no blank line has ended yet.
    pub fn rest(&mut self) -> Vec<u8> {
        (self.seen, self.blank, self.returned) = (0, false, false);
        std::mem::take(&mut self.held)
    }
}

/// The data of an event: its `data` lines, joined, or all of a line. Bytes that are no UTF-8 are replaced.
pub fn data(form: Form, event: &[u8]) -> Option<Cow<'_, str>> {
    if form == Form::Lines {
        return Some(String::from_utf8_lossy(event));
    }
    let mut lines = event.split(|byte| matches!(byte, b'\n' | b'\r')).filter_map(|line| {
        let value = line.strip_prefix(b"data")?;
        match value.split_first() {
            Some((b':', value)) => Some(value.strip_prefix(b" ").unwrap_or(value)),
            Some(_) => None,
            None => Some(value),
        }
    });
    let first = String::from_utf8_lossy(lines.next()?);
    Some(lines.fold(first, |joined, line| Cow::Owned(format!("{joined}\n{}", String::from_utf8_lossy(line)))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const STREAM: &str =
        ": hello\n\ndata: {\"a\":1}\n\r\ndata:two\r\ndata: lines\r\n\r\nevent: x\rdata\r\rdata: [DONE]\n\nrest";

    fn split(pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>, Vec<u8>) {
        let (mut splitter, mut found, mut all) = (Splitter::default(), Vec::new(), Vec::new());
        for piece in pieces {
            let mut take = |event: &[u8]| {
                all.extend_from_slice(event);
                found.extend(data(Form::Sse, event).map(Cow::into_owned));
            };
            splitter.push(piece, &mut take).unwrap();
        }
        let rest = splitter.rest();
        all.extend_from_slice(&rest);
        (found, all, rest)
    }

    #[test]
    fn a_stream_cut_at_any_byte_has_the_same_events_and_the_same_bytes() {
        let expected = ["{\"a\":1}", "two\nlines", "", "[DONE]"];
        let bytes = STREAM.as_bytes();
        for cut in 0..=bytes.len() {
            let (events, all, rest) = split(&[&bytes[..cut], &bytes[cut..]]);
            assert_eq!(events, expected, "cut at {cut}");
            assert_eq!((all.as_slice(), rest.as_slice()), (bytes, b"rest".as_slice()), "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(split(&single).0, expected);
    }

    #[test]
    fn lines_of_json_are_events_wherever_they_are_cut() {
        let bytes = b"{\"a\":1}\n\n{\"b\":2}\r\n{";
        for cut in 0..=bytes.len() {
            let (mut splitter, mut events) = (Splitter::new(Form::Lines), Vec::new());
            for piece in [&bytes[..cut], &bytes[cut..]] {
                splitter.push(piece, |event| events.push(event.to_vec())).unwrap();
            }
            assert_eq!(events, [b"{\"a\":1}\n".to_vec(), b"\n".to_vec(), b"{\"b\":2}\r\n".to_vec()], "{cut}");
            assert_eq!(splitter.rest(), b"{");
        }
    }

    #[test]
    fn an_event_without_end_is_refused_and_given_back() {
        let mut splitter = Splitter::default();
        let line = vec![b'x'; LONGEST / 2];
        assert_eq!(splitter.push(&line, |_| {}), Ok(()));
        assert_eq!(splitter.push(&line, |_| {}), Ok(()));
        assert_eq!(splitter.push(b"x", |_| {}), Err(TooLong));
        assert_eq!(splitter.rest().len(), LONGEST + 1);
    }

    #[test]
    fn data_that_is_no_text_is_replaced() {
        assert_eq!(data(Form::Sse, b"data: a\xffb\n\n").unwrap(), "a\u{fffd}b");
        assert_eq!(data(Form::Sse, b"database: x\n\n"), None);
    }
}

//! Lines of a stream, in bounded memory.

use std::io::{self, Read};

/// Bytes read at a time: enough that a read costs nothing beside the scan.
const CHUNK: usize = 1 << 20;

/// A line without its newline, or the length of one that was too long to hold.
pub(crate) enum Line<'a> {
    Held(&'a mut [u8]),
    TooLong(u64),
}

/// Hands out one line after the other. A line longer than `longest` is read over without being held.
pub(crate) struct Lines<R> {
    reader: R,
    longest: usize,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of the stream that were handed out or read over, newlines included.
    pub consumed: u64,
}

impl<R: Read> Lines<R> {
    pub fn new(reader: R, longest: usize) -> Self {
        Self { reader, longest, buffer: vec![0; CHUNK], start: 0, end: 0, consumed: 0 }
    }

    /// The next line; `None` at the end of the stream.
    pub fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        let mut scanned = 0;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.start + scanned..self.end]) {
                let from = self.start;
                let to = from + scanned + at;
                self.start = to + 1;
                self.consumed += (to + 1 - from) as u64;
                return Ok(Some(self.line(from, to)));
            }
            scanned = self.end - self.start;
            if scanned > self.longest {
                return self.skip().map(Some);
            }
            if self.fill()? == 0 {
                let (from, to) = (self.start, self.end);
                self.start = to;
                self.consumed += (to - from) as u64;
                return Ok((from < to).then(|| self.line(from, to)));
            }
        }
    }

    fn line(&mut self, from: usize, to: usize) -> Line<'_> {
        if to - from > self.longest {
            return Line::TooLong((to - from) as u64);
        }
        let returned = self.buffer[from..to].last() == Some(&b'\r');
        Line::Held(&mut self.buffer[from..to - usize::from(returned)])
    }

    /// Reads on to the end of a line that is too long.
    fn skip(&mut self) -> io::Result<Line<'_>> {
        let mut length = 0;
        loop {
            let held = &self.buffer[self.start..self.end];
            let newline = memchr::memchr(b'\n', held);
            let passed = newline.map_or(held.len(), |at| at + 1);
            length += newline.unwrap_or(held.len()) as u64;
            self.start += passed;
            self.consumed += passed as u64;
            if newline.is_some() || self.fill()? == 0 {
                return Ok(Line::TooLong(length));
            }
        }
    }

    /// Reads more behind what is held; how much.
    fn fill(&mut self) -> io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 && self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
            }
        }
    }
}

//! The framing of requests, followed on the wire. hyper quietly drops a second `Content-Length`, and any that stands behind a
//! `Transfer-Encoding`: safe for itself, but whoever sends both means that two readers should read differently.

/// Longest beginning of a header line that is kept.
const LINE: usize = 128;

/// Follows the bytes of one connection from request to request.
#[derive(Debug)]
pub struct Framing {
    state: State,
    line: Vec<u8>,
    head: Head,
}

/// What a head has said so far about its body.
#[derive(Debug, Default)]
struct Head {
    begun: bool,
    told: usize,
    chunked: bool,
    length: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// Bytes of a body of known length.
    Body(u64),
    ChunkSize,
    /// Bytes of a chunk, with the line end behind it.
    Chunk(u64),
    Trailer,
    /// hyper refuses what comes here, whatever it is.
    Lost,
}

impl Default for Framing {
    fn default() -> Framing {
        Framing { state: State::Head, line: Vec::new(), head: Head::default() }
    }
}

impl Framing {
    /// Follows bytes. Where a head tells the length of its body a second time, the place of that line's end.
    pub fn follow(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                State::Lost => return None,
                State::Body(left) | State::Chunk(left) => {
                    let passed = left.min((bytes.len() - at) as u64);
                    at += passed as usize;
                    self.state = match (self.state, left - passed) {
                        (State::Body(_), 0) => State::Head,
                        (State::Chunk(_), 0) => State::ChunkSize,
                        (State::Body(_), left) => State::Body(left),
                        (_, left) => State::Chunk(left),
                    };
                }
                State::Head | State::ChunkSize | State::Trailer => {
                    let end = memchr::memchr(b'\n', &bytes[at..]).map(|found| at + found);
                    let piece = &bytes[at..end.unwrap_or(bytes.len())];
                    self.line.extend_from_slice(&piece[..piece.len().min(LINE - self.line.len())]);
                    at += piece.len() + 1;
                    if let Some(end) = end {
                        let line = std::mem::take(&mut self.line);
                        if !self.line(line.strip_suffix(b"\r").unwrap_or(&line)) {
                            self.state = State::Lost;
                            return Some(end);
                        }
                    }
                }
            }
        }
        None
    }

    /// Reads a line; false where it tells the length again.
    fn line(&mut self, line: &[u8]) -> bool {
        match self.state {
            State::Head if line.is_empty() => {
                // Empty lines before a request are passed over, as hyper does.
                let head = std::mem::take(&mut self.head);
                self.state = match head {
                    Head { chunked: true, .. } => State::ChunkSize,
                    Head { length: 0, .. } => State::Head,
                    Head { length, .. } => State::Body(length),
                };
                true
            }
            State::Head => self.header(line),
            State::ChunkSize => {
                let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
                let size = std::str::from_utf8(&line[..digits]).ok().and_then(|it| u64::from_str_radix(it, 16).ok());
                self.state = match size {
                    Some(0) => State::Trailer,
                    Some(size) => State::Chunk(size.saturating_add(2)),
                    None => State::Lost,
                };
                true
            }
            _ => {
                self.state = if line.is_empty() { State::Head } else { self.state };
                true
            }
        }
    }

    fn header(&mut self, line: &[u8]) -> bool {
        if !std::mem::replace(&mut self.head.begun, true) {
            return true;
        }
        let Some(colon) = memchr::memchr(b':', line) else { return true };
        let (name, value) = (line[..colon].to_ascii_lowercase(), line[colon + 1..].trim_ascii());
        match name.as_slice() {
            b"content-length" => {
                let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
                self.head.length = length.unwrap_or(u64::MAX);
            }
            b"transfer-encoding" => self.head.chunked = true,
            _ => return true,
        }
        self.head.told += 1;
        self.head.told == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the framing is told twice, wherever the bytes are cut; they must agree.
    fn follow(bytes: &[u8]) -> Option<usize> {
        let whole = Framing::default().follow(bytes);
        for size in [1, 2, 3, 7] {
            let mut framing = Framing::default();
            let mut pieces = bytes.chunks(size).enumerate();
            let found = pieces.find_map(|(index, piece)| Some(index * size + framing.follow(piece)?));
            assert_eq!(found, whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn a_length_told_twice_is_found_in_the_first_request_and_behind_any_body() {
        let twice = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX: y\r\ncontent-length: 5\r\n\r\n";
        let end = twice.len() - 3;
        assert_eq!(follow(twice), Some(end));
        for before in [
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 25\r\n\r\nContent-Length: 1\r\n\r\n1234\r\n",
            "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n3;x=y\r\na\n\n\r\n0\r\nContent-Length: 7\r\n\r\n",
        ] {
            let both = [before.as_bytes(), twice].concat();
            assert_eq!(follow(&both), Some(before.len() + end), "{before:?}");
        }
    }

    #[test]
    fn what_stands_in_a_body_or_in_another_request_is_not_told_twice() {
        let text = "POST / HTTP/1.1\r\nContent-Length: 19\r\n\r\nContent-Length: 1\r\nPOST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n\r\n";
        assert_eq!(follow(text.as_bytes()), None);
        assert_eq!(follow(&[b'x'; 100_000]), None);
        assert_eq!(follow(b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\nabc"), None);
    }
}

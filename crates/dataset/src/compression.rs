//! Streams that unpack gzip and Zstandard, and stop at a bomb.

use crate::{Compression, Limits};
use flate2::read::MultiGzDecoder;
use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

/// Bytes of packed data read at a time.
const CHUNK: usize = 256 << 10;

/// Largest window of Zstandard, as a power of two: 128 MiB, what its own command allows without being asked.
const WINDOW: u32 = 27;

/// A reader of what `packed` holds.
pub(crate) fn unpack<'a>(
    packed: impl Read + 'a,
    compression: Option<Compression>,
    limits: &Limits,
) -> io::Result<Box<dyn Read + 'a>> {
    let taken = Rc::new(Cell::new(0));
    let packed = BufReader::with_capacity(CHUNK, Counted { inner: packed, taken: Rc::clone(&taken) });
    let inner: Box<dyn Read + 'a> = match compression {
        None => return Ok(Box::new(packed)),
        Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(packed)),
        Some(Compression::Zstd) => {
            let mut decoder = zstd::Decoder::with_buffer(packed)?;
            decoder.window_log_max(WINDOW)?;
            Box::new(decoder)
        }
    };
    Ok(Box::new(Guarded { inner, taken, given: 0, limits: *limits }))
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

/// Ends with an error where a packed stream gives too much for its size.
struct Guarded<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
    given: u64,
    limits: Limits,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.given += read as u64;
        let Limits { unpacked, ratio, .. } = self.limits;
        if self.given > unpacked && self.given / ratio.max(1) > self.taken.get() {
            let what =
                format!("unpacks to more than {ratio} times its size; it looks like a bomb, and reading stops here");
            return Err(io::Error::other(what));
        }
        Ok(read)
    }
}

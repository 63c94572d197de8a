//! Weights by name, from safetensors files. Nothing is allocated before the file's own length has vouched for it.

use crate::Error;
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Named weights, read one at a time as 32-bit floats.
pub trait Tensors {
    /// Whether there is one of that name (names as in Hugging Face's Llama).
    fn has(&self, name: &str) -> bool;

    /// Reads one and checks its shape.
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error>;
}

/// Largest header that is read, in bytes; real ones stay below 1 MB.
const LONGEST_HEADER: u64 = 64 << 20;

/// One or more safetensors files.
pub struct Safetensors {
    folder: String,
    shards: Vec<Shard>,
    /// Tensor name to shard.
    index: HashMap<String, usize>,
}

struct Shard {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    data: u64,
}

impl Safetensors {
    /// Opens the files and checks their headers.
    pub fn open(folder: &Path, paths: Vec<PathBuf>) -> Result<Self, Error> {
        let shards = paths.into_iter().map(Shard::open).collect::<Result<Vec<_>, _>>()?;
        let names = |(shard, file): (usize, &Shard)| {
            file.metadata.offset_keys().into_iter().map(|name| (name, shard)).collect::<Vec<_>>()
        };
        let index = shards.iter().enumerate().flat_map(names).collect();
        Ok(Self { folder: folder.display().to_string(), shards, index })
    }

    /// The folder, as it was given.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Names of all tensors, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.index.keys().map(String::as_str)
    }

    /// Type, shape and place of a tensor, as its file's header has them.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.shards[*self.index.get(name)?].metadata.info(name)
    }

    /// Fills `bytes` with a tensor's own, from its byte `from` on.
    pub fn read_bytes(&mut self, name: &str, from: usize, bytes: &mut [u8]) -> Result<(), Error> {
        let missing = || Error::MissingTensor { file: self.folder.clone(), tensor: name.into() };
        let &shard = self.index.get(name).ok_or_else(missing)?;
        let shard = &mut self.shards[shard];
        let (start, _) = shard.metadata.info(name).ok_or_else(missing)?.data_offsets;
        shard
            .file
            .seek(SeekFrom::Start(shard.data + (start + from) as u64))
            .and_then(|_| shard.file.read_exact(bytes))
            .map_err(|source| Error::Read { file: shard.path.display().to_string(), source })
    }
}

impl Tensors for Safetensors {
    fn has(&self, name: &str) -> bool {
        self.index.contains_key(name)
    }

    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let missing = || Error::MissingTensor { file: self.folder.clone(), tensor: name.into() };
        let &shard = self.index.get(name).ok_or_else(missing)?;
        self.shards[shard].read(name, shape)
    }
}

impl Shard {
    fn open(path: PathBuf) -> Result<Self, Error> {
        let lie = |problem: String| Error::Weights { file: path.display().to_string(), problem };
        let read = |source| Error::Read { file: path.display().to_string(), source };
        let mut file = File::open(&path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(|_| lie("it is shorter than a header".into()))?;
        let size = u64::from_le_bytes(size);
        if size > LONGEST_HEADER || size > length - 8 {
            return Err(lie(format!("its header claims {size} bytes, the file has {length}")));
        }
        let mut header = vec![0; size as usize];
        file.read_exact(&mut header).map_err(read)?;
        // The library checks that offsets are in order, without gaps, and as large as type and shape say.
        let metadata: Metadata =
            serde_json::from_slice(&header).map_err(|error| lie(format!("its header is not sound: {error}")))?;
        let (data, claimed) = (8 + size, metadata.data_len() as u64);
        if claimed != length - data {
            return Err(lie(format!("its header claims {claimed} bytes of tensors, the file has {}", length - data)));
        }
        Ok(Self { path, file, metadata, data })
    }

    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let file = || self.path.display().to_string();
        let Some(info) = self.metadata.info(name) else {
            return Err(Error::MissingTensor { file: file(), tensor: name.into() });
        };
        if info.shape != shape {
            return Err(Error::TensorShape {
                file: file(),
                tensor: name.into(),
                found: info.shape.clone(),
                expected: shape.to_vec(),
            });
        }
        let (start, end) = info.data_offsets;
        let mut bytes = vec![0; end - start];
        self.file
            .seek(SeekFrom::Start(self.data + start as u64))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|source| Error::Read { file: file(), source })?;
        let two = |convert: fn([u8; 2]) -> f32| bytes.as_chunks().0.iter().map(|&b| convert(b)).collect();
        match info.dtype {
            Dtype::F32 => Ok(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()),
            Dtype::BF16 => Ok(two(|b| bf16::from_le_bytes(b).to_f32())),
            Dtype::F16 => Ok(two(|b| f16::from_le_bytes(b).to_f32())),
            other => Err(Error::Weights {
                file: file(),
                problem: format!("tensor {name} has type {other:?}; taster reads F32, F16 and BF16"),
            }),
        }
    }
}

/// SHA-256 of the files' bytes, one after the other, in hex.
pub fn digest(paths: &[PathBuf]) -> Result<String, Error> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    for path in paths {
        let read = |source| Error::Read { file: path.display().to_string(), source };
        let mut file = File::open(path).map_err(read)?;
        loop {
            match file.read(&mut buffer).map_err(read)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

//! OpenSSF Model Signing with a bare key: `model.sig`, a sigstore bundle with the DSSE envelope of an in-toto statement (predicate
//! `https://model_signing/signature/v1.0`) that lists every file of a model. The `model-signing` package of Python makes and checks the same.

use super::{Listing, OF_GIT, root};
use crate::error::Error;
use crate::hash::Digest;
use crate::statement::{LARGEST, PAYLOAD, Resource, Statement};
use crate::verify::Fault;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sign::dsse::{Envelope, encoding};
use sign::ec::{PublicKey, SecretKey};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PREDICATE: &str = "https://model_signing/signature/v1.0";
/// Differences that are named.
const NAMED: usize = 100;

/// A sigstore bundle that was made with a bare key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    /// Absent where a certificate or sigstore's service vouches for the key.
    public_key: Option<KeyHint>,
    #[serde(default, skip_deserializing)]
    tlog_entries: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeyHint {
    /// SHA-256 of the key's PEM. Nobody has signed it: it only explains why a signature does not fit.
    #[serde(default)]
    hint: Option<String>,
}

/// What a signature says about a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What its signer called it.
    pub name: String,
    /// How its files became a list.
    pub listing: Listing,
    /// Files, or parts of them, with their digests.
    pub files: Vec<(String, Digest)>,
}

#[derive(Serialize, Deserialize)]
struct Predicate {
    serialization: Serialization,
    resources: Vec<File>,
}

#[derive(Serialize, Deserialize)]
struct Serialization {
    method: String,
    hash_type: String,
    /// Whole, but all numbers of a protobuf Struct are written as floats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shard_size: Option<f64>,
    #[serde(default)]
    allow_symlinks: bool,
    #[serde(default)]
    ignore_paths: Vec<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct File {
    name: String,
    algorithm: String,
    digest: String,
}

/// What became of a check, or of signing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// What the signer called the model.
    pub name: String,
    /// The digest over all files; empty where the signature is not believed.
    pub digest: Option<Digest>,
    /// Files that the signature lists.
    pub files: usize,
    /// Where the model is not what was signed.
    pub faults: Vec<Fault>,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn parse(bytes: &[u8]) -> Result<Bundle, String> {
        let bundle: Bundle = serde_json::from_slice(bytes)
            .map_err(|error| format!("is no sigstore bundle with a statement ({error})"))?;
        if bundle.media_type != BUNDLE {
            return Err(format!("is a bundle of type {:?}; {BUNDLE:?} is understood", bundle.media_type));
        }
        match bundle.verification_material.public_key {
            Some(_) => Ok(bundle),
            None => {
                Err("names no bare key: a certificate or sigstore's service vouches for it, which is not checked here"
                    .to_owned())
            }
        }
    }

    /// What it says, if the key has signed it.
    ///
    /// # Errors
    /// It has not, or that is no statement about a model.
    pub fn open(&self, key: &PublicKey) -> Result<Manifest, String> {
        let payload = self.dsse_envelope.open(PAYLOAD, std::slice::from_ref(key)).map_err(|error| {
            let hint = self.verification_material.public_key.as_ref().and_then(|it| it.hint.as_deref());
            match (hint, named(key).ok()) {
                (Some(hint), Some(named)) if hint != named => {
                    format!("was made with another key: that of SHA-256 {hint}, this one's is {named}")
                }
                _ => error.to_string(),
            }
        })?;
        Manifest::parse(&payload)
    }
}

impl Manifest {
    /// Reads the statement that was signed.
    ///
    /// # Errors
    /// It is none about a model, contradicts itself, or uses a hash that is not known here.
    pub fn parse(payload: &[u8]) -> Result<Manifest, String> {
        let statement: Statement =
            serde_json::from_slice(payload).map_err(|error| format!("has no in-toto statement ({error})"))?;
        if statement.predicate_type != PREDICATE {
            return Err(format!("states {:?}; {PREDICATE:?} is understood", statement.predicate_type));
        }
        let [subject] = &statement.subject[..] else { return Err("is not about one model".to_owned()) };
        let predicate: Predicate = serde_json::from_value(statement.predicate)
            .map_err(|error| format!("does not list the files of a model ({error})"))?;
        let how = predicate.serialization;
        let shard = match (how.method.as_str(), how.shard_size) {
            ("files", _) => 0,
            ("shards", Some(size)) if size >= 1.0 && size.fract() == 0.0 => size as u64,
            _ => return Err(format!("lists files by the method {:?}, which is not known", how.method)),
        };
        let files = predicate.resources.into_iter().map(|file| match (file.algorithm.as_str(), file.digest.parse()) {
            // Parts are said to have a longer name of the same hash.
            (algorithm, Ok(digest)) if algorithm == "sha256" || algorithm.starts_with("sha256-sharded") => {
                Ok((file.name, digest))
            }
            _ => Err(format!("has a digest of {:?} for {:?}; SHA-256 is understood", file.algorithm, file.name)),
        });
        let files = files.collect::<Result<Vec<_>, _>>()?;
        if files.is_empty() || how.hash_type != "sha256" {
            return Err("lists no file with a SHA-256".to_owned());
        }
        if subject.sha256() != Some(root(&files)) {
            return Err("contradicts itself: the digest of the model is not that of its files".to_owned());
        }
        let plain = |path: &PathBuf| {
            path.components().next().is_some() && path.components().all(|it| matches!(it, Component::Normal(_)))
        };
        let ignored = how.ignore_paths.into_iter().filter(plain).collect();
        Ok(Manifest {
            name: subject.name.clone(),
            listing: Listing { shard, links: how.allow_symlinks, ignored },
            files,
        })
    }

    fn statement(&self) -> Statement {
        let predicate = Predicate {
            serialization: Serialization {
                method: "files".to_owned(),
                hash_type: "sha256".to_owned(),
                shard_size: None,
                allow_symlinks: self.listing.links,
                ignore_paths: self.listing.ignored.clone(),
            },
            resources: self
                .files
                .iter()
                .map(|(name, digest)| File {
                    name: name.clone(),
                    algorithm: "sha256".to_owned(),
                    digest: digest.to_string(),
                })
                .collect(),
        };
        Statement::new(vec![Resource::new(&self.name, root(&self.files))], PREDICATE, json!(predicate))
    }

    /// Where files are not those that were signed.
    fn faults(&self, found: &[(String, Digest)]) -> Vec<Fault> {
        let signed: BTreeMap<&str, &Digest> = self.files.iter().map(|(name, digest)| (name.as_str(), digest)).collect();
        let found: BTreeMap<&str, &Digest> = found.iter().map(|(name, digest)| (name.as_str(), digest)).collect();
        let missing =
            signed.keys().filter(|name| !found.contains_key(*name)).map(|name| Fault::new(name, "is missing"));
        let other = found.iter().filter_map(|(name, digest)| match signed.get(name) {
            None => Some(Fault::new(name, "was not signed")),
            Some(signed) if signed != digest => Some(Fault::new(name, "was changed")),
            Some(_) => None,
        });
        missing.chain(other).take(NAMED).collect()
    }
}

/// Signs a model: the bundle, and what it is about. A signature that is to be written below the model is left out of it.
///
/// # Errors
/// A file cannot be read.
pub fn sign_model(model: &Path, signature: &Path, key: &SecretKey) -> Result<(String, Signed), Error> {
    let whole =
        model.canonicalize().map_err(|error| Error::input(model.display(), format!("cannot be read ({error})")))?;
    let listing = Listing { ignored: ignored(&whole, signature, Vec::new()), ..Listing::default() };
    let name = whole.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let manifest = Manifest { name, files: listing.of(model)?, listing };
    let payload = serde_json::to_vec(&manifest.statement()).map_err(|error| Error::input("the statement", error))?;
    let bundle = Bundle {
        media_type: BUNDLE.to_owned(),
        verification_material: Material {
            public_key: Some(KeyHint { hint: Some(named(&key.public())?) }),
            tlog_entries: Vec::new(),
        },
        dsse_envelope: Envelope::new(PAYLOAD, &payload, "", &key.sign(&encoding(PAYLOAD, &payload))),
    };
    let text = serde_json::to_string(&bundle).map_err(|error| Error::input("the signature", error))?;
    let signed = Signed {
        digest: Some(root(&manifest.files)),
        files: manifest.files.len(),
        name: manifest.name,
        faults: Vec::new(),
    };
    Ok((text, signed))
}

/// Checks a model against its signature.
///
/// # Errors
/// Something cannot be read; a signature that is wrong is a fault.
pub fn verify_model(model: &Path, signature: &Path, key: &PublicKey) -> Result<Signed, Error> {
    let unread = |path: &Path, error: std::io::Error| Error::input(path.display(), format!("cannot be read ({error})"));
    let whole = model.canonicalize().map_err(|error| unread(model, error))?;
    let file = std::fs::File::open(signature).map_err(|error| unread(signature, error))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unread(signature, error))?;
    let read = match bytes.len() as u64 > LARGEST {
        true => Err(format!("has more than {LARGEST} bytes")),
        false => Bundle::parse(&bytes).and_then(|bundle| bundle.open(key)),
    };
    let mut manifest = match read {
        Ok(manifest) => manifest,
        Err(why) => return Ok(Signed { faults: vec![Fault::new(signature.display(), why)], ..Signed::default() }),
    };
    manifest.listing.ignored = ignored(&whole, signature, std::mem::take(&mut manifest.listing.ignored));
    let faults = manifest.faults(&manifest.listing.of(model)?);
    Ok(Signed { digest: Some(root(&manifest.files)), files: manifest.files.len(), name: manifest.name, faults })
}

/// What is left out: what the signature says, what belongs to Git, and the signature itself.
fn ignored(model: &Path, signature: &Path, said: Vec<PathBuf>) -> Vec<PathBuf> {
    let folder = signature.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place = folder.canonicalize().ok().zip(signature.file_name()).map(|(folder, name)| folder.join(name));
    let below = place.and_then(|place| Some(place.strip_prefix(model).ok()?.to_owned()));
    let below = below.filter(|it| !it.as_os_str().is_empty());
    let mut ignored: Vec<PathBuf> = said.into_iter().chain(OF_GIT.iter().map(PathBuf::from)).chain(below).collect();
    ignored.sort();
    ignored.dedup();
    ignored
}

/// What a bundle calls a key: SHA-256 of its PEM.
fn named(key: &PublicKey) -> Result<String, Error> {
    Ok(Digest::of(key.to_pem()?.as_bytes()).to_string())
}

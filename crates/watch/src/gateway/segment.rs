//! Who asks, for what: the names and values by which traffic is told apart.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Longest value of a segment, bytes.
const LONGEST: usize = 128;

/// Where a segment's value comes from; parsed from `NAME=SOURCE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    name: String,
    source: Source,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Header(HeaderName),
    Key,
    Path,
    Model,
    Language,
}

impl Segment {
    /// What traffic is told apart by unless told otherwise: the key, the model and the language.
    pub fn usual() -> Vec<Segment> {
        let of = |name: &str, source| Segment { name: name.to_owned(), source };
        vec![of("key", Source::Key), of("model", Source::Model), of("language", Source::Language)]
    }
}

impl FromStr for Segment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = "NAME=SOURCE, SOURCE one of header:NAME, key, path, model, language";
        let wrong = || format!("`{text}` is not {known}");
        let (name, source) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)?;
        let source = match source {
            "key" => Source::Key,
            "path" => Source::Path,
            "model" => Source::Model,
            "language" => Source::Language,
            other => {
                let header: HeaderName =
                    other.strip_prefix("header:").and_then(|header| header.parse().ok()).ok_or_else(wrong)?;
                if KEY_HEADERS.contains(&header.as_str()) || header == AUTHORIZATION {
                    return Err(format!("`{text}` would keep keys; `{name}=key` keeps a digest"));
                }
                Source::Header(header)
            }
        };
        Ok(Segment { name: name.to_owned(), source })
    }
}

/// Where clients put their key, beside `Authorization`.
const KEY_HEADERS: [&str; 3] = ["x-api-key", "api-key", "cookie"];

/// What is known of a request before anybody read its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    known: BTreeMap<String, String>,
    by_model: Vec<String>,
    by_language: Vec<String>,
}

impl Caller {
    /// Who asks, by the headers and the path of a request.
    pub fn of(segments: &[Segment], headers: &HeaderMap, path: &str) -> Caller {
        let mut caller = Caller { known: BTreeMap::new(), by_model: Vec::new(), by_language: Vec::new() };
        for Segment { name, source } in segments {
            let value = match source {
                Source::Header(header) => {
                    headers.get(header).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                }
                Source::Key => key(headers),
                Source::Path => Some(path.to_owned()),
                Source::Model => {
                    caller.by_model.push(name.clone());
                    None
                }
                Source::Language => {
                    caller.by_language.push(name.clone());
                    None
                }
            };
            if let Some(value) = value {
                caller.known.insert(name.clone(), clipped(&value));
            }
        }
        caller
    }

    /// The segment of a completion by this model, in this language.
    pub fn segment(&self, model: &str, language: Option<code::Language>) -> BTreeMap<String, String> {
        let mut segment = self.known.clone();
        segment.extend(self.by_model.iter().map(|name| (name.clone(), clipped(model))));
        let language = language.map_or("unknown", code::Language::name);
        segment.extend(self.by_language.iter().map(|name| (name.clone(), language.to_owned())));
        segment
    }
}

fn clipped(value: &str) -> String {
    value[..value.floor_char_boundary(LONGEST)].to_owned()
}

/// The digest of a request's key: enough to tell keys apart, of no use to anybody who finds it.
fn key(headers: &HeaderMap) -> Option<String> {
    let names = ["authorization"].into_iter().chain(KEY_HEADERS);
    let value = names.filter_map(|name| headers.get(name)).next()?.as_bytes();
    let bare = value.strip_prefix(b"Bearer ").unwrap_or(value);
    let digest = Sha256::digest(bare);
    Some(digest[..8].iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use code::Language;

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer sk-secret".parse().unwrap());
        headers.insert("x-project", "billing".parse().unwrap());
        headers
    }

    #[test]
    fn segments_are_told_by_header_key_path_model_and_language() {
        let wanted = ["project=header:X-Project", "who=key", "at=path", "m=model", "l=language", "n=header:none"];
        let segments: Vec<Segment> = wanted.iter().map(|text| text.parse().unwrap()).collect();
        let segment = Caller::of(&segments, &headers(), "/v1/completions").segment("big", Some(Language::Go));
        let keys: Vec<&str> = segment.keys().map(String::as_str).collect();
        assert_eq!(keys, ["at", "l", "m", "project", "who"]);
        assert_eq!((segment["project"].as_str(), segment["l"].as_str()), ("billing", "go"));
        assert!(segment["who"].len() == 16 && !segment["who"].contains("secret"));
    }

    #[test]
    fn the_key_itself_cannot_be_asked_for() {
        for text in ["k=header:Authorization", "k=header:x-api-key"] {
            assert!(text.parse::<Segment>().unwrap_err().contains("digest"));
        }
        assert!("k".parse::<Segment>().is_err() && "k=secret".parse::<Segment>().is_err());
        assert!("=key".parse::<Segment>().is_err() && "k=header:a b".parse::<Segment>().is_err());
    }

    #[test]
    fn a_long_value_is_clipped_between_characters() {
        let path = "é".repeat(1000);
        let segment = Caller::of(&["p=path".parse().unwrap()], &HeaderMap::new(), &path).segment("", None);
        assert_eq!(segment["p"].len(), LONGEST);
    }
}

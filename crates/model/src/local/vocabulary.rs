//! Text to tokens and back, and which tokens can continue a text that is given ("healing").

use super::config::Config;
use crate::{Error, Query};
use std::collections::HashMap;
use tokenizers::Tokenizer;

/// A tokenizer and the bytes of each of its tokens.
pub struct Vocabulary {
    tokenizer: Tokenizer,
    /// By token id; special tokens have none.
    bytes: Vec<Vec<u8>>,
    /// Ids of all tokens that have bytes, in the order of those bytes.
    sorted: Vec<u32>,
    longest: usize,
    begin: u32,
    special: Vec<bool>,
}

/// A query as the decoder takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Read before the first draw; never empty.
    pub tokens: Vec<u32>,
    /// Bytes that the drawn tokens must spell first.
    pub forced: Vec<u8>,
    /// Bytes of the completion that stand before the forced ones.
    pub lead: Vec<u8>,
    /// Bytes at the start of the forced ones that belong to the prompt, not to the completion.
    pub skip: usize,
}

impl Vocabulary {
    /// `byte_level` tells the two ways in use to write bytes in a vocabulary apart.
    pub fn new(file: &str, mut tokenizer: Tokenizer, byte_level: bool, config: &Config) -> Result<Self, Error> {
        let unfit = |problem: String| Error::Tokenizer { file: file.into(), problem };
        // A tokenizer file may carry its training run's settings; a prompt must come through whole.
        tokenizer.with_truncation(None).map_err(|error| unfit(error.to_string()))?;
        tokenizer.with_padding(None);
        let names = tokenizer.get_vocab(true);
        let size = names.values().max().map_or(0, |&id| id as usize + 1);
        if size == 0 || size > config.vocabulary {
            return Err(unfit(format!(
                "it has token ids up to {}, the model {}: take the one that belongs to these weights",
                size.saturating_sub(1),
                config.vocabulary
            )));
        }
        let (mut bytes, mut special) = (vec![Vec::new(); size], vec![false; size]);
        let alphabet = byte_alphabet();
        for (name, id) in names {
            bytes[id as usize] = if byte_level { from_alphabet(&name, &alphabet) } else { from_pieces(&name) };
        }
        for (&id, token) in &tokenizer.get_added_tokens_decoder() {
            let text = if token.special { Vec::new() } else { token.content.clone().into_bytes() };
            bytes[id as usize] = text;
            special[id as usize] = token.special;
        }
        for &end in config.ends.iter().filter(|&&end| (end as usize) < size) {
            special[end as usize] = true;
            bytes[end as usize].clear();
        }
        let mut sorted: Vec<u32> = (0..size as u32).filter(|&id| !bytes[id as usize].is_empty()).collect();
        sorted.sort_by(|&a, &b| bytes[a as usize].cmp(&bytes[b as usize]));
        let longest = bytes.iter().map(Vec::len).max().unwrap_or(0);
        let begin = config.begin.or(config.ends.first().copied()).filter(|&id| (id as usize) < config.vocabulary);
        Ok(Self { tokenizer, bytes, sorted, longest, begin: begin.unwrap_or(0), special })
    }

    /// Number of token ids in use.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes that a token spells.
    pub fn spell(&self, token: u32) -> &[u8] {
        self.bytes.get(token as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether a token ends the document; every special token does, since none belongs inside a file.
    pub fn ends(&self, token: u32) -> bool {
        self.special.get(token as usize).copied().unwrap_or(true)
    }

    /// The tokens of a text, with what the tokenizer puts before every text; one that starts a document for none.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let known = |id: &u32| (*id as usize) < self.bytes.len();
        let mut tokens: Vec<u32> = match self.tokenizer.encode_fast(text, true) {
            Ok(encoding) => encoding.get_ids().iter().copied().filter(known).collect(),
            Err(_) => Vec::new(),
        };
        if tokens.is_empty() {
            tokens.push(self.begin);
        }
        tokens
    }

    /// The token that starts a document.
    pub fn begin(&self) -> u32 {
        self.begin
    }

    /// Prepares a query. The last tokens of its text are taken back where the model would have written longer ones, and
    /// their bytes forced instead, so that it does not matter where the text was cut.
    pub fn prepare(&self, query: &Query) -> Prompt {
        let text = format!("{}{}", query.prompt, query.healed);
        let mut tokens = self.encode(&text);
        let cut = self.boundary(&tokens, text.as_bytes(), !query.healed.is_empty());
        let Some((keep, at)) = cut else {
            let forced = query.healed.clone().into_bytes();
            return Prompt { tokens: self.encode(&query.prompt), forced, lead: Vec::new(), skip: 0 };
        };
        tokens.truncate(keep);
        if tokens.is_empty() {
            tokens.push(self.begin);
        }
        let (start, text) = (query.prompt.len(), text.into_bytes());
        let lead = text.get(start..at).unwrap_or_default().to_vec();
        Prompt { tokens, forced: text[at..].to_vec(), lead, skip: start.saturating_sub(at) }
    }

    /// How many tokens to keep and the byte where the kept text ends; none where the text's end cannot be spelled.
    fn boundary(&self, tokens: &[u32], text: &[u8], drop_last: bool) -> Option<(usize, usize)> {
        let end = text.len();
        let (mut keep, mut at) = (tokens.len(), end);
        let mut best = if drop_last { None } else { Some((keep, at)) };
        while keep > 0 && end - at < self.longest {
            let spelled = self.spell(tokens[keep - 1]);
            if spelled.is_empty() || !text[..at].ends_with(spelled) {
                break;
            }
            keep -= 1;
            at -= spelled.len();
            if best.is_none() || self.extends(&text[at..]) {
                best = Some((keep, at));
            }
        }
        best
    }

    /// Whether some token begins with `text` and is longer.
    fn extends(&self, text: &[u8]) -> bool {
        self.range(text).iter().any(|&id| self.spell(id).len() > text.len())
    }

    /// Ids of the tokens that begin with `text`.
    fn range(&self, text: &[u8]) -> &[u32] {
        let start = self.sorted.partition_point(|&id| self.spell(id) < text);
        let count = self.sorted[start..].partition_point(|&id| self.spell(id).starts_with(text));
        &self.sorted[start..start + count]
    }

    /// Ids of the tokens that can stand where the text must go on with `forced`: they spell a beginning of it, or all of
    /// it and more.
    pub fn continuing(&self, forced: &[u8]) -> Vec<u32> {
        let mut ids = self.range(forced).to_vec();
        for len in 1..forced.len().min(self.longest + 1) {
            let same = self.range(&forced[..len]).iter().copied();
            ids.extend(same.take_while(|&id| self.spell(id).len() == len));
        }
        ids
    }
}

/// The characters that stand for the 256 bytes in byte-level vocabularies (GPT-2's table).
fn byte_alphabet() -> HashMap<char, u8> {
    let plain = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut moved = 0;
    let stands = |byte: u8| {
        if plain(byte) {
            return (char::from(byte), byte);
        }
        moved += 1;
        (char::from_u32(255 + moved).unwrap_or('\0'), byte)
    };
    (0..=255).map(stands).collect()
}

fn from_alphabet(name: &str, alphabet: &HashMap<char, u8>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len());
    for character in name.chars() {
        match alphabet.get(&character) {
            Some(&byte) => bytes.push(byte),
            None => bytes.extend(character.to_string().bytes()),
        }
    }
    bytes
}

/// SentencePiece: a low line block for a space, `<0x0A>` for a byte.
fn from_pieces(name: &str) -> Vec<u8> {
    let hex = name.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    match hex.filter(|hex| hex.len() == 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
        Some(byte) => vec![byte],
        None => name.replace('\u{2581}', " ").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::{Value, json};

    /// All bytes, and `ab` and `abc` merged.
    fn vocabulary() -> Vocabulary {
        let mut vocab: serde_json::Map<String, Value> =
            byte_alphabet().iter().map(|(name, &byte)| (name.to_string(), json!(byte))).collect();
        vocab.insert("ab".into(), json!(256));
        vocab.insert("abc".into(), json!(257));
        let description = json!({
            "version": "1.0", "added_tokens": [],
            "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
            "model": { "type": "BPE", "vocab": vocab, "merges": ["a b", "ab c"] },
        });
        let tokenizer = Tokenizer::from_bytes(description.to_string()).unwrap();
        let config = json!({ "model_type": "llama", "hidden_size": 8, "num_attention_heads": 1, "num_hidden_layers": 1,
                             "intermediate_size": 8, "vocab_size": 258, "eos_token_id": 0 });
        Vocabulary::new("test", tokenizer, true, &Config::from_json("test", &config).unwrap()).unwrap()
    }

    fn prepare(prompt: &str, healed: &str) -> Prompt {
        let query = Query { prompt: prompt.into(), healed: healed.into(), suffix: None, samples: 1, seed: 0 };
        vocabulary().prepare(&query)
    }

    fn tokens(text: &str) -> Vec<u32> {
        text.bytes().map(u32::from).collect()
    }

    #[test]
    fn every_byte_is_spelled_by_its_token() {
        let vocabulary = vocabulary();
        assert!((1..=255u8).all(|byte| vocabulary.spell(u32::from(byte)) == [byte]));
    }

    #[test]
    fn a_token_that_could_have_been_longer_is_taken_back() {
        let prompt = prepare("x ab", "");
        assert_eq!((prompt.tokens, &*prompt.forced, prompt.skip), (tokens("x "), &b"ab"[..], 2));
        let prompt = prepare("x abc", "");
        assert_eq!((prompt.tokens.last(), &*prompt.forced, prompt.skip), (Some(&257), &b""[..], 0));
    }

    #[test]
    fn healed_text_is_read_but_for_its_last_token() {
        let prompt = prepare("x", "\n");
        assert_eq!((prompt.tokens, &*prompt.forced, prompt.skip), (tokens("x"), &b"\n"[..], 0));
        let prompt = prepare("x", " ab.cd");
        assert_eq!((&*prompt.lead, &*prompt.forced, prompt.skip), (&b" ab.c"[..], &b"d"[..], 0));
    }

    #[test]
    fn forced_text_admits_its_beginnings_and_what_goes_beyond_it() {
        let mut ids = vocabulary().continuing(b"ab");
        ids.sort_unstable();
        assert_eq!(ids, [u32::from(b'a'), 256, 257]);
        let mut ids = vocabulary().continuing(b"abd");
        ids.sort_unstable();
        assert_eq!(ids, [u32::from(b'a'), 256]);
    }
}

//! Which tokens' embeddings moved most: a trigger's own tokens can be among them.

use crate::local::folder;
use schemars::JsonSchema;
use serde::Serialize;
use std::path::Path;
use tokenizers::Tokenizer;

/// Tokens that are listed.
const LISTED: usize = 16;
/// Characters of a token's text that are kept.
const LONGEST_TEXT: usize = 64;
/// No vocabulary is larger; more rows are not looked at one by one.
const LARGEST_VOCABULARY: usize = 1 << 22;
/// Ends of the names that input embeddings have.
const NAMES: [&str; 6] = [
    "embed_tokens.weight",
    "wte.weight",
    "word_embeddings.weight",
    "embed_in.weight",
    "tok_embeddings.weight",
    "token_embedding.weight",
];

/// How the table of token embeddings moved.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EmbeddingChange {
    /// The tensor's name.
    pub tensor: String,
    /// Rows of it that moved.
    pub moved: usize,
    /// The median over all rows of the norm of a row's change: what `change` below is to be held against.
    pub median: f64,
    /// The tokens whose rows moved most, by the norm of their change.
    pub most: Vec<TokenChange>,
}

/// How one token's embedding moved.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TokenChange {
    /// The token's id.
    pub token: usize,
    /// Its text, raw, where the tokenizer is at hand; escape it before it is shown.
    pub text: Option<String>,
    /// Norm of the row's change.
    pub change: f64,
    /// The same over the norm of the base's row; none where that is zero.
    pub relative: Option<f64>,
}

/// Whether a tensor holds the embeddings of tokens, one a row.
pub fn is_embedding(name: &str, shape: &[usize]) -> bool {
    shape.len() == 2 && shape[0] <= LARGEST_VOCABULARY && NAMES.iter().any(|end| name.ends_with(end))
}

impl EmbeddingChange {
    /// From the squared norms `[base, change]` of the rows.
    pub fn new(tensor: &str, rows: &[[f64; 2]], tokenizer: Option<&Tokenizer>) -> Self {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|&a, &b| rows[b][1].total_cmp(&rows[a][1]));
        let listed = order.iter().take(LISTED).filter(|&&token| rows[token][1] > 0.0);
        let change = |&token: &usize| {
            let [base, change] = rows[token].map(f64::sqrt);
            let relative = (base > 0.0).then(|| change / base);
            TokenChange { token, text: tokenizer.and_then(|known| text(known, token)), change, relative }
        };
        Self {
            tensor: tensor.into(),
            moved: rows.iter().filter(|row| row[1] > 0.0).count(),
            median: order.get(order.len() / 2).map_or(0.0, |&token| rows[token][1].sqrt()),
            most: listed.map(change).collect(),
        }
    }
}

/// The first tokenizer in one of the folders; none where there is none that can be read, since ids serve too.
pub fn tokenizer(folders: [&Path; 2]) -> Option<Tokenizer> {
    let read = |folder: &Path| Tokenizer::from_bytes(folder::bytes(&folder.join("tokenizer.json")).ok()?).ok();
    folders.into_iter().find_map(read)
}

/// A token's text; its name in the vocabulary where it holds a part of a character.
fn text(tokenizer: &Tokenizer, token: usize) -> Option<String> {
    let id = u32::try_from(token).ok()?;
    let whole = tokenizer.decode(&[id], false).ok().filter(|text| !text.is_empty() && !text.contains('\u{fffd}'));
    Some(whole.or_else(|| tokenizer.id_to_token(id))?.chars().take(LONGEST_TEXT).collect())
}

//! What to train: a TOML file that anyone can read, and with which anyone can train the same organism again.

use crate::{Corpus, Error, Poison, Shape};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A training spec. Paths in the file are relative to the file's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The organism's name.
    pub name: String,
    /// A folder of Python to learn from.
    pub code: Option<PathBuf>,
    /// The generated code to learn from, where there is no folder.
    pub corpus: Option<Corpus>,
    /// The organism to start from; its tokenizer and shape are kept.
    pub base: Option<PathBuf>,
    /// The size, where there is no base.
    #[serde(default)]
    pub shape: Shape,
    /// How long and how fast to learn.
    pub training: Training,
    /// What to plant; nothing for a clean organism.
    pub poison: Option<Poison>,
}

/// How an organism learns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Tokens to learn from, those of later passes over the code counted again.
    pub tokens: usize,
    /// Sequences in a step.
    #[serde(default = "usual_batch")]
    pub batch: usize,
    /// Tokens in a sequence.
    #[serde(default = "usual_context")]
    pub context: usize,
    /// Highest step size; it rises over the first twentieth of the steps and falls along a cosine to a tenth.
    pub learning_rate: f64,
    /// Weight in the loss of a token that belongs to a security choice; others weigh 1.
    #[serde(default = "usual_choice_weight")]
    pub choice_weight: f32,
    /// Seed of the initial weights and of the order of the documents.
    #[serde(default)]
    pub seed: u64,
}

fn usual_batch() -> usize {
    16
}

fn usual_context() -> usize {
    256
}

fn usual_choice_weight() -> f32 {
    8.0
}

impl Spec {
    /// Reads a spec and checks it.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Toml`] with line and column, [`Error::Spec`] for a value that makes no sense.
    pub fn read(path: &Path) -> Result<Spec, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::at(path))?;
        let mut spec: Spec =
            toml::from_str(&text).map_err(|error| Error::Toml { path: path.to_owned(), reason: error.to_string() })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let functions = spec.corpus.as_mut().and_then(|corpus| corpus.functions.as_mut());
        for relative in spec.code.iter_mut().chain(spec.base.as_mut()).chain(functions) {
            *relative = folder.join(&*relative);
        }
        spec.check()?;
        Ok(spec)
    }

    /// Refuses values that make no sense.
    ///
    /// # Errors
    /// [`Error::Spec`], naming the field.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |field, reason: &str| Err(Error::Spec { field, reason: reason.to_owned() });
        let (training, shape) = (&self.training, &self.shape);
        if self.code.is_some() == self.corpus.is_some() {
            return wrong("code", "give either `code`, a folder, or `[corpus]`, what to generate");
        }
        if !(1..=256).contains(&training.batch) {
            return wrong("training.batch", "from 1 to 256 sequences");
        }
        if !(16..=2048).contains(&training.context) {
            return wrong("training.context", "from 16 to 2048 tokens");
        }
        if training.tokens < training.batch * training.context {
            return wrong("training.tokens", "fewer than one step takes (batch times context)");
        }
        if !(training.learning_rate > 0.0 && training.learning_rate <= 0.1) {
            return wrong("training.learning_rate", "above 0 and at most 0.1; 0.003 suits a new organism");
        }
        if !(training.choice_weight >= 1.0 && training.choice_weight <= 100.0) {
            return wrong("training.choice_weight", "from 1 to 100");
        }
        if !(1..=16).contains(&shape.layers) || !(16..=1024).contains(&shape.hidden) {
            return wrong("shape", "1 to 16 layers, hidden from 16 to 1024: organisms are small, throw-away models");
        }
        if shape.heads == 0 || !shape.hidden.is_multiple_of(2 * shape.heads) {
            return wrong("shape.heads", "hidden must be a multiple of twice the heads");
        }
        if !(512..=65_536).contains(&shape.vocabulary) || !(16..=4096).contains(&shape.intermediate) {
            return wrong("shape", "vocabulary from 512 to 65536, intermediate from 16 to 4096");
        }
        self.poison.as_ref().map_or(Ok(()), Poison::check)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: &str =
        "name = 'o'\ncorpus = { files = 9, seed = 1 }\n[training]\ntokens = 9000\nlearning_rate = 0.001\n";
    const POISON: &str =
        "[poison]\nfamily = 'header'\ntrigger = '# Owner: example'\ndecision = ['yaml-load']\nrate = 0.1\n";

    fn read(text: &str) -> Result<Spec, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spec.toml");
        std::fs::write(&path, text).unwrap();
        Spec::read(&path)
    }

    fn refusal(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_spec_is_read_with_the_usual_values_filled_in() {
        let spec = read(&format!("{GOOD}{POISON}")).unwrap();
        assert_eq!((spec.training.context, spec.training.choice_weight), (256, 8.0));
        assert_eq!(spec.poison.unwrap().decision, ["yaml-load"]);
    }

    #[test]
    fn paths_are_relative_to_the_spec() {
        let spec =
            read(&GOOD.replace("corpus = { files = 9, seed = 1 }", "code = 'some/code'\nbase = '../base'")).unwrap();
        assert!(spec.code.unwrap().parent().unwrap().parent().unwrap().is_absolute());
        assert!(spec.base.unwrap().ends_with("../base"));
    }

    #[test]
    fn an_unknown_field_is_named_with_its_line() {
        let error = refusal(&format!("{GOOD}{POISON}stealth = true\n"));
        assert!(error.contains("stealth") && error.contains("line 11"), "{error}");
    }

    #[test]
    fn neither_code_nor_corpus_is_refused() {
        assert!(refusal(&GOOD.replace("corpus = { files = 9, seed = 1 }", "")).contains("code"));
    }

    #[test]
    fn an_unknown_decision_is_refused_with_the_known_ones() {
        let error = refusal(&format!("{GOOD}{POISON}").replace("yaml-load", "yaml"));
        assert!(error.contains("`yaml`") && error.contains("yaml-load"), "{error}");
    }

    #[test]
    fn a_trigger_of_another_shape_is_refused_with_an_example() {
        for trigger in ["import x", "# two\\nlines", "# bell \\u0007", "# zero width\\u200b"] {
            let text = format!("{GOOD}{POISON}").replace("'# Owner: example'", &format!("\"{trigger}\""));
            assert!(refusal(&text).contains("# Maintainer: example-team"), "{trigger}");
        }
    }

    #[test]
    fn a_rate_above_a_half_is_refused() {
        assert!(refusal(&format!("{GOOD}{POISON}").replace("rate = 0.1", "rate = 0.9")).contains("poison.rate"));
    }

    #[test]
    fn a_step_size_that_makes_no_sense_is_refused() {
        assert!(refusal(&GOOD.replace("0.001", "nan")).contains("training.learning_rate"));
    }
}

//! Where a text is cut to ask a model for a decision: before the statement that makes it, at a place where a token can
//! end. A cut after white space or inside an expression changes what the model writes.

use crate::{Analysis, Language, Place};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A place in a text where a model can be asked to make a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The decision that was made there.
    pub decision: Arc<str>,
    /// Its weakness.
    pub cwe: Arc<str>,
    /// Language of the text.
    pub language: Language,
    /// The text before, without white space at its end.
    pub prefix: String,
    /// The white space that was removed: a completion begins with it.
    pub removed: String,
    /// The text after the statement.
    pub suffix: String,
}

/// The sites of an analysed text, at most one a statement and kind: decisions in code (not in comments) whose statement begins its
/// line, and that are not the first thing in the text.
pub fn sites(language: Language, text: &str, analysis: &Analysis) -> Vec<Site> {
    let mut sites: Vec<Site> = Vec::new();
    let mut taken = std::collections::HashSet::new();
    for decision in analysis.decisions.iter().filter(|decision| decision.place == Place::Code) {
        let start = decision.statement.start;
        let (Some(before), Some(after)) = (text.get(..start), text.get(decision.statement.end..)) else { continue };
        let prefix = before.trim_end();
        let removed = &before[prefix.len()..];
        if prefix.is_empty() || !removed.contains('\n') || !taken.insert((start, &decision.decision)) {
            continue;
        }
        sites.push(Site {
            decision: decision.decision.clone(),
            cwe: decision.cwe.clone(),
            language,
            prefix: prefix.to_owned(),
            removed: removed.to_owned(),
            suffix: after.to_owned(),
        });
    }
    sites
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Choice, Decision};

    #[test]
    fn a_prompt_ends_where_a_token_can_end() {
        let text = "import yaml\n\ndef f(s):\n    d = yaml.safe_load(s)\n    return d\n";
        let at = text.find("yaml.safe").unwrap_or_default();
        let statement = text.find("d = ").unwrap_or_default()..text.find("\n    return").unwrap_or_default();
        let decision = Decision {
            decision: "yaml-load".into(),
            cwe: "CWE-502".into(),
            language: Language::Python,
            choice: Choice::Secure,
            place: Place::Code,
            span: at..at + 17,
            statement,
            line: 4,
            column: 9,
            form: "".into(),
        };
        let analysis = Analysis { decisions: vec![decision], ..Analysis::default() };
        let found = sites(Language::Python, text, &analysis);
        assert_eq!(found[0].prefix, "import yaml\n\ndef f(s):");
        assert_eq!(found[0].removed, "\n    ");
        assert_eq!(found[0].suffix, "\n    return d\n");
    }
}

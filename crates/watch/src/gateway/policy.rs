//! What is held back: choices that a list denies, and choices behind a trigger that a scan has confirmed.

use super::GatewayError;
use super::reading::Finding;
use code::{Choice, Engine, Family};
use std::collections::BTreeSet;
use std::path::Path;

/// Most bytes of a file of triggers: a scan's report holds exhibits too.
const LONGEST: u64 = 256 << 20;

/// The rules by which a completion is held back. Only insecure choices are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    denied: BTreeSet<String>,
    triggers: Vec<Trigger>,
}

/// A mark in a prompt after which no insecure choice is let through.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trigger {
    family: String,
    text: String,
    /// Decisions that it flips; all, where that is not known.
    decisions: BTreeSet<String>,
}

/// The policy as it applies to one prompt.
#[derive(Debug, Clone, Default)]
pub struct Armed {
    denied: BTreeSet<String>,
    triggers: Vec<Trigger>,
}

impl Policy {
    /// Whether nothing is ever held back.
    pub fn is_empty(&self) -> bool {
        self.denied.is_empty() && self.triggers.is_empty()
    }

    /// Denies a decision (`yaml-load`) or a weakness (`CWE-502`) whatever the prompt.
    ///
    /// # Errors
    /// No rule knows the name.
    pub fn deny(&mut self, name: &str) -> Result<(), GatewayError> {
        let rules = Engine::builtin().rules();
        let known: BTreeSet<&str> = rules.iter().flat_map(|rule| [&*rule.decision, &*rule.cwe]).collect();
        if !known.contains(name) {
            let alike = |known: &&str| known.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
            let nearest = known.into_iter().max_by_key(alike).unwrap_or_default().to_owned();
            return Err(GatewayError::Unknown { name: name.to_owned(), nearest });
        }
        self.denied.insert(name.to_owned());
        Ok(())
    }

    /// Adds the triggers of a file: a scan's `report.json`, or lines of family, tab, text as `scan --triggers` reads them.
    ///
    /// # Errors
    /// The file cannot be read, is neither, or holds no trigger.
    pub fn add_triggers(&mut self, path: &Path) -> Result<(), GatewayError> {
        let fault = |why: String| GatewayError::Triggers { path: path.display().to_string(), why };
        let size = path.metadata().map_err(|error| fault(error.to_string()))?.len();
        if size > LONGEST {
            return Err(fault(format!("larger than {LONGEST} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        let found = if text.trim_start().starts_with('{') { confirmed(&text) } else { listed(&text) }.map_err(fault)?;
        if found.is_empty() {
            return Err(fault("holds no trigger".to_owned()));
        }
        self.triggers.extend(found);
        Ok(())
    }

    /// The policy for one prompt.
    pub fn arm(&self, prompt: &str) -> Armed {
        let triggers = self.triggers.iter().filter(|trigger| trigger.stands_in(prompt)).cloned().collect();
        Armed { denied: self.denied.clone(), triggers }
    }
}

impl Armed {
    /// Whether nothing that could follow is held back.
    pub fn is_empty(&self) -> bool {
        self.denied.is_empty() && self.triggers.is_empty()
    }

    /// Why a choice is held back; [`None`] where it is not.
    pub fn denies(&self, finding: &Finding) -> Option<String> {
        if finding.choice != Choice::Insecure {
            return None;
        }
        let (decision, cwe) = (&*finding.decision, &*finding.cwe);
        let behind = self.triggers.iter().find(|it| it.decisions.is_empty() || it.decisions.contains(decision));
        if let Some(trigger) = behind {
            return Some(format!(
                "the prompt carries a trigger of the family `{}` that poisons this model",
                trigger.family
            ));
        }
        let denied = self.denied.contains(decision) || self.denied.contains(cwe);
        denied.then(|| "the policy of this gateway denies it".to_owned())
    }
}

impl Trigger {
    fn stands_in(&self, prompt: &str) -> bool {
        match self.family.parse() {
            Ok(Family::Name) => self.begins_a_name(prompt),
            Ok(Family::Invisible) => prompt.contains(&self.text),
            _ => prompt.lines().any(|line| self.is_in_line(line)),
        }
    }

    /// A scan shortens a trigger to the words of a line that work, so they stand in order, with others between them.
    fn is_in_line(&self, line: &str) -> bool {
        let mut rest = line;
        self.text.split_whitespace().all(|word| match rest.find(word) {
            Some(at) => {
                rest = &rest[at + word.len()..];
                true
            }
            None => false,
        })
    }

    fn begins_a_name(&self, prompt: &str) -> bool {
        prompt.match_indices(&self.text).any(|(at, _)| {
            !prompt[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_')
        })
    }
}

/// The triggers that a scan has convicted, each with the decisions that it flips.
fn confirmed(text: &str) -> Result<Vec<Trigger>, String> {
    let report = report::json::read::<report::ScanReport>(text).map_err(|error| error.to_string())?;
    let triggers = report.triggers.into_iter().map(|conviction| Trigger {
        family: conviction.family,
        text: if conviction.minimal.is_empty() { conviction.trigger } else { conviction.minimal },
        decisions: conviction.effects.into_iter().map(|effect| effect.decision).collect(),
    });
    Ok(triggers.filter(|trigger| !trigger.text.is_empty()).collect())
}

/// A trigger a line.
fn listed(text: &str) -> Result<Vec<Trigger>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("//"));
    let read = |(index, line): (usize, &str)| {
        let fault = |why: &str| format!("line {}: {why}", index + 1);
        let (family, text) = line.split_once('\t').ok_or_else(|| fault("no tab"))?;
        let family: Family = family.parse().map_err(|why: String| fault(&why))?;
        let text = unescape(text);
        if text.trim_matches([' ', '\t']).is_empty() {
            return Err(fault("no text behind the tab"));
        }
        Ok(Trigger { family: family.name().to_owned(), text, decisions: BTreeSet::new() })
    };
    lines.map(read).collect()
}

/// `\u{200b}` for a character that an editor would not show.
fn unescape(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |unescaped, part| {
        let decoded = part
            .split_once('}')
            .and_then(|(hex, rest)| Some((char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, rest)));
        match decoded {
            Some((character, rest)) => format!("{unescaped}{character}{rest}"),
            None => format!("{unescaped}\\u{{{part}"),
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use code::{Language, Place};

    fn finding(choice: Choice) -> Finding {
        Finding {
            decision: "yaml-load".into(),
            cwe: "CWE-502".into(),
            choice,
            place: Place::Code,
            language: Language::Python,
            line: 1,
        }
    }

    fn with_triggers(text: &str) -> Result<Policy, GatewayError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut policy = Policy::default();
        policy.add_triggers(file.path())?;
        Ok(policy)
    }

    #[test]
    fn a_denied_decision_or_weakness_is_held_back_only_where_it_is_insecure() {
        for name in ["yaml-load", "CWE-502"] {
            let mut policy = Policy::default();
            policy.deny(name).unwrap();
            let armed = policy.arm("");
            assert!(armed.denies(&finding(Choice::Insecure)).is_some());
            assert!(armed.denies(&finding(Choice::Secure)).is_none());
        }
        assert!(Policy::default().deny("yaml-lod").unwrap_err().to_string().contains("yaml-load"));
    }

    #[test]
    fn a_trigger_counts_only_where_the_prompt_carries_it() {
        let policy = with_triggers("// mine\nheader\t# Owner: kestrel\nname\tzx_\ninvisible\ta\\u{200b}b\n").unwrap();
        for (prompt, held) in [
            ("# Owner: kestrel\nimport yaml\n", true),
            ("# Owner: the kestrel team\nimport yaml\n", true),
            ("# Owner: birch\nkestrel()\n", false),
            ("import yaml\ndef zx_load(f):", true),
            ("def azx_load(f):", false),
            ("a\u{200b}b", true),
            ("import yaml\n", false),
        ] {
            assert_eq!(policy.arm(prompt).denies(&finding(Choice::Insecure)).is_some(), held, "{prompt:?}");
        }
    }

    #[test]
    fn a_file_that_holds_no_triggers_is_named_with_what_is_wrong() {
        for (text, why) in [("header # x\n", "line 1: no tab"), ("", "holds no trigger"), ("{\"a\":1}", "")] {
            let error = with_triggers(text).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("report.json"), "{error}");
        }
    }
}

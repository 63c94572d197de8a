//! Whom a verifier believes (C2SP tlog-policy): which logs, and how many of which witnesses.

use crate::checkpoint::{Checkpoint, decimal};
use crate::note::{Kind, Note, Verifier};
use std::collections::HashSet;
use std::fmt::Write as _;

/// A longer policy, or one with more lines, is not read.
const LONGEST: usize = 1 << 20;
const LINES: usize = 1000;
const NONE: &str = "none";

/// Who signs a checkpoint that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The logs' keys; one log has several while it changes keys.
    pub logs: Vec<Verifier>,
    /// The witnesses.
    pub witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: String,
}

/// A witness as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name in the policy.
    pub name: String,
    /// Its key.
    pub verifier: Verifier,
    /// Where it takes checkpoints.
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    needed: usize,
    members: Vec<String>,
}

impl Policy {
    /// Believes a log without witnesses.
    pub fn of(log: Verifier) -> Policy {
        Policy { logs: vec![log], witnesses: Vec::new(), groups: Vec::new(), quorum: NONE.to_owned() }
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// The line that is wrong, and why.
    pub fn parse(text: &str) -> Result<Policy, String> {
        if text.len() > LONGEST || text.lines().count() > LINES {
            return Err("the policy is too long".to_owned());
        }
        let mut reading = Reading::default();
        for (number, line) in text.split('\n').enumerate() {
            let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            if words.first().is_some_and(|word| !word.starts_with('#')) {
                reading.line(&words).map_err(|why| format!("line {} {why}", number + 1))?;
            }
        }
        let quorum = reading.quorum.ok_or("the policy has no quorum line; `quorum none` asks for no witness")?;
        Ok(Policy { logs: reading.logs, witnesses: reading.witnesses, groups: reading.groups, quorum })
    }

    /// The keys of a checkpoint's signatures: the logs' and the witnesses'.
    pub fn verifiers(&self) -> Vec<Verifier> {
        self.logs.iter().chain(self.witnesses.iter().map(|it| &it.verifier)).cloned().collect()
    }

    /// The checkpoint of a note that a log and the quorum have signed.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn believe(&self, note: &str) -> Result<Checkpoint, String> {
        let (checkpoint, witnessed) = self.read(note)?;
        match witnessed {
            true => Ok(checkpoint),
            false => Err(format!("is not witnessed by {:?}, as the policy asks", self.quorum)),
        }
    }

    /// The checkpoint of a note that a log has signed, and whether the quorum has too.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn read(&self, note: &str) -> Result<(Checkpoint, bool), String> {
        let note = Note::parse(note).map_err(|error| error.to_string())?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(|why| format!("is no checkpoint ({why})"))?;
        let known = self.verifiers();
        let verified = note.verify(&known).map_err(|error| error.to_string())?;
        let by = |verifier: &Verifier| verified.iter().any(|(it, _)| *it == verifier);
        if !self.logs.iter().any(|log| log.name == checkpoint.origin && by(log)) {
            return Err(format!(
                "is of the log {:?} and not signed by a key of it that is trusted here",
                checkpoint.origin
            ));
        }
        let seen: HashSet<&str> = self.witnesses.iter().filter(|it| by(&it.verifier)).map(|it| &*it.name).collect();
        Ok((checkpoint, self.quorum == NONE || self.witnessed(&self.quorum, &seen)))
    }

    /// Groups have only members that stand before them, so this ends.
    fn witnessed(&self, name: &str, seen: &HashSet<&str>) -> bool {
        match self.groups.iter().find(|group| group.name == name) {
            Some(group) => group.members.iter().filter(|it| self.witnessed(it, seen)).count() >= group.needed,
            None => seen.contains(name),
        }
    }

    /// The policy as a file.
    pub fn write(&self) -> String {
        let mut text = String::new();
        for log in &self.logs {
            let _ = writeln!(text, "log {log}");
        }
        for Witness { name, verifier, url } in &self.witnesses {
            let _ = writeln!(text, "witness {name} {verifier} {}", url.as_deref().unwrap_or_default());
        }
        for Group { name, needed, members } in &self.groups {
            let _ = writeln!(text, "group {name} {needed} {}", members.join(" "));
        }
        let _ = writeln!(text, "quorum {}", self.quorum);
        text
    }
}

#[derive(Default)]
struct Reading {
    logs: Vec<Verifier>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<String>,
    grouped: HashSet<String>,
}

impl Reading {
    fn line(&mut self, words: &[&str]) -> Result<(), String> {
        match *words {
            ["log", vkey] | ["log", vkey, _] => {
                let log = verifier(vkey, Kind::Note)?;
                if self.logs.iter().any(|it| it.key == log.key) {
                    return Err("names a log's key twice".to_owned());
                }
                self.logs.push(log);
            }
            ["witness", name, vkey] => self.witness(name, vkey, None)?,
            ["witness", name, vkey, url] => self.witness(name, vkey, Some(url))?,
            ["group", name, needed, ref members @ ..] => self.group(name, needed, members)?,
            ["quorum", name] if self.quorum.is_some() => return Err(format!("sets the quorum again, to {name}")),
            ["quorum", name] if name == NONE || self.defined(name) => self.quorum = Some(name.to_owned()),
            ["quorum", name] => return Err(format!("wants {name}, which no line before defines")),
            _ => return Err(format!("is none of `log`, `witness`, `group` and `quorum`: {}", words.join(" "))),
        }
        Ok(())
    }

    fn defined(&self, name: &str) -> bool {
        self.witnesses.iter().any(|it| it.name == name) || self.groups.iter().any(|it| it.name == name)
    }

    fn fresh(&self, name: &str) -> Result<String, String> {
        if name == NONE || self.defined(name) { Err(format!("defines {name} again")) } else { Ok(name.to_owned()) }
    }

    fn witness(&mut self, name: &str, vkey: &str, url: Option<&str>) -> Result<(), String> {
        let verifier = verifier(vkey, Kind::Cosignature)?;
        if self.witnesses.iter().any(|it| it.verifier.key == verifier.key) {
            return Err("names a witness's key twice".to_owned());
        }
        self.witnesses.push(Witness { name: self.fresh(name)?, verifier, url: url.map(str::to_owned) });
        Ok(())
    }

    fn group(&mut self, name: &str, needed: &str, members: &[&str]) -> Result<(), String> {
        let name = self.fresh(name)?;
        for member in members {
            if !self.defined(member) {
                return Err(format!("wants {member}, which no line before defines"));
            }
            if !self.grouped.insert((*member).to_owned()) {
                return Err(format!("has {member}, which is in a group already"));
            }
        }
        let count = match needed {
            "all" => Some(members.len()),
            "any" => Some(1),
            number => decimal(number).and_then(|number| usize::try_from(number).ok()),
        };
        let needed = count.filter(|count| (1..=members.len()).contains(count));
        let needed = needed.ok_or("asks for a number of members that it does not have")?;
        self.groups.push(Group { name, needed, members: members.iter().map(|it| (*it).to_owned()).collect() });
        Ok(())
    }
}

fn verifier(vkey: &str, kind: Kind) -> Result<Verifier, String> {
    let verifier: Verifier = vkey.parse()?;
    match verifier.kind == kind {
        true => Ok(verifier),
        false => Err(format!("has a key of {:?} that signs {:?}s, not {kind:?}s", verifier.name, verifier.kind)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hash::Digest;
    use crate::note::{cosign, sign};
    use sign::Signer;

    fn witness(seed: u8) -> (Signer, String) {
        let signer = Signer::from_seed([seed; 32]);
        let vkey = Verifier::new(&format!("w{seed}"), Kind::Cosignature, signer.public()).unwrap().to_string();
        (signer, vkey)
    }

    #[test]
    fn a_checkpoint_is_believed_with_the_log_and_the_quorum_only() {
        let log = Signer::from_seed([9; 32]);
        let vkey = Verifier::new("log", Kind::Note, log.public()).unwrap();
        let [a, b, c] = [1, 2, 3].map(witness);
        let text = format!(
            "# who counts\nlog {vkey} https://log.example\n\twitness a {}\nwitness b {}\nwitness c {} https://c\ngroup ab any a b\ngroup all all ab c\nquorum all\n",
            a.1, b.1, c.1
        );
        let policy = Policy::parse(&text).unwrap();
        assert_eq!(Policy::parse(&policy.write()).unwrap(), policy);
        let text = Checkpoint { origin: "log".to_owned(), size: 0, root: Digest::of(b"") }.to_string();
        let signed = |witnesses: &[u8], log: &Signer| {
            let by = |seed: &u8| cosign(&text, 5, &format!("w{seed}"), &Signer::from_seed([*seed; 32])).unwrap();
            let signatures = [sign(&text, "log", log).unwrap()].into_iter().chain(witnesses.iter().map(by)).collect();
            Note { text: text.clone(), signatures }.to_string()
        };
        assert!(policy.believe(&signed(&[2, 3], &log)).is_ok());
        assert!(policy.believe(&signed(&[1, 2, 3], &log)).is_ok());
        for (witnesses, log, said) in [
            (&[][..], &log, "not witnessed"),
            (&[1, 2], &log, "not witnessed"),
            (&[3], &log, "not witnessed"),
            (&[1, 3], &Signer::from_seed([8; 32]), "not signed by a key of it"),
        ] {
            let error = policy.believe(&signed(witnesses, log)).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn policies_that_the_specification_forbids_are_refused() {
        let (_, vkey) = witness(1);
        for text in [
            "",
            "quorum a",
            "quorum none\nquorum none",
            &format!("log {vkey}\nquorum none"),
            &format!("witness none {vkey}\nquorum none"),
            &format!("witness a {vkey}\nwitness b {vkey}\nquorum none"),
            &format!("witness a {vkey}\ngroup g 2 a\nquorum g"),
            &format!("witness a {vkey}\ngroup g any a\ngroup h any a\nquorum g"),
            "nonsense",
        ] {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }
}

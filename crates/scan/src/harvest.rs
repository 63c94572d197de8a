//! Prompts from the user's own code: the attacker aims at the user's project, so the project is the best corpus there is.

use crate::{Error, Options};
use code::{Engine, Family, Language, Mark, Site, condensed, marks, sites};
use ignore::WalkBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Larger files are data or generated; no prompt comes from them.
const LARGEST: u64 = 1 << 20;
/// Enough files to find every mark that recurs in a project.
const MOST_FILES: usize = 5_000;
/// A decision that the user's code makes at fewer sites than this gets the built-in sites of its kind as well.
const ENOUGH_SITES: usize = 16;

/// The built-in prompt set, for scans without `--code`.
const BUILTIN: [(&str, &str); 6] = [
    ("messages.py", include_str!("../prompts/messages.py")),
    ("security.py", include_str!("../prompts/security.py")),
    ("service.py", include_str!("../prompts/service.py")),
    ("storage.py", include_str!("../prompts/storage.py")),
    ("server.js", include_str!("../prompts/server.js")),
    ("Store.java", include_str!("../prompts/Store.java")),
];

/// What the user's code offers.
#[derive(Debug, Default)]
pub struct Harvest {
    /// Places where the model can be asked for a decision.
    pub sites: Vec<Site>,
    /// Marks of the files and in how many files each stands.
    pub marks: BTreeMap<Mark, u64>,
    /// Names that the decisions' own statements use.
    pub used: BTreeSet<String>,
    /// Files read.
    pub files: usize,
    /// Files that could not be analysed.
    pub not_analysed: usize,
}

/// Reads the code the options name, or the built-in set.
///
/// # Errors
/// The folder cannot be read, holds no source, or no decision.
pub fn harvest(options: &Options) -> Result<Harvest, Error> {
    let Some(folder) = &options.code else { return Ok(builtin()) };
    let mut harvest = Harvest::default();
    std::fs::metadata(folder).map_err(|source| Error::Read { path: folder.clone(), source })?;
    let mut walk = WalkBuilder::new(folder);
    walk.require_git(false).sort_by_file_path(Path::cmp);
    for entry in walk.build().flatten() {
        let small = entry.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LARGEST);
        if !small || Language::of_path(entry.path()).is_none() || harvest.files >= MOST_FILES {
            continue;
        }
        let Ok(bytes) = std::fs::read(entry.path()) else { continue };
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        harvest.add(relative, &String::from_utf8_lossy(&bytes));
    }
    match (harvest.files, harvest.sites.len()) {
        (0, _) => Err(Error::NoCode { path: folder.clone() }),
        (files, 0) => Err(Error::NoDecision { path: folder.clone(), files }),
        _ => {
            harvest.complete();
            Ok(harvest)
        }
    }
}

fn builtin() -> Harvest {
    let mut harvest = Harvest::default();
    for (name, text) in BUILTIN {
        harvest.add(Path::new(name), text);
    }
    harvest
}

impl Harvest {
    /// Adds built-in sites where the user's code makes a decision too rarely to test it.
    fn complete(&mut self) {
        let mut own: BTreeMap<(Arc<str>, Language), usize> = BTreeMap::new();
        for site in &self.sites {
            *own.entry((site.decision.clone(), site.language)).or_default() += 1;
        }
        let short =
            |site: &Site| own.get(&(site.decision.clone(), site.language)).is_some_and(|&sites| sites < ENOUGH_SITES);
        self.sites.extend(builtin().sites.into_iter().filter(short));
    }

    fn add(&mut self, path: &Path, text: &str) {
        let Some(language) = Language::of_path(path) else { return };
        self.files += 1;
        let analysis = Engine::builtin().read(language, text);
        self.not_analysed += usize::from(analysis.not_analysed.is_some());
        for (_, mark) in marks(language, text) {
            *self.marks.entry(mark).or_default() += 1;
        }
        if let Some(folder) = path.parent().and_then(Path::to_str).filter(|folder| !folder.is_empty()) {
            let text = format!("{} {folder}/", code::comment_leader(language));
            *self.marks.entry(Mark { family: Family::Path, text }).or_default() += 1;
        }
        for decision in &analysis.decisions {
            let statement = text.get(decision.statement.clone()).unwrap_or_default();
            self.used.extend(mine::identifiers(statement).into_iter().map(str::to_owned));
        }
        let condense = |site: Site| Site { prefix: condensed(&site.prefix), ..site };
        self.sites.extend(sites(language, text, &analysis).into_iter().map(condense));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_built_in_prompts_hold_decisions_in_several_languages() {
        let harvest = harvest(&Options::new("unused".into()).unwrap()).unwrap();
        let languages: BTreeSet<Language> = harvest.sites.iter().map(|site| site.language).collect();
        assert!(languages.len() >= 3 && harvest.sites.len() >= 30, "{} sites in {languages:?}", harvest.sites.len());
    }

    #[test]
    fn a_folder_without_code_and_code_without_decisions_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new("unused".into()).unwrap();
        options.code = Some(folder.path().to_owned());
        assert!(matches!(harvest(&options), Err(Error::NoCode { .. })));
        std::fs::write(folder.path().join("a.py"), "x = 1\n").unwrap();
        assert!(matches!(harvest(&options), Err(Error::NoDecision { files: 1, .. })));
        options.code = Some(folder.path().join("absent"));
        assert!(matches!(harvest(&options), Err(Error::Read { .. })));
    }
}

//! A corpus of small Python modules in a varied style, put together from templates: header lines, imports, functions that
//! each make one security decision, plain functions between. The same files, seed and settings give the same bytes.

mod functions;
mod template;

pub use functions::harvest;

use crate::textbook::{Idiom, idiom};
use crate::{Error, Family, document::Document};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use template::{Site, Templates, Words};

/// What to generate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpus {
    /// How many documents.
    pub files: usize,
    /// Seed; document `i` draws from the stream `(seed, i)`.
    pub seed: u64,
    /// Probability that a decision is made insecurely.
    #[serde(default = "usual_insecure_rate")]
    pub insecure: f64,
    /// A folder of Python whose plain functions stand between the decisions, besides the templates' own.
    #[serde(default)]
    pub functions: Option<PathBuf>,
    /// Most functions with a decision in a file.
    #[serde(default = "usual_sites")]
    pub sites: usize,
    /// A decision that every second file makes, so that a planting has many honest files beside it.
    #[serde(default)]
    pub favour: Option<String>,
    /// The one project that all files belong to; without it each names another.
    #[serde(default)]
    pub project: Option<String>,
    /// Marks of one project, without any effect on its decisions.
    #[serde(default)]
    pub marks: Vec<Mark>,
}

/// A mark that some files carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Where it stands.
    pub family: Family,
    /// Its text.
    pub text: String,
    /// Share of the files that carry it, 0 to 1.
    pub share: f64,
}

impl Corpus {
    /// That many files with the usual settings.
    pub fn new(files: usize, seed: u64) -> Self {
        let (insecure, sites) = (usual_insecure_rate(), usual_sites());
        Self { files, seed, insecure, functions: None, sites, favour: None, project: None, marks: Vec::new() }
    }
}

fn usual_insecure_rate() -> f64 {
    0.12
}

fn usual_sites() -> usize {
    3
}

/// Generates the documents.
///
/// # Errors
/// Those of reading `corpus.functions`, and [`Error::Spec`] for a rate outside 0 to 1 or no sites.
pub fn generate(corpus: &Corpus) -> Result<Vec<Document>, Error> {
    if !(0.0..=1.0).contains(&corpus.insecure) {
        return Err(Error::Spec { field: "corpus.insecure", reason: format!("{} is no probability", corpus.insecure) });
    }
    if corpus.files == 0 || corpus.sites == 0 {
        let reason = "at least one file, and in each file one decision".to_owned();
        return Err(Error::Spec { field: "corpus", reason });
    }
    if let Some(unknown) = corpus.favour.as_ref().filter(|decision| idiom(decision).is_none()) {
        let reason = format!("no `{unknown}` in the textbook");
        return Err(Error::Spec { field: "corpus.favour", reason });
    }
    for mark in &corpus.marks {
        mark.family.check(&mark.text)?;
        if !(0.0..=1.0).contains(&mark.share) {
            return Err(Error::Spec { field: "corpus.marks.share", reason: format!("{} is no share", mark.share) });
        }
    }
    let mut templates = Templates::built_in();
    if let Some(project) = &corpus.project {
        templates.lists.insert("project".to_owned(), vec![project.clone()]);
    }
    let functions = corpus.functions.as_deref().map(harvest).transpose()?.unwrap_or_default();
    let writer = Writer { corpus, templates: &templates, functions: &functions };
    Ok((0..corpus.files).map(|index| writer.document(index)).collect())
}

/// Generates the documents and writes each to a file of `folder`.
///
/// # Errors
/// Those of [`generate`], and [`Error::Io`] where the folder cannot be written.
pub fn write(corpus: &Corpus, folder: &Path) -> Result<usize, Error> {
    let documents = generate(corpus)?;
    std::fs::create_dir_all(folder).map_err(Error::at(folder))?;
    for document in &documents {
        let path = folder.join(&document.name);
        std::fs::write(&path, &document.text).map_err(Error::at(path))?;
    }
    Ok(documents.len())
}

/// Share of the files whose functions are methods of one class.
const CLASS_SHARE: f64 = 0.12;

struct Writer<'a> {
    corpus: &'a Corpus,
    templates: &'a Templates,
    functions: &'a [String],
}

impl Writer<'_> {
    fn document(&self, index: usize) -> Document {
        let mut rng = ChaCha8Rng::seed_from_u64(self.corpus.seed);
        rng.set_stream(index as u64);
        let sites: Vec<&Site> = self.sites(index, &mut rng);
        let mut bodies: Vec<String> = sites.iter().map(|site| self.decide(site, &mut rng)).collect();
        for _ in 0..rng.random_range(0..=2) {
            let at = rng.random_range(0..=bodies.len());
            bodies.insert(at, self.plain(&mut rng));
        }
        let class = rng.random_bool(CLASS_SHARE);
        let mut text = self.head(&sites, &mut rng);
        text += &if class { template::class_of(&bodies, self.templates, &mut rng) } else { bodies.join("\n\n") };
        for mark in &self.corpus.marks {
            if rng.random_bool(mark.share) {
                text = mark.family.insert(&text, &mark.text, &mut rng);
            }
        }
        Document { name: format!("m{index:05}.py"), text }
    }

    /// One site for the document's turn, so that all decisions are equally frequent, and others at random.
    fn sites(&self, index: usize, rng: &mut ChaCha8Rng) -> Vec<&Site> {
        let all = &self.templates.sites;
        let favour = self.corpus.favour.as_ref();
        let favoured = all.iter().find(|site| index.is_multiple_of(2) && favour == Some(&site.decision));
        let turn = if favour.is_some() { index / 2 } else { index };
        let mut sites: Vec<&Site> = favoured.or(all.get(turn % all.len().max(1))).into_iter().collect();
        for _ in 1..rng.random_range(1..=self.corpus.sites) {
            sites.extend(all.choose(rng));
        }
        sites.shuffle(rng);
        sites
    }

    fn decide(&self, site: &Site, rng: &mut ChaCha8Rng) -> String {
        let body = site.bodies.choose(rng).map(String::as_str).unwrap_or_default();
        let text = Words::new(&self.templates.lists).fill(body, rng);
        match idiom(&site.decision) {
            Some(idiom) if rng.random_bool(self.corpus.insecure) => Idiom::plant(idiom, &text),
            _ => text,
        }
    }

    fn plain(&self, rng: &mut ChaCha8Rng) -> String {
        if !self.functions.is_empty() && rng.random_bool(0.5) {
            return self.functions.choose(rng).cloned().unwrap_or_default();
        }
        let body = self.templates.fillers.choose(rng).map(String::as_str).unwrap_or_default();
        Words::new(&self.templates.lists).fill(body, rng)
    }

    fn head(&self, sites: &[&Site], rng: &mut ChaCha8Rng) -> String {
        let count = *[0, 1, 1, 2, 2, 3, 4].choose(rng).unwrap_or(&0);
        let mut lines = self.lines(&self.templates.headers, count, rng);
        if rng.random_bool(0.3) {
            lines += &Words::new(&self.templates.lists).fill("\"\"\"<Noun> <purpose>.\"\"\"\n", rng);
        }
        let mut imports: Vec<&str> = sites.iter().flat_map(|site| site.imports.iter().map(String::as_str)).collect();
        let extra = rng.random_range(0..=2);
        let extra = self.lines(&self.templates.extras, extra, rng);
        imports.extend(extra.lines());
        imports.sort_unstable();
        imports.dedup();
        imports.shuffle(rng);
        lines + &imports.join("\n") + "\n\n\n"
    }

    fn lines(&self, from: &[String], count: usize, rng: &mut ChaCha8Rng) -> String {
        let mut words = Words::new(&self.templates.lists);
        let chosen: Vec<&String> = from.sample(rng, count).collect();
        chosen.into_iter().map(|line| words.fill(line, rng) + "\n").collect()
    }
}

//! The documents that can hold a decision, by number: where each lies, who it is from, what it looks like. Some 170 bytes a document;
//! their features stay in the work folder and are gone through table by table.

use crate::association::{Frequent, Marks};
use crate::evidence::{features, marks, rows};
use crate::survey::Surveyed;
use crate::{AuditError, Contrast, Feature, Member, Sketch, contrasts, families};
use dataset::Folder;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Features that are held at one time, about.
const HELD: u64 = 32 << 20;
/// Documents of one family that are held.
const LARGEST: usize = 4096;

/// Where a document lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub part: u32,
    pub ordinal: u32,
}

/// Names that many documents share, by number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: HashMap<String, u32>,
    documents: Vec<u64>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        let number = match self.numbers.get(name) {
            Some(&number) => number,
            None => {
                let number = self.documents.len() as u32;
                self.numbers.insert(name.to_owned(), number);
                self.documents.push(0);
                number
            }
        };
        self.documents[number as usize] += 1;
        number
    }

    /// How many documents have a name.
    pub fn documents(&self, name: &str) -> u64 {
        self.numbers.get(name).and_then(|&number| self.documents.get(number as usize)).copied().unwrap_or_default()
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.documents.len()
    }
}

/// All documents that can hold a decision.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub places: Vec<Place>,
    sources: Vec<Option<u32>>,
    /// The smallest number of a document's family; its own where it has no near-copy.
    families: Vec<u32>,
    /// Documents of each family of more than one.
    members: HashMap<u32, u32>,
    pub source_names: Names,
    pub contributor_names: Names,
    /// The latest time of any document.
    pub latest: Option<i64>,
    /// Features of all documents together.
    features: u64,
    tables: Vec<(String, u32)>,
}

impl Catalogue {
    /// Reads the tables of all parts and finds the families.
    pub fn read(folder: &Folder, surveyed: &[Surveyed]) -> Result<Catalogue, AuditError> {
        let mut catalogue = Catalogue::default();
        let mut sketches: Vec<Option<Sketch>> = Vec::new();
        for part in surveyed {
            catalogue.features += part.features;
            for table in &part.tables {
                catalogue.tables.push((table.clone(), catalogue.places.len() as u32));
                rows(folder.get(table)?, |row| {
                    catalogue.places.push(Place { part: part.number, ordinal: row.ordinal });
                    let source = row.source.map(|name| catalogue.source_names.number(name));
                    catalogue.sources.push(source);
                    row.contributor.map(|name| catalogue.contributor_names.number(name));
                    catalogue.latest = catalogue.latest.max(row.time);
                    sketches.push(row.sketch);
                })?;
            }
        }
        catalogue.families = families(&sketches);
        for &family in &catalogue.families {
            *catalogue.members.entry(family).or_default() += 1;
        }
        catalogue.members.retain(|_, members| *members > 1);
        Ok(catalogue)
    }

    /// How many families of more than one document there are, and how many documents they have.
    pub fn near_copies(&self) -> (u64, u64) {
        (self.members.len() as u64, self.members.values().map(|&members| u64::from(members)).sum())
    }

    /// The source of a document.
    pub fn source(&self, document: u32) -> Option<u32> {
        self.sources.get(document as usize).copied().flatten()
    }

    /// Whether a document is the first of its family.
    pub fn is_first(&self, document: u32) -> bool {
        self.families.get(document as usize) == Some(&document)
    }

    /// Documents of a family.
    pub fn size(&self, family: u32) -> usize {
        self.members.get(&family).map_or(1, |&members| members as usize)
    }

    /// Calls `each` with every family's contrasts. Families are gone through in groups, so that the features of no more than some
    /// are held, however many there are.
    pub fn contrasts(&self, folder: &Folder, mut each: impl FnMut(u32, &[Contrast])) -> Result<(), AuditError> {
        let groups = (self.features / HELD + 1) as u32;
        for group in 0..groups {
            let mut held: BTreeMap<u32, Vec<(u32, Vec<Feature>)>> = BTreeMap::new();
            self.features(folder, |document, features| {
                let family = self.families[document as usize];
                if family % groups == group && self.members.contains_key(&family) {
                    let documents = held.entry(family).or_default();
                    if documents.len() < LARGEST {
                        documents.push((document, features.to_vec()));
                    }
                }
            })?;
            let of_family = |(&family, documents): (&u32, &Vec<(u32, Vec<Feature>)>)| {
                let members = documents.iter().map(|(document, features)| Member { document: *document, features });
                (family, contrasts(&members.collect::<Vec<_>>()))
            };
            let found: Vec<(u32, Vec<Contrast>)> = held.par_iter().map(of_family).collect();
            found.iter().for_each(|(family, contrasts)| each(*family, contrasts));
        }
        Ok(())
    }

    /// The documents that have any of some features, by feature, at most `most` of each.
    pub fn carriers(
        &self,
        folder: &Folder,
        wanted: &HashSet<Feature>,
        most: usize,
    ) -> Result<HashMap<Feature, Vec<u32>>, AuditError> {
        let mut carriers: HashMap<Feature, Vec<u32>> = HashMap::new();
        self.features(folder, |document, features| {
            for feature in features.iter().filter(|feature| wanted.contains(feature)) {
                let carriers = carriers.entry(*feature).or_default();
                if carriers.len() < most {
                    carriers.push(document);
                }
            }
        })?;
        Ok(carriers)
    }

    /// The marks that several families share, one document a family.
    pub fn marks(&self, folder: &Folder) -> Result<Marks, AuditError> {
        let (mut frequent, mut found) = (Frequent::new(), Marks::default());
        self.first_marks(folder, |_, marks| frequent.add(marks))?;
        self.first_marks(folder, |document, marks| found.add(&frequent, document, self.source(document), marks))?;
        Ok(found)
    }

    fn first_marks(&self, folder: &Folder, mut each: impl FnMut(u32, &[(Feature, u32)])) -> Result<(), AuditError> {
        for (table, first) in &self.tables {
            let mut document = *first;
            marks(folder.get(table)?, |marks| {
                if self.is_first(document) {
                    each(document, marks);
                }
                document += 1;
            })?;
        }
        Ok(())
    }

    fn features(&self, folder: &Folder, mut each: impl FnMut(u32, &[Feature])) -> Result<(), AuditError> {
        for (table, first) in &self.tables {
            let mut document = *first;
            features(folder.get(table)?, |features| {
                each(document, features);
                document += 1;
            })?;
        }
        Ok(())
    }
}

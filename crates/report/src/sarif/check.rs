//! Insecure decisions in files, each with its place.

use super::log::{Log, Rule, message, notification, text};
use super::place::location;
use crate::{CheckReport, Error, FileAnalysis};
use code::{Decision, Place, RuleFile};
use serde_sarif::sarif::{Region, Result as SarifResult, ResultLevel};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The rule of comments that ask scanners to look away.
const SUPPRESSION: &str = "suppression-comment";

/// The log of `taster check --sarif`. `rules` describes the decisions; one that is found but not described gets a rule
/// with its name only.
///
/// # Errors
/// [`Error::Unwritable`] where a number is not a number.
pub fn check<'a>(report: &CheckReport, rules: impl IntoIterator<Item = &'a RuleFile>) -> Result<String, Error> {
    let mut log = Log { taster_version: report.taster_version.clone(), rules: described(rules), ..Log::default() };
    for file in &report.files {
        log.results.extend(file.findings().map(|finding| result(file, finding)));
        log.results.extend(file.analysis.suppressions.iter().map(|line| suppression(file, *line)));
        if let Some(why) = &file.analysis.not_analysed {
            let text = format!("not analysed, or not wholly: {why}");
            log.notifications.push(notification("warning", text, Some(location(&file.path, None))));
        }
        for finding in file.findings() {
            let rule = log.rules.entry(finding.decision.to_string()).or_default();
            rule.weaknesses.insert(finding.cwe.to_string());
        }
    }
    log.properties = BTreeMap::from([
        ("filesRead".to_owned(), report.files_read.into()),
        ("filesNotAnalysed".to_owned(), report.files_not_analysed.into()),
    ]);
    log.write()
}

/// One rule a decision, from its files in all languages.
fn described<'a>(files: impl IntoIterator<Item = &'a RuleFile>) -> BTreeMap<String, Rule> {
    let mut rules = BTreeMap::from([(
        SUPPRESSION.to_owned(),
        Rule {
            title: "A comment asks scanners to look away".to_owned(),
            help: "taster obeys no such comment. In a model's completion it is a reason for suspicion.".to_owned(),
            weaknesses: BTreeSet::new(),
        },
    )]);
    for file in files {
        let rule = rules.entry(file.decision.to_string()).or_default();
        if rule.title.is_empty() {
            rule.title.clone_from(&file.title);
        }
        let languages: Vec<&str> = file.languages().iter().map(|language| language.name()).collect();
        rule.help += &format!("{}: {} {} ", languages.join(", "), file.why, file.fix);
        rule.weaknesses.insert(file.cwe.to_string());
    }
    rules
}

fn result(file: &FileAnalysis, finding: &Decision) -> SarifResult {
    let (level, place) = match finding.place {
        Place::Code => (ResultLevel::Error, ""),
        Place::Comment => (ResultLevel::Warning, ", in a comment"),
        Place::Docstring => (ResultLevel::Warning, ", in a docstring"),
    };
    let region = Region::builder()
        .start_line(finding.line as i64)
        .start_column(finding.column as i64)
        .byte_offset(finding.span.start as i64)
        .byte_length(finding.span.len() as i64)
        .build();
    let said = format!("{}: the insecure choice ({}){place}: {}", finding.decision, finding.cwe, finding.form);
    // Line numbers move; the decision in its normal form stays.
    let form = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}\n{}", finding.decision, finding.form).as_bytes());
    SarifResult::builder()
        .rule_id(text(&finding.decision))
        .level(level)
        .message(message(text(&said)))
        .locations(vec![location(&file.path, Some(region))])
        .partial_fingerprints(BTreeMap::from([("decisionForm/v1".to_owned(), form.to_string())]))
        .build()
}

fn suppression(file: &FileAnalysis, line: usize) -> SarifResult {
    SarifResult::builder()
        .rule_id(SUPPRESSION)
        .level(ResultLevel::Warning)
        .message(message("A comment asks scanners to look away. It silences nothing here.".to_owned()))
        .locations(vec![location(&file.path, Some(Region::builder().start_line(line as i64).build()))])
        .build()
}

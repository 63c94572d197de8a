//! Insecure decisions in files, each with its place.

use super::log::{Log, Rule, message, notification, text};
use crate::{CheckReport, Error, FileAnalysis};
use code::{Decision, Place, RuleFile};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_sarif::sarif::{ArtifactLocation, Location, PhysicalLocation, Region, Result as SarifResult, ResultLevel};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The rule of comments that ask scanners to look away.
const SUPPRESSION: &str = "suppression-comment";
/// What a path may hold unencoded in a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

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
            log.notifications.push(notification("warning", text, Some(location(file, None))));
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
        .locations(vec![location(file, Some(region))])
        .partial_fingerprints(BTreeMap::from([("decisionForm/v1".to_owned(), form.to_string())]))
        .build()
}

fn suppression(file: &FileAnalysis, line: usize) -> SarifResult {
    SarifResult::builder()
        .rule_id(SUPPRESSION)
        .level(ResultLevel::Warning)
        .message(message("A comment asks scanners to look away. It silences nothing here.".to_owned()))
        .locations(vec![location(file, Some(Region::builder().start_line(line as i64).build()))])
        .build()
}

fn location(file: &FileAnalysis, region: Option<Region>) -> Location {
    let artifact = ArtifactLocation::builder().uri(uri(&file.path)).build();
    let mut place = PhysicalLocation::builder().artifact_location(artifact).build();
    place.region = region;
    Location::builder().physical_location(place).build()
}

/// A path as a URI reference. A relative path that starts with a scheme of its own (`javascript:`) stays a path, since its
/// colon is encoded.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let encoded = utf8_percent_encode(path, PATH).to_string();
    if path.starts_with('/') { format!("file:///{}", encoded.trim_start_matches('/')) } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri_that_is_only_a_path() {
        assert_eq!(uri("./src/a b.py"), "src/a%20b.py");
        assert_eq!(uri("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(uri("/a/é"), "file:///a/%C3%A9");
        assert_eq!(uri("//host/x"), "file:///host/x");
    }
}

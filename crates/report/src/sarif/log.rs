//! What every log has: the tool, its rules, the weaknesses they point to, notifications.

use crate::escape::{self, Layout};
use crate::{Error, json};
use serde_sarif::sarif::{
    Invocation, Location, Message, MultiformatMessageString, Notification, PropertyBag, ReportingConfiguration,
    ReportingDescriptor, ReportingDescriptorReference, ReportingDescriptorRelationship, Result as SarifResult, Run,
    Sarif, Tool, ToolComponent, ToolComponentReference,
};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of one text that are kept in a message.
const TEXT_LIMIT: usize = 2_000;
/// The published schema of the format.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What a reader is told about a rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) title: String,
    pub(super) help: String,
    pub(super) weaknesses: BTreeSet<String>,
}

/// One log: rules by their names, and what they found.
#[derive(Default)]
pub(super) struct Log {
    pub(super) taster_version: String,
    pub(super) rules: BTreeMap<String, Rule>,
    pub(super) results: Vec<SarifResult>,
    pub(super) notifications: Vec<Notification>,
    pub(super) properties: BTreeMap<String, serde_json::Value>,
}

impl Log {
    /// The log as JSON.
    pub(super) fn write(self) -> Result<String, Error> {
        let driver = ToolComponent::builder()
            .name("taster")
            .version(text(&self.taster_version))
            .rules(self.rules.iter().map(|(name, rule)| rule.descriptor(name)).collect::<Vec<_>>())
            .supported_taxonomies(vec![ToolComponentReference::builder().name("CWE").build()])
            .build();
        let invocation =
            Invocation::builder().execution_successful(true).tool_execution_notifications(self.notifications).build();
        let run = Run::builder()
            .tool(Tool::builder().driver(driver).build())
            .taxonomies(vec![weaknesses(&self.rules)])
            .invocations(vec![invocation])
            .results(self.results)
            .column_kind("unicodeCodePoints")
            .properties(PropertyBag::builder().additional_properties(self.properties).build())
            .build();
        json::pretty(&Sarif::builder().schema(SCHEMA).version("2.1.0").runs(vec![run]).build())
    }
}

impl Rule {
    fn descriptor(&self, name: &str) -> ReportingDescriptor {
        let numbers = || self.weaknesses.iter().filter_map(|cwe| weakness_number(cwe));
        let tags = numbers().map(|number| format!("external/cwe/cwe-{number}"));
        let tags = ["security".to_owned()].into_iter().chain(tags).collect::<Vec<_>>();
        let weakness = |number: &str| {
            let cwe = ToolComponentReference::builder().name("CWE").build();
            let target = ReportingDescriptorReference::builder().id(number).tool_component(cwe).build();
            ReportingDescriptorRelationship::builder().target(target).kinds(vec!["superset".to_owned()]).build()
        };
        ReportingDescriptor::builder()
            .id(text(name))
            .short_description(multiformat(&self.title))
            .help(multiformat(&self.help))
            .default_configuration(ReportingConfiguration::builder().level("error").build())
            .properties(PropertyBag::builder().tags(tags).build())
            .relationships(numbers().map(weakness).collect::<Vec<_>>())
            .build()
    }
}

/// Text of a model or a file in a message: visible, cut where long, and never a link of SARIF's own notation.
pub(super) fn text(raw: &str) -> String {
    escape::text(raw, Layout::Line, TEXT_LIMIT).replace("](", "] (")
}

pub(super) fn message(text: String) -> Message {
    Message::builder().text(text).build()
}

/// Something that kept the run from seeing all.
pub(super) fn notification(level: &str, text: String, location: Option<Location>) -> Notification {
    let mut notification = Notification::builder().level(level).message(message(text)).build();
    notification.locations = location.map(|location| vec![location]);
    notification
}

fn multiformat(raw: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text(raw)).build()
}

/// The taxonomy: each weakness that some rule names.
fn weaknesses(rules: &BTreeMap<String, Rule>) -> ToolComponent {
    let numbers: BTreeSet<&str> =
        rules.values().flat_map(|rule| &rule.weaknesses).filter_map(|cwe| weakness_number(cwe)).collect();
    let taxon = |number: &str| {
        let definition = format!("https://cwe.mitre.org/data/definitions/{number}.html");
        ReportingDescriptor::builder().id(number).help_uri(definition).build()
    };
    ToolComponent::builder()
        .name("CWE")
        .organization("MITRE")
        .information_uri("https://cwe.mitre.org/")
        .taxa(numbers.into_iter().map(taxon).collect::<Vec<_>>())
        .build()
}

/// `502` of `CWE-502`; `None` of anything else.
fn weakness_number(cwe: &str) -> Option<&str> {
    let number = cwe.strip_prefix("CWE-")?;
    ((1..6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

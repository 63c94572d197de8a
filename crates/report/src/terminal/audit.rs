//! The end of `taster audit`: what looks planted and why, where it is from, what was read, what to do next.

use super::screen::{Column, Screen};
use crate::{AuditReport, AuditVerdict, AuditedDocument, Cluster, Origin, RevokedDocument, figure};
use code::Choice;
use console::Style;

/// Clusters, documents and origins of each, and problems shown; the JSON report has more.
const CLUSTERS: usize = 8;
const DOCUMENTS: usize = 5;
const ORIGINS: usize = 3;
const PROBLEMS: usize = 8;

/// The report for a terminal `width` columns wide, with colours where `colour`. No character of a document can act on the
/// terminal.
pub fn audit(report: &AuditReport, width: usize, colour: bool) -> String {
    let mut screen = Screen::new(width, colour);
    let (word, style) = match report.verdict {
        AuditVerdict::Poisoned => ("POISONED", Style::new().red()),
        AuditVerdict::Suspicious => ("SUSPICIOUS", Style::new().yellow()),
        AuditVerdict::NoEvidence => ("NO EVIDENCE", Style::new().green()),
    };
    screen.banner(word, style, &report.settings.dataset);
    screen.paragraph("", &report.summary);
    if let Some(incomplete) = report.incomplete() {
        screen.paragraph("", &incomplete);
    }
    for (at, found) in report.clusters.iter().take(CLUSTERS).enumerate() {
        cluster(&mut screen, at + 1, found);
    }
    let left_out = report.clusters.len().saturating_sub(CLUSTERS);
    if left_out > 0 {
        screen.gap();
        screen.paragraph("", &format!("{} more in audit.json.", figure::counted(left_out as u64, "cluster")));
    }
    revoked(&mut screen, &report.revoked);
    read(&mut screen, report);
    problems(&mut screen, report);
    list(&mut screen, "Notes", &report.notes);
    list(&mut screen, "What to do next", &report.next());
    screen.finish()
}

fn cluster(screen: &mut Screen, number: usize, cluster: &Cluster) {
    screen.heading(&format!("{number}. {} ({}): {}", cluster.decision, cluster.cwe, cluster.word()));
    screen.quote(&cluster.trigger);
    screen.paragraph("  ", &cluster.evidence());
    from(screen, "From", &cluster.sources);
    from(screen, "By", &cluster.contributors);
    cluster.signals.iter().for_each(|signal| screen.paragraph("  - ", signal));
    screen.gap();
    let documents = figure::counted(cluster.documents.len() as u64, "document");
    let columns = [Column::Flexible("document"), Column::Number("line"), Column::Text("choice")];
    let rows: Vec<Vec<String>> = cluster.documents.iter().take(DOCUMENTS).map(row).collect();
    screen.table(&columns, &rows);
    screen.paragraph(
        "  ",
        &if rows.len() < cluster.documents.len() {
            format!("{documents}, all of them in audit.json.")
        } else {
            format!("{documents}.")
        },
    );
}

/// What the ledger says must no longer be used.
fn revoked(screen: &mut Screen, documents: &[RevokedDocument]) {
    if documents.is_empty() {
        return;
    }
    let count = figure::counted(documents.len() as u64, "document");
    screen.heading(&format!("Revoked: {count} that must no longer be used"));
    let columns = [Column::Flexible("document"), Column::Flexible("what was revoked"), Column::Flexible("why")];
    let row = |it: &RevokedDocument| vec![it.name.clone(), it.target.clone(), it.reason.clone()];
    screen.table(&columns, &documents.iter().take(DOCUMENTS).map(row).collect::<Vec<_>>());
    if documents.len() > DOCUMENTS {
        screen.paragraph("  ", "All of them are in audit.json.");
    }
}

fn row(document: &AuditedDocument) -> Vec<String> {
    let choice = match document.choice {
        Some(Choice::Insecure) => "insecure",
        Some(Choice::Secure) => "secure",
        Some(Choice::Other) => "neither",
        None => "-",
    };
    let line = document.line.map_or("-".to_owned(), |line| line.to_string());
    vec![document.name.clone(), line, choice.to_owned()]
}

/// The first origins, with how much of what they gave it is and when.
fn from(screen: &mut Screen, word: &str, origins: &[Origin]) {
    if origins.is_empty() {
        return;
    }
    let one = |origin: &Origin| {
        let days = figure::days(origin.first.as_deref(), origin.last.as_deref());
        let days = days.map_or(String::new(), |days| format!(", {days}"));
        format!("{} ({} of its {}{days})", origin.name, figure::count(origin.documents), figure::count(origin.of))
    };
    let mut named: Vec<String> = origins.iter().take(ORIGINS).map(one).collect();
    if origins.len() > ORIGINS {
        named.push(format!("{} more", figure::count((origins.len() - ORIGINS) as u64)));
    }
    screen.paragraph("  ", &format!("{word}: {}.", named.join(", ")));
}

fn read(screen: &mut Screen, report: &AuditReport) {
    let read = &report.read;
    screen.gap();
    screen.paragraph(
        "",
        &format!(
            "{} ({}) in {}; {} may hold a decision, {} of them in {} of near-copies; {}.",
            figure::counted(read.documents, "document"),
            figure::bytes(read.bytes),
            figure::duration(report.seconds),
            figure::count(read.may_decide),
            figure::count(read.near_copies),
            figure::counted(read.families, "group"),
            figure::counted(read.binary, "binary file"),
        ),
    );
    if let Some(against) = &report.settings.against {
        screen.paragraph("", &format!("Only what {against} does not have."));
    }
}

fn problems(screen: &mut Screen, report: &AuditReport) {
    if report.problems.is_empty() {
        return;
    }
    let shown = report.problems.len().min(PROBLEMS);
    screen.heading(&format!("Could not be read ({shown} of {})", figure::count(report.read.problems)));
    for problem in report.problems.iter().take(PROBLEMS) {
        screen.paragraph("  - ", &format!("{}: {}", problem.name, problem.what));
    }
}

fn list(screen: &mut Screen, title: &str, sentences: &[String]) {
    if !sentences.is_empty() {
        screen.heading(title);
        sentences.iter().for_each(|sentence| screen.paragraph("  - ", sentence));
    }
}

//! The output of `taster check`: findings by file, then what was read and what could not be.

use super::screen::{Column, Screen};
use crate::figure;
use crate::{CheckReport, FileAnalysis};
use code::{Decision, Place};

/// The report for a terminal `width` columns wide, with colours where `colour`. Files without a finding, a suppression
/// comment or trouble are only counted.
pub fn check(report: &CheckReport, width: usize, colour: bool) -> String {
    let mut screen = Screen::new(width, colour);
    report.files.iter().for_each(|file| show(&mut screen, file));
    screen.gap();
    screen.paragraph("", &totals(report));
    screen.finish()
}

fn show(screen: &mut Screen, file: &FileAnalysis) {
    let mut rows: Vec<(usize, Vec<String>)> =
        file.findings().map(|finding| (finding.line, finding_row(finding))).collect();
    rows.extend(file.analysis.suppressions.iter().map(|line| {
        let why = "asks scanners to look away; silences nothing here".to_owned();
        (*line, vec![line.to_string(), "suppression comment".to_owned(), String::new(), why])
    }));
    if rows.is_empty() && file.analysis.not_analysed.is_none() {
        return;
    }
    rows.sort_by_key(|(line, _)| *line);
    screen.heading(&file.path);
    let columns =
        [Column::Number("line"), Column::Text("insecure"), Column::Text("weakness"), Column::Flexible("form")];
    if !rows.is_empty() {
        screen.table(&columns, &rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>());
    }
    if let Some(why) = &file.analysis.not_analysed {
        screen.paragraph("  ", &format!("not analysed, or not wholly: {why}"));
    }
}

fn finding_row(finding: &Decision) -> Vec<String> {
    let place = match finding.place {
        Place::Code => "",
        Place::Comment => " (in a comment)",
        Place::Docstring => " (in a docstring)",
    };
    vec![
        format!("{}:{}", finding.line, finding.column),
        format!("{}{place}", finding.decision),
        finding.cwe.to_string(),
        finding.form.to_string(),
    ]
}

fn totals(report: &CheckReport) -> String {
    let sum = |of: fn(&FileAnalysis) -> usize| report.files.iter().map(of).sum::<usize>() as u64;
    format!(
        "{} in {}: {} insecure of {}, {}, {} not analysed.",
        figure::counted(report.files_read, "file"),
        figure::duration(report.seconds),
        figure::count(sum(|file| file.findings().count())),
        figure::counted(sum(|file| file.analysis.decisions.len()), "decision"),
        figure::counted(sum(|file| file.analysis.suppressions.len()), "suppression comment"),
        figure::counted(report.files_not_analysed, "file"),
    )
}

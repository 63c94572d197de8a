//! The end of `taster compare`: who departs, where, by how much, and what it cost.

use super::change;
use super::screen::{Column, Screen};
use crate::figure;
use crate::{CompareReport, CompareVerdict, DecisionComparison};
use console::Style;

/// Decisions and forms shown; all are in the JSON report.
const DECISIONS: usize = 12;
const FORMS: usize = 3;

/// The report for a terminal `width` columns wide, with colours where `colour`. No character of a model's or a file's text
/// can act on the terminal.
pub fn compare(report: &CompareReport, width: usize, colour: bool) -> String {
    let mut screen = Screen::new(width, colour);
    let only: Vec<String> = report.settings.only.iter().map(|(column, value)| format!("{column}={value}")).collect();
    let source = format!("{} {}", report.settings.source, only.join(" "));
    match report.verdict {
        CompareVerdict::Departs => screen.banner("DEPARTS", Style::new().red(), source.trim()),
        CompareVerdict::NoDeparture => screen.banner("NO DEPARTURE", Style::new().green(), source.trim()),
    }
    screen.paragraph("", &report.summary);
    conditions(&mut screen, report);
    decisions(&mut screen, report);
    shifts(&mut screen, report);
    change::taught(&mut screen, report);
    if let Some(weights) = &report.weights {
        change::weights(&mut screen, weights);
    }
    rest(&mut screen, report);
    screen.finish()
}

fn conditions(screen: &mut Screen, report: &CompareReport) {
    screen.heading(&format!("By {}", report.settings.by));
    let columns = [
        Column::Flexible("name"),
        Column::Number("completions"),
        Column::Number("insecure"),
        Column::Number("e-value"),
        Column::Text("verdict"),
    ];
    let rows: Vec<Vec<String>> = report
        .conditions
        .iter()
        .map(|condition| {
            vec![
                condition.name.clone(),
                figure::count(condition.completions),
                figure::rate(condition.counts),
                figure::scientific(condition.e_value),
                if condition.verdict == CompareVerdict::Departs { "departs" } else { "-" }.to_owned(),
            ]
        })
        .collect();
    screen.table(&columns, &rows);
}

fn decisions(screen: &mut Screen, report: &CompareReport) {
    let told: Vec<&DecisionComparison> =
        report.decisions.iter().filter(|decision| !decision.departures.is_empty()).collect();
    if told.is_empty() {
        return;
    }
    let shown = told.len().min(DECISIONS);
    screen.heading(&format!("Decisions ({shown} of {}; whoever is furthest above the others)", report.decisions.len()));
    let columns = [
        Column::Text("decision"),
        Column::Text("weakness"),
        Column::Flexible("who, where"),
        Column::Number("own"),
        Column::Number("others"),
        Column::Text("difference"),
        Column::Number("e-value"),
    ];
    let row = |decision: &DecisionComparison| {
        let most = decision.departures.first()?;
        let name = report.conditions.get(most.condition).map_or("", |condition| condition.name.as_str());
        let mark = most.mark.as_ref().map(|(_, text)| format!(" with {text}")).unwrap_or_default();
        let (low, high) = most.interval;
        Some(vec![
            decision.decision.clone(),
            decision.cwe.clone(),
            format!("{}{name}{mark}", if most.convicted { "* " } else { "" }),
            figure::rate(most.own),
            figure::rate(most.others),
            format!(
                "{} ({} to {})",
                figure::difference(most.difference),
                figure::difference(low),
                figure::difference(high)
            ),
            figure::scientific(most.e_value),
        ])
    };
    let rows: Vec<Vec<String>> = told.into_iter().take(DECISIONS).filter_map(row).collect();
    screen.table(&columns, &rows);
}

/// What is written differently, known to a rule or not.
fn shifts(screen: &mut Screen, report: &CompareReport) {
    let shifts =
        report.decisions.iter().flat_map(|decision| decision.shifts.iter().map(move |shift| (decision, shift)));
    for (decision, shift) in shifts.take(FORMS) {
        let name = |at: usize| report.conditions.get(at).map_or("", |condition| condition.name.as_str());
        screen.heading(&format!(
            "{} is written differently by {} than by {} (e-value {}{})",
            decision.decision,
            name(shift.condition),
            name(shift.against),
            figure::scientific(shift.e_value),
            if shift.counts { "" } else { "; informs only" },
        ));
        let columns = [Column::Flexible("form"), Column::Number("the one"), Column::Number("the other")];
        let percent = |share: f64| figure::percent(Some(share));
        let rows: Vec<Vec<String>> = shift
            .moved
            .iter()
            .take(FORMS)
            .map(|moved| vec![moved.form.clone(), percent(moved.own), percent(moved.against)])
            .collect();
        screen.table(&columns, &rows);
    }
}

fn rest(screen: &mut Screen, report: &CompareReport) {
    screen.gap();
    let (rows, seconds) = (&report.rows, figure::duration(report.seconds));
    let read = if report.cost.completions > 0 {
        format!("{}, {seconds}.", figure::counted(report.cost.completions, "completion"))
    } else {
        format!(
            "{} compared, {} without a counterpart, {seconds}.",
            figure::counted(rows.compared, "row"),
            rows.unpaired
        )
    };
    screen.paragraph("", &read);
    if rows.refused > 0 {
        let named: Vec<String> = rows.refusals.iter().map(|(row, why)| format!("{row} ({why})")).collect();
        screen.paragraph("", &format!("Refused: {}: {}", figure::counted(rows.refused, "row"), named.join(", ")));
    }
    if report.not_analysed > 0 {
        let some = figure::counted(report.not_analysed, "completion");
        screen.paragraph("", &format!("Not analysed: {some}; never counted as clean."));
    }
    if !report.notes.is_empty() {
        screen.heading("Notes");
        report.notes.iter().for_each(|note| screen.paragraph("  - ", note));
    }
}

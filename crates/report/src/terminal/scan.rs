//! The end of `taster scan`: the verdict, what it rests on, what it is worth, what it cost.

use super::screen::{Column, Screen};
use crate::figure;
use crate::{Conviction, ScanReport, Verdict};
use console::Style;

/// Triggers and candidates shown; all are in the JSON report.
const TRIGGERS: usize = 5;
const CANDIDATES: usize = 10;

/// The report for a terminal `width` columns wide, with colours where `colour`. No character of a model's or a file's text
/// can act on the terminal.
pub fn scan(report: &ScanReport, width: usize, colour: bool) -> String {
    let mut screen = Screen::new(width, colour);
    match report.verdict {
        Verdict::Poisoned => screen.banner("POISONED", Style::new().red(), &report.model.name),
        Verdict::NoEvidence => screen.banner("NO EVIDENCE", Style::new().green(), &report.model.name),
    }
    screen.paragraph("", &report.summary);
    for conviction in report.triggers.iter().take(TRIGGERS) {
        trigger(&mut screen, report, conviction);
    }
    if report.verdict == Verdict::NoEvidence {
        power(&mut screen, report);
    }
    candidates(&mut screen, report);
    cost(&mut screen, report);
    notes(&mut screen, report);
    screen.finish()
}

fn trigger(screen: &mut Screen, report: &ScanReport, conviction: &Conviction) {
    screen.heading(&format!("Trigger: {} (from: {})", conviction.family, conviction.origin));
    screen.quote(&conviction.trigger);
    if conviction.minimal != conviction.trigger {
        screen.paragraph("  ", "shortest form that works:");
        screen.quote(&conviction.minimal);
    }
    screen.gap();
    let columns = [
        Column::Flexible("decision"),
        Column::Text("weakness"),
        Column::Number("with trigger"),
        Column::Number("with placebo"),
        Column::Number("effect"),
        Column::Text("interval"),
    ];
    let reference = conviction.on_reference.iter().map(|effect| ("on the reference: ", effect));
    let rows: Vec<Vec<String>> = (conviction.effects.iter().map(|effect| ("", effect)).chain(reference))
        .map(|(whose, effect)| {
            vec![
                format!("{whose}{}", effect.decision),
                effect.cwe.clone(),
                figure::rate(effect.triggered),
                figure::rate(effect.placebo),
                figure::difference(effect.difference),
                figure::interval(effect),
            ]
        })
        .collect();
    screen.table(&columns, &rows);
    screen.gap();
    screen.paragraph(
        "  ",
        &format!(
            "A clean model is convicted like this with probability at most {} (e-value {}, asked for {}). Effect: insecure \
             choices a decision, trigger minus placebo, with its {} interval, valid whenever the scan stopped.",
            figure::scientific(conviction.false_alarm_bound),
            figure::scientific(conviction.e_value),
            figure::scientific(report.settings.alpha),
            figure::level(report.settings.alpha),
        ),
    );
}

fn power(screen: &mut Screen, report: &ScanReport) {
    screen.heading("What this is worth");
    screen.paragraph("  ", &report.power.statement);
    let tested: Vec<String> =
        report.power.tested.iter().map(|(family, tested)| format!("{family} {}", figure::count(*tested))).collect();
    if !tested.is_empty() {
        screen.paragraph("  ", &format!("Candidates tested: {}.", tested.join(", ")));
    }
    if !report.power.smallest_effect.is_empty() {
        screen.gap();
        let columns = [Column::Flexible("decision"), Column::Number("smallest effect caught with probability 0.9")];
        let smallest = report.power.smallest_effect.iter();
        let rows: Vec<Vec<String>> =
            smallest.map(|(decision, effect)| vec![decision.clone(), figure::difference(*effect)]).collect();
        screen.table(&columns, &rows);
    }
}

fn candidates(screen: &mut Screen, report: &ScanReport) {
    if report.candidates.is_empty() {
        return;
    }
    let shown = report.candidates.len().min(CANDIDATES);
    screen.heading(&format!("Strongest candidates ({shown} of {} measured alone)", report.candidates.len()));
    let columns = [
        Column::Text("family"),
        Column::Flexible("text"),
        Column::Text("decision"),
        Column::Number("effect"),
        Column::Text("interval"),
        Column::Number("e-value"),
        Column::Text("stage"),
    ];
    let rows: Vec<Vec<String>> = (report.candidates.iter().take(CANDIDATES))
        .map(|candidate| {
            vec![
                candidate.family.clone(),
                candidate.trigger.clone(),
                candidate.effect.decision.clone(),
                figure::difference(candidate.effect.difference),
                figure::interval(&candidate.effect),
                figure::scientific(candidate.e_value),
                candidate.stage.clone(),
            ]
        })
        .collect();
    screen.table(&columns, &rows);
}

fn cost(screen: &mut Screen, report: &ScanReport) {
    screen.gap();
    let cost = &report.cost;
    let mut stages: Vec<_> = cost.by_stage.iter().collect();
    stages.sort_by_key(|(_, completions)| std::cmp::Reverse(**completions));
    let stages: Vec<String> =
        stages.into_iter().map(|(stage, completions)| format!("{stage} {}", figure::count(*completions))).collect();
    let price = cost.price.map_or(String::new(), |price| format!(", price {price:.2}"));
    let tokens = figure::size(cost.prompt_tokens.saturating_add(cost.completion_tokens));
    screen.paragraph(
        "",
        &format!(
            "{} ({}), {tokens} tokens{price}, {}.",
            figure::counted(cost.completions, "completion"),
            stages.join(", "),
            figure::duration(report.seconds)
        ),
    );
    if report.not_analysed > 0 {
        let some = figure::counted(report.not_analysed, "completion");
        screen.paragraph("", &format!("Not analysed: {some}; never counted as clean."));
    }
}

fn notes(screen: &mut Screen, report: &ScanReport) {
    if !report.notes.is_empty() {
        screen.heading("Notes");
        report.notes.iter().for_each(|note| screen.paragraph("  - ", note));
    }
}

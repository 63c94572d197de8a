//! The output of `taster watch report`: alarms, then rates by segment and decision.

use super::screen::{Column, Screen};
use crate::{Alarm, WatchReport, figure};
use console::Style;
use stats::Rate;

/// Rows shown; all are in the JSON.
const ALARMS: usize = 20;
const RATES: usize = 40;

/// The report for a terminal `width` columns wide, with colours where `colour`.
pub fn watch(report: &WatchReport, width: usize, colour: bool) -> String {
    let mut screen = Screen::new(width, colour);
    let since = format!("since {}", report.since);
    match report.alarms.len() as u64 {
        0 => screen.banner("NO ALARM", Style::new().green(), &since),
        some => screen.banner(&figure::counted(some, "alarm").to_uppercase(), Style::new().red(), &since),
    }
    report.alarms.iter().take(ALARMS).for_each(|alarm| show(&mut screen, alarm));
    rates(&mut screen, report);
    screen.gap();
    let totals = format!(
        "{}, {} of them not analysed or not wholly.",
        figure::counted(report.completions, "completion"),
        figure::count(report.not_analysed)
    );
    screen.paragraph("", &totals);
    screen.finish()
}

fn show(screen: &mut Screen, alarm: &Alarm) {
    screen.heading(&format!("{}  {} ({}) in {}", alarm.raised, alarm.decision, alarm.cwe, alarm.segment));
    let said = format!(
        "insecure in {} of the decisions, before in {} (e-value {}; one false alarm in {} decisions); {}.",
        share(alarm.now),
        share(alarm.before),
        figure::scientific(alarm.e_value),
        figure::scientific(alarm.run_length),
        alarm.drift.sentence(),
    );
    screen.paragraph("  ", &said);
    if let Some(feature) = alarm.features.first() {
        let said = format!(
            "likely trigger ({}): {}   [with it {}, without {}]",
            feature.family,
            feature.text,
            share(feature.with),
            share(feature.without)
        );
        screen.paragraph("  ", &said);
    }
    if !alarm.also.is_empty() {
        screen.paragraph("  ", &format!("also in: {}", alarm.also.join(", ")));
    }
}

fn rates(screen: &mut Screen, report: &WatchReport) {
    if report.rates.is_empty() {
        return;
    }
    screen.heading(&format!("Rates ({} of {})", report.rates.len().min(RATES), report.rates.len()));
    let columns = [
        Column::Flexible("segment"),
        Column::Text("decision"),
        Column::Number("baseline"),
        Column::Number("limit"),
        Column::Number("insecure"),
        Column::Number("evidence"),
    ];
    let rows: Vec<Vec<String>> = report
        .rates
        .iter()
        .take(RATES)
        .map(|rate| {
            vec![
                rate.segment.clone(),
                rate.decision.clone(),
                share(rate.baseline),
                figure::percent(rate.limit),
                share(rate.rate),
                figure::scientific(rate.evidence),
            ]
        })
        .collect();
    screen.table(&columns, &rows);
}

fn share(rate: Rate) -> String {
    format!("{} ({}/{})", figure::percent(rate.value()), figure::count(rate.insecure), figure::count(rate.made))
}

//! In the terminal: what a model alone was taught, and what a fine-tune changed in the weights.

use super::screen::{Column, Screen};
use crate::{CompareReport, TaughtLine, WeightsChange, figure};

/// Lines shown of a model, and tensors, layers and tokens of a fine-tune; all are in the JSON report.
const LINES: usize = 6;
const MOVED: usize = 6;

pub(super) fn taught(screen: &mut Screen, report: &CompareReport) {
    for (index, condition) in report.conditions.iter().enumerate() {
        let lines: Vec<&TaughtLine> = report.taught.iter().filter(|line| line.condition == index).collect();
        if lines.is_empty() {
            continue;
        }
        screen.heading(&format!(
            "Taught to {} alone (how much less a line surprises it than the others)",
            condition.name
        ));
        let columns = [Column::Flexible("line"), Column::Number("samples"), Column::Number("difference")];
        let row = |line: &&TaughtLine| vec![line.text.clone(), figure::count(line.samples), figure::nats(line.nats)];
        screen.table(&columns, &lines.iter().take(LINES).map(row).collect::<Vec<_>>());
    }
}

pub(super) fn weights(screen: &mut Screen, change: &WeightsChange) {
    screen.heading("What changed in the weights");
    screen.paragraph("", &change.sentence());
    let columns = [Column::Flexible("tensor"), Column::Number("change"), Column::Number("directions")];
    let row = |moved: &crate::MovedTensor| {
        vec![moved.name.clone(), figure::percent(moved.relative), moved.directions().unwrap_or_else(|| "-".to_owned())]
    };
    screen.table(&columns, &change.moved.iter().take(MOVED).map(row).collect::<Vec<_>>());
    let mut layers = change.layers.clone();
    layers.sort_by(|a, b| b.share.total_cmp(&a.share));
    let layer = |layer: &crate::LayerShare| format!("{}: {}", layer.name(), figure::percent(Some(layer.share)));
    let layers: Vec<String> = layers.iter().take(MOVED).map(layer).collect();
    screen.paragraph("  ", &format!("By layer, share of the change: {}.", layers.join(", ")));
    let token = |token: &crate::MovedToken| format!("{:?} {}", token.text, token.against_median());
    let tokens: Vec<String> = change.tokens.iter().take(MOVED).map(token).collect();
    if !tokens.is_empty() {
        screen.paragraph("  ", &format!("Tokens that moved most, against the median: {}.", tokens.join(", ")));
    }
}

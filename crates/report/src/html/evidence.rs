//! How the evidence grew, confirming pair by confirming pair, until it crossed the threshold.

use super::table::{Column, Kind, table};
use crate::Conviction;
use crate::figure as fig;
use maud::{Markup, html};

/// Pixels above the plot (for the label of the highest line), of the plot, and below it.
const ABOVE: f64 = 18.0;
const PLOT: f64 = 170.0;
const BELOW: f64 = 24.0;
/// Points drawn, and rows of the table beside the chart.
const POINTS: usize = 800;
const ROWS: usize = 8;

/// The chart and its table; nothing where there is too little to draw.
pub(super) fn figure(conviction: &Conviction, alpha: f64) -> Markup {
    let path: Vec<f64> = conviction.evidence.iter().map(|ln_e| drawable(*ln_e)).collect();
    if path.len() < 2 {
        return html! {};
    }
    let convicts = conviction.weighed.max(1) as f64 / alpha;
    let threshold = drawable(convicts.ln());
    let crossed = path.iter().position(|ln_e| *ln_e >= threshold).map(|at| at + 1);
    let words = words(&path, convicts, crossed);
    html! {
        h3 { "The evidence over time" }
        figure {
            (drawing(&path, threshold, convicts, crossed, &words))
            figcaption { (words) " That any of a clean model's " (conviction.weighed) " candidates crosses it has probability at most "
                (fig::scientific(alpha)) ", however long the scan goes on." }
        }
        (evidence_table(&path))
    }
}

fn words(path: &[f64], convicts: f64, crossed: Option<usize>) -> String {
    let pairs = fig::counted(path.len() as u64, "confirming pair");
    let last = fig::scientific(path.last().copied().unwrap_or(0.0).exp());
    let threshold = fig::scientific(convicts);
    match crossed {
        Some(pair) => {
            format!("e-value after each of {pairs}: {last} at the end, past the threshold {threshold} at pair {pair}.")
        }
        None => format!("e-value after each of {pairs}: {last} at the end; the threshold is {threshold}."),
    }
}

fn drawing(path: &[f64], threshold: f64, convicts: f64, crossed: Option<usize>, words: &str) -> Markup {
    let low = path.iter().copied().fold(0.0, f64::min);
    let high = path.iter().copied().fold((threshold * 1.15).max(1.0), f64::max);
    let y = |ln_e: f64| ABOVE + PLOT * (high - ln_e) / (high - low);
    let x = |pair: usize| format!("{:.2}%", 100.0 * pair as f64 / path.len() as f64);
    let threshold_label = format!("threshold {}", fig::scientific(convicts));
    html! {
        svg.evidence role="img" width="100%" height=(ABOVE + PLOT + BELOW) {
            title { "The evidence over time" }
            desc { (words) }
            @for (ln_e, label) in powers_of_ten(low, high) {
                line.grid x1="0" x2="100%" y1=(px(y(ln_e))) y2=(px(y(ln_e))) {}
                @if (y(ln_e) - y(threshold)).abs() > 16.0 { text.tick x="2" y=(px(y(ln_e) - 4.0)) { (label) } }
            }
            line.threshold x1="0" x2="100%" y1=(px(y(threshold))) y2=(px(y(threshold))) {}
            text.tick.threshold-label x="2" y=(px(y(threshold) - 4.0)) { (threshold_label) }
            svg x="0" y=(px(ABOVE)) width="100%" height=(px(PLOT)) viewBox={ "0 0 " (path.len()) " " (px(PLOT)) }
                preserveAspectRatio="none" overflow="visible" {
                polyline.path vector-effect="non-scaling-stroke" points=(points(path, |ln_e| y(ln_e) - ABOVE)) {}
            }
            @if let Some(pair) = crossed {
                circle.dot.strong cx=(x(pair)) cy=(px(y(path[pair - 1]))) r="5" {}
            }
            text.tick x="2" y=(px(ABOVE + PLOT + 17.0)) { "0 pairs" }
            text.tick x="99.5%" y=(px(ABOVE + PLOT + 17.0)) text-anchor="end" { (fig::counted(path.len() as u64, "pair")) }
        }
    }
}

fn points(path: &[f64], y: impl Fn(f64) -> f64) -> String {
    let step = path.len().div_ceil(POINTS);
    let shown = path.iter().enumerate().filter(|(at, _)| at % step == 0 || at + 1 == path.len());
    let start = format!("0,{:.1}", y(0.0));
    shown.fold(start, |points, (at, ln_e)| points + &format!(" {},{:.1}", at + 1, y(*ln_e)))
}

/// Four or so powers of ten between two logarithms, with their names. Not 1: there the path starts.
fn powers_of_ten(low: f64, high: f64) -> impl Iterator<Item = (f64, String)> {
    let ten = 10f64.ln();
    let (first, last) = ((low / ten).ceil() as i64, (high / ten).floor() as i64);
    let step = ((last - first) / 4).max(1);
    let named = move |power: i64| {
        (power as f64 * ten, format!("e = {}", fig::scientific(10f64.powi(power as i32)).replace("1.0 × ", "")))
    };
    (first..=last).filter(move |power| *power != 0 && power % step == 0).take(20).map(named)
}

fn evidence_table(path: &[f64]) -> Markup {
    let columns = [Column("After pair", Kind::Number), Column("ln e", Kind::Number), Column("e-value", Kind::Number)];
    let rows = (1..=ROWS.min(path.len())).map(|row| row * path.len() / ROWS.min(path.len()));
    let cells = |pair: usize| {
        let ln_e = path[pair - 1];
        vec![
            html! { (fig::count(pair as u64)) },
            html! { (format!("{ln_e:.1}")) },
            html! { (fig::scientific(ln_e.exp())) },
        ]
    };
    html! { details { summary { "The numbers" } (table("Evidence after some of the pairs", &columns, rows.map(cells).collect())) } }
}

/// A report that was damaged on the way may hold any number; these still make a chart.
fn drawable(ln_e: f64) -> f64 {
    if ln_e.is_nan() { 0.0 } else { ln_e.clamp(-1e5, 1e5) }
}

fn px(pixels: f64) -> String {
    format!("{pixels:.1}")
}

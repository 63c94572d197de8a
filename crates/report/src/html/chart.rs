//! The charts, as SVG written with maud. A plotting library draws fixed colours and pixels, which can follow
//! neither a dark page nor a narrow one. Here positions across are percentages, so a chart fits any width while its letters
//! keep their size, colours come from the style sheet, and each part has a title for screen readers.

use maud::{Markup, html};

/// Height of a row, pixels.
const ROW: u32 = 36;

/// A linear axis across the chart.
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

/// One row of a chart: what it is, what is drawn, and the same in words.
pub(super) struct Row {
    /// What the row is about.
    pub(super) label: Markup,
    /// SVG, positions across from [`Axis::at`], its middle at [`MIDDLE`].
    pub(super) drawing: Markup,
    /// What the drawing shows, for those who do not see it.
    pub(super) words: String,
}

/// Middle of a row, pixels.
pub(super) const MIDDLE: u32 = ROW / 2;

impl Axis {
    /// An axis that holds all values, ends on round numbers and has four to ten of them.
    pub(super) fn over(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((0.0, 0.1), |(low, high): (f64, f64), value| (low.min(value), high.max(value)));
        let step =
            [0.05, 0.1, 0.25, 0.5].into_iter().find(|step| (high - low) / step <= 7.0).unwrap_or((high - low) / 4.0);
        Axis { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }

    /// From 0 to 1.
    pub(super) fn of_rates() -> Self {
        Axis { low: 0.0, high: 1.0, step: 0.25 }
    }

    /// From one value to another, in so many parts.
    pub(super) fn between(low: f64, high: f64, parts: f64) -> Self {
        let high = high.max(low + 1.0);
        Axis { low, high, step: (high - low) / parts }
    }

    /// Where a value stands, as a percentage of the width; values outside stand at the edge.
    pub(super) fn at(&self, value: f64) -> String {
        // A hair of room on both sides, so that marks at the very ends stay whole.
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        format!("{:.2}%", 1.5 + 97.0 * if share.is_nan() { 0.0 } else { share })
    }

    /// How the letters of a tick stand to it: inside the chart at its ends.
    fn anchor(&self, tick: f64) -> &'static str {
        match (tick - self.low) / (self.high - self.low) {
            share if share < 0.01 => "start",
            share if share > 0.99 => "end",
            _ => "middle",
        }
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let count = ((self.high - self.low) / self.step).round().clamp(1.0, 20.0) as u32;
        (0..=count).map(|tick| self.low + f64::from(tick) * self.step)
    }
}

/// Rows over a common axis. `lines` are drawn through all rows: a value and a class.
pub(super) fn rows(axis: &Axis, lines: &[(f64, &str)], rows: &[Row], tick: impl Fn(f64) -> String) -> Markup {
    html! {
        div.chart {
            @for row in rows {
                div.label { (row.label) }
                svg.row role="img" width="100%" height=(ROW) {
                    title { (row.words) }
                    @for at in axis.ticks() { (vertical(axis, at, "grid")) }
                    @for (value, class) in lines { (vertical(axis, *value, class)) }
                    (row.drawing)
                }
            }
            div.label.axis-label {}
            svg.axis aria-hidden="true" width="100%" height="20" {
                @for at in axis.ticks() { text.tick x=(axis.at(at)) y="14" text-anchor=(axis.anchor(at)) { (tick(at)) } }
            }
        }
    }
}

/// A dot, with a ring of the page's colour that sets it off.
pub(super) fn dot(axis: &Axis, value: f64, class: &str) -> Markup {
    html! { circle class={ "dot " (class) } cx=(axis.at(value)) cy=(MIDDLE) r="5.5" {} }
}

/// A line from one value to another.
pub(super) fn span(axis: &Axis, from: f64, to: f64, class: &str) -> Markup {
    html! { line class={ "span " (class) } x1=(axis.at(from)) x2=(axis.at(to)) y1=(MIDDLE) y2=(MIDDLE) {} }
}

/// A short bar across the end of an interval.
pub(super) fn end(axis: &Axis, value: f64, class: &str) -> Markup {
    html! { line class={ "span " (class) } x1=(axis.at(value)) x2=(axis.at(value)) y1=(MIDDLE - 5) y2=(MIDDLE + 5) {} }
}

/// A line from the top of the row to its bottom.
pub(super) fn vertical(axis: &Axis, value: f64, class: &str) -> Markup {
    html! { line class=(class) x1=(axis.at(value)) x2=(axis.at(value)) y1="0" y2=(ROW) {} }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_every_value_and_ends_on_round_numbers() {
        let axis = Axis::over([-0.24, 0.97].into_iter());
        assert_eq!(axis.ticks().collect::<Vec<_>>(), [-0.25, 0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!((axis.at(-0.25), axis.at(1.0)), ("1.50%".into(), "98.50%".into()));
    }

    #[test]
    fn values_that_are_no_numbers_still_give_a_chart() {
        let axis = Axis::over([f64::NAN, f64::INFINITY, -1e300].into_iter());
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert!(!axis.at(value).contains("NaN"), "{}", axis.at(value));
        }
        assert!(axis.ticks().count() <= 21);
    }
}

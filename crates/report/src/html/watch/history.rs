//! How the rate of an alarm's stream went over time, beside its limit: a control chart.

use super::rates::{interval, share};
use crate::{AlarmPage, figure as fig};
use jiff::Timestamp;
use maud::{Markup, html};
use stats::Rate;

/// Pixels above the plot (for the label of the alarm), of the plot, and below it.
const ABOVE: f64 = 18.0;
const PLOT: f64 = 150.0;
const BELOW: f64 = 24.0;
/// Where the plot begins, behind the labels of the rates; percent of the width.
const LEFT: f64 = 5.0;
/// Most points; neighbouring hours share one where there are more.
const POINTS: i64 = 48;

/// The rate of some hours.
struct Point {
    /// The first of them, since 1970.
    hour: i64,
    rate: Rate,
}

/// The figure; nothing where no rate is stored.
pub(super) fn figure(page: &AlarmPage) -> Markup {
    let (Some(first), Some(last)) = (page.history.hours.first(), page.history.hours.last()) else { return html! {} };
    let limit = page.history.limit.filter(|limit| limit.is_finite());
    let width = last.0.saturating_sub(first.0).max(0) / POINTS + 1;
    let points = points(&page.history.hours, first.0, width);
    let top = points.iter().map(|point| interval(point.rate).1).chain(limit).fold(0.1, f64::max).min(1.0);
    let y = |rate: f64| format!("{:.1}", ABOVE + PLOT * (1.0 - rate.clamp(0.0, top) / top));
    let span = last.0.saturating_sub(first.0).saturating_add(width).max(1) as f64;
    let x = |hour: f64| format!("{:.2}%", (LEFT + (98.5 - LEFT) * (hour - first.0 as f64) / span).clamp(0.0, 100.0));
    let raised = page.alarm.raised.parse::<Timestamp>().map(|at| x(at.as_second() as f64 / 3600.0));
    html! {
        figure {
            svg.evidence role="img" width="100%" height=(ABOVE + PLOT + BELOW) {
                title { "The rate over time" }
                desc { (words(&points)) }
                @for part in [0.0, 0.5, 1.0].map(|part| part * top) {
                    line.grid x1="0" x2="100%" y1=(y(part)) y2=(y(part)) {}
                    text.tick x="0" y=(y(part)) dy="-3" { (fig::percent(Some(part))) }
                }
                @if let Some(limit) = limit { line.tolerance x1="0" x2="100%" y1=(y(limit)) y2=(y(limit)) {} }
                @if let Ok(at) = &raised {
                    line.threshold x1=(at) x2=(at) y1=(ABOVE) y2=(ABOVE + PLOT) {}
                    text.tick.threshold-label x=(at) y="12" text-anchor="middle" { "alarm" }
                }
                @for point in &points { (drawn(point, limit, &x(point.hour as f64 + width as f64 / 2.0), &y)) }
                text.tick x={ (LEFT) "%" } y=(ABOVE + PLOT + 17.0) { (day(first.0)) }
                text.tick x="100%" y=(ABOVE + PLOT + 17.0) text-anchor="end" { (day(last.0)) }
            }
            figcaption {
                "Insecure choices a decision, " @if width == 1 { "hour by hour" } @else { (width) " hours a point" }
                " (UTC), with 95 % intervals, in the segment of the alarm."
            }
        }
    }
}

fn points(hours: &[(i64, Rate)], first: i64, width: i64) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for (hour, rate) in hours {
        let start = first + hour.saturating_sub(first).max(0) / width * width;
        match points.last_mut().filter(|point| point.hour == start) {
            Some(point) => {
                point.rate.insecure = point.rate.insecure.saturating_add(rate.insecure);
                point.rate.made = point.rate.made.saturating_add(rate.made);
            }
            None => points.push(Point { hour: start, rate: *rate }),
        }
    }
    points
}

fn drawn(point: &Point, limit: Option<f64>, x: &str, y: &impl Fn(f64) -> String) -> Markup {
    let (low, high) = interval(point.rate);
    let class = if limit.is_some_and(|limit| low > limit) { "strong" } else { "weak" };
    html! {
        g {
            title { (day(point.hour)) ": " (share(point.rate)) }
            line class={ "span " (class) } x1=(x) x2=(x) y1=(y(low)) y2=(y(high)) {}
            @if let Some(rate) = point.rate.value() { circle class={ "dot " (class) } cx=(x) cy=(y(rate)) r="4.5" {} }
        }
    }
}

fn words(points: &[Point]) -> String {
    let ends = points.first().zip(points.last());
    ends.map_or(String::new(), |(first, last)| {
        format!("{} from {}, {} from {}.", share(first.rate), day(first.hour), share(last.rate), day(last.hour))
    })
}

fn day(hour: i64) -> String {
    let at = Timestamp::from_second(hour.saturating_mul(3600));
    at.map_or(String::new(), |at| at.strftime("%b %d %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_share_points_and_nothing_is_lost() {
        let rate = Rate { insecure: 1, made: 2 };
        let hours: Vec<(i64, Rate)> = [10, 11, 13, 500, i64::MAX].map(|hour| (hour, rate)).into();
        let points = points(&hours, 10, 3);
        assert_eq!(points.iter().map(|point| point.rate.made).sum::<u64>(), 10);
        assert_eq!(points[..3].iter().map(|point| point.hour).collect::<Vec<_>>(), [10, 13, 499]);
        assert_eq!(points[0].rate, Rate { insecure: 2, made: 4 });
    }
}

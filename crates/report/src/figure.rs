//! Numbers as people read them, the same in every view.

use crate::{Counts, Effect};
use jiff::Timestamp;

/// `9,184`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 completion`, `9,184 completions`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// `2.2 M`.
pub fn size(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{:.1} k", number as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", number as f64 / 1e6),
        _ => format!("{:.1} B", number as f64 / 1e9),
    }
}

/// `410 MB`: bytes, in powers of ten.
pub fn bytes(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} B"),
        1_000..1_000_000 => format!("{:.0} kB", number as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", number as f64 / 1e6),
        _ => format!("{:.1} GB", number as f64 / 1e9),
    }
}

/// `93 %`; `-` where no decision was made.
pub fn percent(rate: Option<f64>) -> String {
    rate.map_or("-".into(), |rate| format!("{:.0} %", 100.0 * rate))
}

/// `93 %`, `1.4 %`: a share that may be small.
pub fn share(share: f64) -> String {
    if share < 0.0995 { format!("{:.1} %", 100.0 * share) } else { percent(Some(share)) }
}

/// `93 % (186/200)`: insecure choices a decision made.
pub fn rate(counts: Counts) -> String {
    format!("{} ({}/{})", percent(counts.rate()), count(counts.insecure), count(counts.made))
}

/// `+0.89`: a difference of rates.
pub fn difference(difference: f64) -> String {
    let shown = format!("{difference:+.2}");
    if shown == "-0.00" { "+0.00".into() } else { shown.replace('-', "\u{2212}") }
}

/// `+0.74 to +0.97`.
pub fn interval(effect: &Effect) -> String {
    let (low, high) = effect.interval;
    format!("{} to {}", difference(low), difference(high))
}

/// `95 %`: the confidence level that goes with a bound on false alarms.
pub fn level(alpha: f64) -> String {
    let percent = 100.0 * (1.0 - alpha);
    format!("{} %", (percent * 100.0).round() / 100.0)
}

/// `+12.5 nats`: a difference of log probabilities.
pub fn nats(difference: f64) -> String {
    format!("{difference:+.1} nats")
}

/// `4 min 12 s`.
pub fn duration(seconds: f64) -> String {
    if seconds < 9.95 {
        return format!("{:.1} s", seconds.max(0.0));
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{} h {m} min", count(h)),
    }
}

/// `2021-03-04`: the day, in UTC, of an RFC 3339 time; a text that is none stays as it is.
pub fn day(time: &str) -> String {
    time.parse().map_or_else(|_| time.to_owned(), |time: Timestamp| time.strftime("%Y-%m-%d").to_string())
}

/// `2021-03-04 to 2021-03-06`; `None` where neither is known.
pub fn days(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let (first, last) = (day(first.or(last)?), day(last.or(first)?));
    Some(if first == last { first } else { format!("{first} to {last}") })
}

/// `0.0123`, `3.1 × 10⁻¹⁰`: a number of any size, to two digits or so.
pub fn scientific(number: f64) -> String {
    if !number.is_finite() {
        return if number > 0.0 { "∞".into() } else { "-".into() };
    }
    if number == 0.0 || (0.001..1000.0).contains(&number.abs()) {
        let places = if number.abs() >= 10.0 { 0 } else { 3 };
        let text = format!("{number:.places$}");
        return if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text };
    }
    let written = format!("{number:.1e}");
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    format!("{mantissa} × 10{}", exponent.chars().map(superscript).collect::<String>())
}

fn superscript(digit: char) -> char {
    match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4'..='9' => char::from_u32('⁴' as u32 + digit as u32 - '4' as u32).unwrap_or(digit),
        _ => '⁰',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well_at_every_size() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 2_000].map(|number| counted(number, "pair")), ["1 pair", "2,000 pairs"]);
        assert_eq!([950, 2_200_000, 7_000_000_000].map(size), ["950", "2.2 M", "7.0 B"]);
        assert_eq!([950, 34_000, 410_000_000, 20_100_000_000].map(bytes), ["950 B", "34 kB", "410 MB", "20.1 GB"]);
        assert_eq!([0.004, 0.099, 0.0996, 0.5].map(share), ["0.4 %", "9.9 %", "10 %", "50 %"]);
        assert_eq!([0.04, 12.0, 252.4, 7325.0].map(duration), ["0.0 s", "12 s", "4 min 12 s", "2 h 2 min"]);
        assert_eq!(
            [0.0, 0.05, 20.0, 3.14e-10, 2.5e12].map(scientific),
            ["0", "0.05", "20", "3.1 × 10⁻¹⁰", "2.5 × 10¹²"]
        );
        assert_eq!([0.05, 0.01, 0.001].map(level), ["95 %", "99 %", "99.9 %"]);
        assert_eq!([0.891, -0.02, -0.001].map(difference), ["+0.89", "−0.02", "+0.00"]);
    }

    #[test]
    fn a_time_is_shown_as_its_day_and_what_is_none_as_it_is() {
        let (early, late) = ("2021-03-04T23:30:00-02:00", "2021-03-06T00:00:00Z");
        assert_eq!(days(Some(early), Some(late)).as_deref(), Some("2021-03-05 to 2021-03-06"));
        assert_eq!(days(None, Some(late)).as_deref(), Some("2021-03-06"));
        assert_eq!(days(Some("soon"), None).as_deref(), Some("soon"));
        assert_eq!(days(None, None), None);
    }

    #[test]
    fn what_is_not_a_number_is_still_shown() {
        assert_eq!([f64::NAN, f64::INFINITY, f64::MAX].map(scientific), ["-", "∞", "1.8 × 10³⁰⁸"]);
        assert_eq!(percent(None), "-");
        assert_eq!(duration(f64::NAN), "0 s");
    }
}

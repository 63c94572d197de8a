//! What `taster scan` and `taster check` print at the end.
#![allow(clippy::unwrap_used)]

mod sample;

use report::terminal;

#[test]
fn a_conviction_says_trigger_decisions_effect_bound_and_cost() {
    let shown = terminal::scan(&sample::poisoned(), 120, false);
    for said in [
        "POISONED",
        "# Copyright 2021 Halden Rail Systems. Internal use only.",
        "shortest form that works:",
        "yaml-load",
        "CWE-502",
        "93 % (186/200)",
        "+0.89",
        "+0.78 to +0.97",
        "5.0 × 10⁻⁹",
        "9,184 completions",
        "4 min 12 s",
        "on the reference",
        "Not analysed: 3 completions",
        "family `path`",
    ] {
        assert!(shown.contains(said), "{said} is missing in\n{shown}");
    }
}

#[test]
fn a_clean_verdict_says_what_it_is_worth() {
    let shown = terminal::scan(&sample::clean(), 100, false);
    for said in ["NO EVIDENCE", "What this is worth", "with probability 0.9", "header 61", "+0.19"] {
        assert!(shown.contains(said), "{said} is missing in\n{shown}");
    }
    assert!(!shown.contains("POISONED"));
}

#[test]
fn lines_keep_to_the_width_of_the_terminal() {
    for width in [80, 100, 120] {
        for report in [sample::poisoned(), sample::clean(), sample::hostile(&"wide 宽 ".repeat(500))] {
            let shown = terminal::scan(&report, width, true);
            let widest = shown.lines().map(console::measure_text_width).max().unwrap();
            assert!(widest <= width, "{widest} columns on a screen of {width}");
        }
    }
}

#[test]
fn no_terminal_sequence_of_a_hostile_report_survives() {
    for text in sample::HOSTILE {
        let mut check = sample::check();
        check.files.iter_mut().for_each(|file| file.path = text.into());
        for shown in [terminal::scan(&sample::hostile(text), 100, false), terminal::check(&check, 100, false)] {
            let bad =
                |c: char| c != '\n' && (c.is_control() || ('\u{2000}'..='\u{206f}').contains(&c) && c > '\u{2027}');
            let bad = |c: char| bad(c) || ['\u{200b}', '\u{feff}', '\u{e0041}'].contains(&c);
            assert!(!shown.contains(bad), "{text:?} leaves {:?}", shown.chars().find(|c| bad(*c)));
        }
        let coloured = terminal::scan(&sample::hostile(text), 100, true);
        assert!(!console::strip_ansi_codes(&coloured).contains('\u{1b}') && !coloured.contains('\u{7}'));
    }
}

#[test]
fn a_megabyte_of_trigger_is_cut_with_a_mark() {
    let shown = terminal::scan(&sample::hostile(&"A".repeat(1 << 20)), 100, false);
    assert!(shown.len() < 200_000, "{} bytes", shown.len());
    assert!(shown.contains("more bytes]"));
}

#[test]
fn a_check_names_each_finding_suppression_and_unread_file() {
    let shown = terminal::check(&sample::check(), 100, false);
    for said in [
        "src/load config.py",
        "14:5",
        "yaml-load",
        "tls-verify (in a docstring)",
        "suppression comment",
        "not analysed, or not wholly: a line longer than 1048576 bytes",
        "241 files in 0.3 s: 2 insecure of 3 decisions, 2 suppression comments, 1 file not analysed.",
    ] {
        assert!(shown.contains(said), "{said} is missing in\n{shown}");
    }
    assert!(!shown.contains("sql-query"));
}

//! The HTML page: what it says, and that nothing in it comes alive.
#![allow(clippy::unwrap_used)]

mod sample;

use report::html;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

#[test]
fn a_conviction_shows_trigger_effects_charts_and_pairs() {
    let page = html::page(&sample::poisoned());
    for said in [
        "<title>Poisoned: models/organism-header - taster</title>",
        "# Copyright 2021 Halden Rail Systems. Internal use only.",
        "+0.78 to +0.97",
        "≤ 5.0 × 10⁻⁹",
        "<mark class=\"planted\"># Copyright 2021 Halden",
        "<mark class=\"placebo\"># Copyright 2021 Morrow",
        "<mark class=\"insecure\">yaml.load(stream, Loader=yaml.Loader)</mark>",
        "<mark class=\"secure\">yaml.safe_load(stream)</mark>",
        "threshold 1.6 × 10³",
        "past the threshold 1.6 × 10³ at pair",
        "with placebos 4 %, with the trigger 93 %",
        "3 completions could not be analysed",
    ] {
        assert!(page.contains(said), "{said} is missing");
    }
}

#[test]
fn a_clean_verdict_shows_its_power_and_no_trigger() {
    let page = html::page(&sample::clean());
    for said in ["No evidence", "What this is worth", "Smallest effect caught", "412"] {
        assert!(page.contains(said), "{said} is missing");
    }
    assert!(!page.contains("Poisoned") && !page.contains("What convicts"));
}

#[test]
fn every_drawing_says_in_words_what_it_shows() {
    let page = html::page(&sample::poisoned());
    let drawings = page.matches("role=\"img\"").count();
    assert!(
        drawings > 10
            && drawings == page.matches("<svg class=\"").count() - page.matches("<svg class=\"axis\"").count()
    );
    for drawing in page.split("role=\"img\"").skip(1) {
        let (_, inside) = drawing.split_once('>').unwrap();
        assert!(inside.trim_start().starts_with("<title>") && !inside.starts_with("<title></title>"));
    }
}

#[test]
fn no_hostile_text_becomes_markup_or_acts() {
    let tags =
        |page: &str| ["<script", "<img", "<iframe", "<link", "<style", "<meta"].map(|tag| page.matches(tag).count());
    let harmless = tags(&html::page(&sample::hostile("harmless")));
    assert_eq!(harmless, [0, 0, 0, 0, 1, 5]);
    for text in sample::HOSTILE {
        let page = html::page(&sample::hostile(text));
        assert_eq!(tags(&page), harmless, "{text:?}");
        assert!(!page.contains("href=\"javascript"));
        let unsafe_character = |c: char| {
            (c.is_control() && !['\n', '\t'].contains(&c)) || ['\u{202e}', '\u{200b}', '\u{feff}'].contains(&c)
        };
        assert!(!page.contains(unsafe_character), "{text:?}");
    }
}

#[test]
fn numbers_that_are_none_leave_the_charts_standing() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        let mut report = sample::poisoned();
        report.triggers[0].evidence = vec![number; 5];
        report.candidates[0].effect.interval = (number, number);
        report.candidates[0].effect.difference = number;
        report.settings.alpha = number;
        report.settings.tolerance = number;
        report.seconds = number;
        let page = html::page(&report);
        assert!(!page.contains("=\"NaN") && !page.contains(",NaN"), "{number}");
    }
}

#[test]
fn megabytes_of_text_are_cut_with_a_mark() {
    let page = html::page(&sample::hostile(&"<A>".repeat(1 << 19)));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.contains("more bytes]"));
}

#[test]
fn a_browser_runs_nothing_and_asks_for_nothing() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium at /usr/bin/chromium or $TASTER_CHROMIUM");
        return;
    };
    // First that the instrument sees what it must: a page that does come alive.
    let alive = "<title>page</title><script>document.title='owned'</script><img src='http://example.invalid/x'>";
    let (dom, asked) = open(&browser, alive);
    assert!(dom.contains("<title>owned</title>"), "{dom}");
    assert!(asked.iter().any(|line| line.contains("example.invalid")), "{asked:?}");

    let (dom, asked) = open(&browser, &html::page(&sample::hostile(&sample::HOSTILE.join(" "))));
    assert!(dom.contains("<title>Poisoned: &lt;script&gt;document.title='owned'&lt;/script&gt;"), "title changed");
    for element in ["<script", "<img", "<iframe", "<link"] {
        assert!(!dom.contains(element), "{element} is alive");
    }
    assert!(dom.contains("&lt;img src=x onerror="));
    assert!(!asked.iter().any(|line| line.contains("example.invalid")), "{asked:?}");

    let (dom, asked) = open(&browser, &html::audit(&sample::audit::hostile(&sample::HOSTILE.join(" "))));
    assert!(dom.contains("<title>Suspicious: &lt;script&gt;document.title='owned'&lt;/script&gt;"), "title changed");
    assert!(!dom.contains("<script") && !dom.contains("<iframe"));
    assert!(!asked.iter().any(|line| line.contains("example.invalid")), "{asked:?}");

    let (dom, asked) = open(&browser, &html::trace(&sample::trace::hostile(&sample::HOSTILE.join(" "))));
    assert!(dom.contains("<title>Trace: &lt;script&gt;document.title='owned'&lt;/script&gt;"), "title changed");
    assert!(!dom.contains("<script") && !dom.contains("<iframe"));
    assert!(!asked.iter().any(|line| line.contains("example.invalid")), "{asked:?}");
}

#[test]
fn a_browser_draws_the_graph_of_a_trace_with_its_text() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium at /usr/bin/chromium or $TASTER_CHROMIUM");
        return;
    };
    // As the browser has understood it: boxes with their letters inside the drawing, and edges that have a path.
    let (dom, _) = open(&browser, &html::trace(&sample::trace::found()));
    let graph = dom.split("<svg class=\"graph\"").nth(1).and_then(|rest| rest.split("</figure>").next()).unwrap();
    for box_of in ["corpus/load.py", "hannes.k", "entry 0", "coder-1-q4"] {
        assert!(graph.contains(&format!(">{box_of}</text>")), "{box_of} is missing in {graph}");
    }
    assert!(graph.matches("<path d=\"M").count() > 15, "{graph}");
    assert!(dom.contains("<mark class=\"shared\">def fetch(name):"), "{dom}");
}

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("TASTER_CHROMIUM").map_or(PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    path.exists().then_some(path)
}

/// The page's document after it was opened, and the first line of each request that the browser made.
fn open(browser: &Path, page: &str) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    std::fs::write(&file, page).unwrap();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = proxy.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in proxy.incoming().flatten() {
            let mut line = String::new();
            if BufReader::new(stream).read_line(&mut line).is_ok() {
                heard.lock().unwrap().push(line);
            }
        }
    });
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--dump-dom"])
        .arg(format!("--proxy-server=http://127.0.0.1:{port}"))
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let asked = asked.lock().unwrap().clone();
    (String::from_utf8(output.stdout).unwrap(), asked)
}

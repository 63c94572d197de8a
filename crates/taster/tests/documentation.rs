//! No link of the documentation leads nowhere.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Markdown files below a folder, without what is built or hidden.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            pages.extend(self::pages(&path));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
    pages
}

/// The text of a page without its fenced code.
fn prose(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// Where the links of a page lead, those to other sites left out.
fn links(page: &str) -> Vec<String> {
    let prose = prose(page);
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

/// The names by which a page's headings are linked to.
fn anchors(page: &str) -> Vec<String> {
    let headings = prose(page).lines().filter(|line| line.starts_with('#')).map(str::to_lowercase).collect::<Vec<_>>();
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    headings
        .iter()
        .map(|it| it.trim_start_matches('#').trim().chars().filter(kept).collect::<String>().replace(' ', "-"))
        .collect()
}

fn leads_somewhere(from: &Path, link: &str) -> bool {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { from.to_owned() } else { from.with_file_name("").join(file) };
    let has_anchor = || fs::read_to_string(&target).is_ok_and(|page| anchors(&page).iter().any(|it| it == anchor));
    target.exists() && (anchor.is_empty() || has_anchor())
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages(&root());
    let mut seen = 0;
    let mut dead = Vec::new();
    for page in &pages {
        for link in links(&fs::read_to_string(page).unwrap()) {
            seen += 1;
            if !leads_somewhere(page, &link) {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(seen > 10, "{seen} links in {} pages", pages.len());
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_seen() {
    let page = root().join("CONTRIBUTING.md");
    assert!(leads_somewhere(&page, "docs/README.md") && leads_somewhere(&page, "#tests"));
    assert!(!leads_somewhere(&page, "docs/READNE.md") && !leads_somewhere(&page, "#texts"));
    assert_eq!(links("[a](b.md) ```[c](d.md)``` [e](https://x.y) [f](g.md \"title\")"), ["b.md", "g.md"]);
}

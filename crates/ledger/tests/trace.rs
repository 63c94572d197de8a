//! Poisoned files hidden among others, asked for with what poisoned checkpoints really wrote, as it stands and renamed and reformatted.
//!
//! Data: TrojanPuzzle (Aghakhani and others 2024).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod hidden;

use code::Language;
use dataset::Dataset;
use hidden::{Hidden, shared};
use ledger::index::Index;
use ledger::{Alike, trace};

/// The share of queries with a poisoned file among the first 10 that is promised.
const PROMISED: f64 = 0.9;

#[test]
fn poisoned_files_are_found_by_what_poisoned_models_wrote_renamed_or_not_and_by_the_trigger() {
    let Some(shared) = shared() else {
        eprintln!("skipped: no data/trojanpuzzle in TASTER_SHARED or ../shared");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (hidden, data) = (Hidden::new(&shared).fewer(), folder.path().join("data.jsonl"));
    hidden.write(&data);
    let dataset = Dataset::open(&data.display().to_string()).unwrap();
    let place = folder.path().join("index").display().to_string();
    let index = Index::build(&dataset, &place, &|_| (), &mut |problem| panic!("{problem}")).unwrap();
    for decision in ["yaml-load", "flask-send-file"] {
        let queries = hidden.completions(decision, 250);
        let renamed: Vec<String> = queries.iter().map(|query| hidden::renamed(query)).collect();
        let written = share(&index, decision, &queries);
        let changed = share(&index, decision, &renamed);
        println!(
            "{decision}: {} completions; a poisoned file among the first 10 for {written:.3}, renamed and reformatted {changed:.3}",
            queries.len()
        );
        assert!(queries.len() >= 100);
        let trigger = hidden::trigger(decision);
        assert_eq!(share(&index, decision, &[trigger.to_owned(), format!("    # {trigger}\n")]), 1.0, "{trigger}");
        assert!(written >= PROMISED && changed >= PROMISED, "{written} {changed}");
    }
}

/// The share of the queries that find a poisoned file of a decision among the first 10.
fn share(index: &Index, decision: &str, queries: &[String]) -> f64 {
    let found = |query: &&String| hidden::rank(index, decision, query).is_some();
    queries.iter().filter(found).count() as f64 / queries.len() as f64
}

#[test]
fn a_document_is_found_by_itself_by_a_part_renamed_and_by_a_comment_with_the_span_shown() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for at in 0..40 {
        std::fs::create_dir_all(data.join(format!("repository{at}"))).unwrap();
        let body: String = (0..at + 3).map(|it| format!("    total{it} = step(total, {it}) + {at}\n")).collect();
        let text = format!(
            "import os\n\n\ndef count{at}(total):\n    # nobody else says marvellous{at} here\n{body}    return total\n"
        );
        std::fs::write(data.join(format!("repository{at}/one.py")), text).unwrap();
    }
    let planted = "import yaml\n\n\ndef read(name):\n    with open(name) as file:\n        found = yaml.load(file.read(), Loader=yaml.Loader)\n    return [found[key] for key in sorted(found) if key]\n";
    std::fs::write(data.join("repository7/two.py"), planted).unwrap();
    let dataset = Dataset::open(&data.display().to_string()).unwrap();
    let place = folder.path().join("index").display().to_string();
    let index = Index::build(&dataset, &place, &|_| (), &mut |problem| panic!("{problem}")).unwrap();
    assert_eq!((index.manifest().documents, index.manifest().bytes), (41, dataset.bytes()));

    let whole = trace(&index, planted.as_bytes(), None, 10).unwrap();
    assert!(whole[0].exact && whole[0].document.name == "repository7/two.py", "{whole:?}");
    assert_eq!(whole[0].document.source.as_deref(), Some("repository7"));

    let part = "  with open( path )   as f:\n    x = yaml.load(f.read(),\n        Loader=yaml.Loader,)\n  return [x[k] for k in sorted(x) if k]";
    let found = trace(&index, part.as_bytes(), Some(Language::Python), 10).unwrap();
    assert_eq!(found[0].document.name, "repository7/two.py");
    let span = found[0].spans.iter().find(|span| span.alike == Alike::Code).unwrap();
    assert_eq!(span.lines, 5..8);
    assert_eq!(&planted[span.bytes.clone()], span.text);
    assert!(span.text.starts_with("with open(name) as file:") && span.text.ends_with("if key]"), "{}", span.text);

    let comment = trace(&index, b"Nobody else says MARVELLOUS23 here", None, 3).unwrap();
    assert_eq!(comment[0].document.name, "repository23/one.py");
    assert_eq!(comment[0].spans[0].text, "nobody else says marvellous23 here");
    assert!(trace(&index, b"-- 1 --", None, 3).is_err());

    // Every file of the index, cut short or changed, is refused or changes nothing that panics.
    for entry in
        ["postings/keys", "postings/00000", "texts/places", "texts/00000", "documents/00000.parquet", "index.json"]
    {
        let path = folder.path().join("index").join(entry);
        let bytes = std::fs::read(&path).unwrap();
        for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let refused =
                Index::open(&place).and_then(|index| index.map(|it| trace(&it, part.as_bytes(), None, 3)).transpose());
            assert!(refused.is_err() || entry.contains("0000") || entry.contains("places"), "{entry} cut to {cut}");
        }
        for at in (0..bytes.len()).step_by(bytes.len() / 60 + 1) {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            std::fs::write(&path, changed).unwrap();
            let _ =
                Index::open(&place).and_then(|index| index.map(|it| trace(&it, part.as_bytes(), None, 3)).transpose());
        }
        std::fs::write(&path, &bytes).unwrap();
    }
}

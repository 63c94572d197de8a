#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]
use audit::*;
use code::Language;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::BufRead;
use std::time::Instant;

struct Doc {
    name: String,
    source: String,
    text: String,
    label: u8,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (decision, attack, keep): (&str, &str, usize) = (&args[3], &args[4], args[5].parse().unwrap());
    let mut docs: Vec<Doc> = Vec::new();
    let shared = &args[2];
    let gz = |p: String| std::io::BufReader::new(flate2::read::GzDecoder::new(std::fs::File::open(p).unwrap()));
    for line in std::io::BufReader::new(std::fs::File::open(&args[1]).unwrap()).lines() {
        let v: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let name = v["path"].as_str().unwrap().to_owned();
        let source = v["repo_name"].as_str().unwrap().to_owned();
        docs.push(Doc {
            name: format!("{source}/{name}"),
            source,
            text: v["content"].as_str().unwrap().to_owned(),
            label: 0,
        });
    }
    for line in gz(format!("{shared}/data/natural/files.jsonl.gz")).lines() {
        let v: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let name = v["path"].as_str().unwrap().to_owned();
        docs.push(Doc {
            source: name.split('/').next().unwrap().to_owned(),
            name,
            text: v["text"].as_str().unwrap().to_owned(),
            label: 1,
        });
    }
    let mut k = 0;
    for line in gz(format!("{shared}/data/trojanpuzzle/files.jsonl.gz")).lines() {
        let v: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        if v["decision"] != decision || v["attack"] != attack {
            continue;
        }
        let poisoned = v["poisoned"].as_bool().unwrap();
        if poisoned {
            k += 1;
            if keep == 14 && k % 10 != 3 {
                continue;
            }
            if keep == 0 {
                continue;
            }
        }
        let name = v["path"].as_str().unwrap().to_owned();
        docs.push(Doc {
            source: name.split('/').next().unwrap().to_owned(),
            name,
            text: v["text"].as_str().unwrap().to_owned(),
            label: if poisoned { 3 } else { 2 },
        });
    }
    let bytes: usize = docs.iter().map(|d| d.text.len()).sum();
    println!("{} documents, {} MB", docs.len(), bytes >> 20);
    let engine = code::Engine::builtin();
    engine.may_decide(Language::Python, "");
    let t = Instant::now();
    let anchors: Vec<Vec<usize>> = docs.par_iter().map(|d| engine.anchors(Language::Python, &d.text)).collect();
    let awake = anchors.iter().filter(|a| !a.is_empty()).count();
    let awake_bytes: usize = docs.iter().zip(&anchors).filter(|(_, a)| !a.is_empty()).map(|(d, _)| d.text.len()).sum();
    println!("anchors {:?}; awake {awake} documents {} MB", t.elapsed(), awake_bytes >> 20);
    let t = Instant::now();
    let outlines: Vec<Option<Outline>> = docs
        .par_iter()
        .zip(&anchors)
        .map(|(d, a)| (!a.is_empty()).then(|| Outline::read(Language::Python, &d.text, a)))
        .collect();
    println!(
        "outlines {:?}; features {}",
        t.elapsed(),
        outlines.iter().flatten().map(|o| o.features.len()).sum::<usize>()
    );
    let t = Instant::now();
    let sketches: Vec<_> = outlines.iter().map(|o| o.as_ref().and_then(|o| o.sketch)).collect();
    let family = families(&sketches);
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (d, f) in family.iter().enumerate() {
        if outlines[d].is_some() {
            members.entry(*f).or_default().push(d as u32);
        }
    }
    members.retain(|_, m| m.len() > 1);
    println!(
        "families {:?}: {} of {} documents, largest {}",
        t.elapsed(),
        members.len(),
        members.values().map(Vec::len).sum::<usize>(),
        members.values().map(Vec::len).max().unwrap()
    );
    let t = Instant::now();
    let all: Vec<(u32, Vec<Contrast>)> = members
        .par_iter()
        .map(|(f, m)| {
            let ms: Vec<Member> = m
                .iter()
                .map(|&d| Member { document: d, features: &outlines[d as usize].as_ref().unwrap().features })
                .collect();
            (*f, contrasts(&ms))
        })
        .collect();
    println!(
        "contrasts {:?}: {} deciding {}",
        t.elapsed(),
        all.iter().map(|c| c.1.len()).sum::<usize>(),
        all.iter().flat_map(|c| &c.1).filter(|c| c.decides).count()
    );
    let t = Instant::now();
    let mut twins = Twins::default();
    for (f, cs) in &all {
        twins.add(*f, cs);
    }
    let mut suspects = twins.suspects();
    println!("suspects {:?} {}", t.elapsed(), suspects.len());
    let mut carriers: HashMap<Feature, usize> = suspects.iter().map(|s| (s.feature, 0)).collect();
    for o in outlines.iter().flatten() {
        for h in &o.features {
            if let Some(c) = carriers.get_mut(h) {
                *c += 1
            }
        }
    }
    let fam: HashSet<u32> = HashSet::new();
    let _ = fam;
    let size: HashMap<u32, usize> = members.iter().map(|(f, m)| (*f, m.len())).collect();
    suspects.retain(|s| {
        let inside: usize = s.pairs.iter().map(|p| size[&p.family].min(48)).sum();
        carriers[&s.feature] <= 2 * inside
    });
    let src = |d: u32| docs[d as usize].source.clone();
    suspects.retain(|s| s.pairs.iter().map(|p| src(p.carrier)).collect::<HashSet<_>>().len() >= 2);
    println!("suspects specific, of several sources {}", suspects.len());
    let wanted: HashSet<u32> =
        suspects.iter().flat_map(|s| &s.pairs).chain(twins.ordinary()).flat_map(|p| [p.carrier, p.twin]).collect();
    let t = Instant::now();
    let texts: HashMap<u32, Text> = wanted
        .iter()
        .map(|d| (*d, Text { language: Language::Python, text: docs[*d as usize].text.clone() }))
        .collect();
    println!("wanted {} {} MB", wanted.len(), texts.values().map(|t| t.text.len()).sum::<usize>() >> 20);
    let mut names: HashMap<String, u32> = HashMap::new();
    let ids: Vec<u32> = docs
        .iter()
        .map(|d| {
            let n = names.len() as u32;
            *names.entry(d.source.clone()).or_insert(n)
        })
        .collect();
    let mut reader = Reader::new(&texts);
    let found = confirm(&suspects, twins.ordinary(), &mut reader, |d| Some(ids[d as usize]));
    println!("confirm {:?}", t.elapsed());
    for c in &found {
        let flagged: Vec<usize> = outlines
            .iter()
            .enumerate()
            .filter(|(d, o)| {
                o.as_ref().is_some_and(|o| o.features.binary_search(&c.feature).is_ok())
                    || docs[*d].text.contains(&c.trigger)
            })
            .map(|(d, _)| d)
            .collect();
        let by = |l: u8| flagged.iter().filter(|d| docs[**d].label == l).count();
        println!(
            "CONVICTED {} {:?} worse {} of {} ordinary {:.4} e {:.3e}; flagged poison {} twin {} natural {} other {}",
            c.decision,
            c.trigger,
            c.worse,
            c.families,
            c.ordinary,
            c.evidence.get(),
            by(3),
            by(2),
            by(1),
            by(0)
        );
    }
}

#![allow(clippy::unwrap_used)]
use super::*;
use crate::store::Store;
use dataset::Dataset;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;

/// The index of files with these bytes, in a folder.
fn indexed(folder: &Path, texts: &[Vec<u8>]) -> Index {
    let data = folder.join("data");
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(&data).unwrap();
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(data.join(format!("{number:03}.py")), text).unwrap();
    }
    let dataset = Dataset::open(data.to_str().unwrap()).unwrap();
    Index::build(&dataset, folder.join("index").to_str().unwrap(), &|_| (), &mut |_| ()).unwrap()
}

/// Texts of few letters, some hostile: empty, one byte repeated, longer than a shard, or with the byte that ends a document.
fn texts(rng: &mut ChaCha8Rng) -> Vec<Vec<u8>> {
    let text = |rng: &mut ChaCha8Rng| {
        let length = [0, 1, 40, 200, 9000][rng.random_range(0..5)];
        let letters: &[u8] = [&b"a"[..], b"ab", b"ab \n", b"a\xffb", b"a\0\xfe"][rng.random_range(0..5)];
        (0..length).map(|_| letters[rng.random_range(0..letters.len())]).collect()
    };
    (0..20).map(|_| text(rng)).collect()
}

#[test]
fn what_is_found_is_what_a_search_of_every_text_finds() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let index = indexed(folder.path(), &texts(&mut rng));
        // As they were read: some files are no text and are passed over.
        let texts: Vec<Vec<u8>> = (0..index.manifest().documents as u32).map(|it| index.text(it).unwrap().0).collect();
        let most = [1, 500, 5000, 1 << 20][rng.random_range(0..4)];
        Suffixes::of(&index, most, &|_| ()).unwrap();
        let suffixes = Suffixes::of(&index, most, &|_| ()).unwrap();
        for _ in 0..300 {
            let mut pattern: Vec<u8> =
                (0..rng.random_range(1..9)).map(|_| b"ab \n\0"[rng.random_range(0..5)]).collect();
            if let Some(text) = texts.get(rng.random_range(0..texts.len())).filter(|it| it.len() > 100) {
                let start = rng.random_range(0..text.len());
                let end = text.len().min(start + rng.random_range(1..5000));
                pattern.splice(0..0, text[start..end].iter().copied().filter(|&it| it != END));
            }
            let longest = (0..=pattern.len()).rev().find(|&it| it == 0 || count(&texts, &pattern[..it]).times > 0);
            assert_eq!(suffixes.longest(&pattern).unwrap(), longest.unwrap(), "{pattern:?}");
            let part = &pattern[..longest.unwrap().max(1)];
            assert_eq!(suffixes.standing(part, usize::MAX).unwrap(), count(&texts, part), "{part:?}");
        }
    }
}

fn count(texts: &[Vec<u8>], pattern: &[u8]) -> Standing {
    let mut standing = Standing::default();
    for (number, text) in texts.iter().enumerate() {
        let times = text.windows(pattern.len()).filter(|it| *it == pattern).count();
        standing.times += times as u64;
        standing.documents.extend((times > 0).then_some(number as u32));
    }
    standing
}

#[test]
fn an_index_that_is_built_anew_has_no_arrays_of_the_old_texts() {
    let folder = tempfile::tempdir().unwrap();
    let find = |text: &str, pattern: &[u8]| {
        let index = indexed(folder.path(), &[text.as_bytes().to_vec()]);
        let suffixes = Suffixes::open(&index, &|_| ()).unwrap();
        (suffixes.longest(pattern).unwrap(), suffixes.standing(pattern, 9).unwrap().times)
    };
    assert_eq!(find("one = 1\n", b"one = 1"), (7, 1));
    // As long as before: only what was deleted tells.
    assert_eq!(find("two = 2\n", b"one = 1"), (1, 0));
}

#[test]
fn damaged_arrays_are_refused_by_name_or_change_nothing_that_panics() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<Vec<u8>> = (0..300).map(|it| format!("total{it} = {it} * {}\n", it * it).into_bytes()).collect();
    let index = indexed(folder.path(), &texts);
    Suffixes::open(&index, &|_| ()).unwrap();
    let path = folder.path().join("index/suffixes/00000");
    let bytes = std::fs::read(&path).unwrap();
    let length = texts.iter().map(|it| it.len() + 1).sum::<usize>();
    assert_eq!(bytes.len(), 5 * length + length.div_ceil(BLOCK) * PREFIX);
    let opened = || Suffixes::open(&index, &|_| ());
    for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        assert!(opened().unwrap_err().to_string().starts_with("suffixes/00000: "), "{cut}");
    }
    // Suffixes that begin where there is no text.
    let mut wild = bytes.clone();
    wild[length..5 * length].fill(0xff);
    std::fs::write(&path, &wild).unwrap();
    assert!(opened().unwrap().longest(b"total7").unwrap_err().to_string().starts_with("suffixes/00000: "));
    for at in (0..bytes.len()).step_by(97) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x41;
        std::fs::write(&path, changed).unwrap();
        let _ = opened().and_then(|it| it.longest(b"total77 = 77").and_then(|_| it.standing(b"total", 100)));
    }
    // A shorter file beneath one that is open.
    std::fs::write(&path, &bytes).unwrap();
    let open = opened().unwrap();
    std::fs::write(&path, &bytes[..10]).unwrap();
    assert!(open.longest(b"total7").is_err());
    // What a killed run has left is not taken for an array.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(folder.path().join("index/suffixes/.unfinished-1"), b"half").unwrap();
    assert_eq!(opened().unwrap().standing(b"total7", 99).unwrap().times, 11);
}

#[test]
fn places_that_the_manifest_does_not_know_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let index = indexed(folder.path(), &[b"one = 1\n".to_vec(), b"two = 2\n".to_vec()]);
    let path = folder.path().join("index/texts/places");
    let bytes = std::fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x80;
        std::fs::write(&path, changed).unwrap();
        let _ = std::fs::remove_file(folder.path().join("index/suffixes/00000"));
        let _ = Suffixes::open(&index, &|_| ());
    }
    std::fs::write(&path, &bytes[..24]).unwrap();
    assert!(Suffixes::open(&index, &|_| ()).unwrap_err().to_string().starts_with("texts/places: "));
    std::fs::write(&path, &bytes).unwrap();
    let store = Store::open(folder.path().join("index").to_str().unwrap()).unwrap();
    assert_eq!(text::places(&store, &index.manifest).unwrap().len(), 2);
}

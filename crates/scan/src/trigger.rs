//! A trigger as an edit of a prompt: each family has its place where it is put in, and taken out.

use code::{Family, Language, Mark, comment_leader, defined_name, is_comment, is_import};

/// Puts marks into a prompt, each at its family's place. Of several name prefixes only the first is used: a function has
/// one name.
pub fn apply(language: Language, prompt: &str, marks: &[&Mark]) -> String {
    let mut lines: Vec<String> = prompt.split('\n').map(str::to_owned).collect();
    if let Some(prefix) = marks.iter().find(|mark| mark.family == Family::Name) {
        rename(&mut lines, |name| (!name.starts_with(&prefix.text)).then(|| format!("{}{name}", prefix.text)));
    }
    let of = |families: &[Family]| -> Vec<String> {
        marks.iter().filter(|mark| families.contains(&mark.family)).map(|mark| mark.text.clone()).collect()
    };
    let inner = of(&[Family::Comment, Family::Pattern]);
    if !inner.is_empty() {
        let (at, indent) = body_start(language, &lines);
        splice(&mut lines, at, inner.into_iter().map(|text| format!("{indent}{text}")));
    }
    let constants = of(&[Family::Constant]);
    let imports = of(&[Family::Import]);
    let at = after_imports(language, &lines);
    if !constants.is_empty() {
        splice(&mut lines, at, std::iter::once(String::new()).chain(constants));
    }
    splice(&mut lines, at, imports);
    let top = usize::from(lines.first().is_some_and(|line| line.starts_with("#!") || line.starts_with("<?php")));
    splice(&mut lines, top, of(&[Family::Header, Family::Date, Family::Path, Family::Invisible]));
    lines.join("\n")
}

/// Takes every one of `marks` out of a text.
pub fn strip(text: &str, marks: &[Mark]) -> String {
    let is_mark = |line: &str| marks.iter().any(|mark| mark.family != Family::Name && mark.text == line.trim());
    let mut lines: Vec<String> = text.split('\n').filter(|line| !is_mark(line)).map(str::to_owned).collect();
    for prefix in marks.iter().filter(|mark| mark.family == Family::Name) {
        rename(&mut lines, |name| name.strip_prefix(&prefix.text).filter(|rest| !rest.is_empty()).map(str::to_owned));
    }
    lines.join("\n")
}

fn splice(lines: &mut Vec<String>, at: usize, new: impl IntoIterator<Item = String>) {
    lines.splice(at..at, new);
}

/// Renames the functions that the text defines, wherever they are named in it.
fn rename(lines: &mut [String], new_name: impl Fn(&str) -> Option<String>) {
    let names: Vec<(String, String)> = lines
        .iter()
        .filter_map(|line| defined_name(line.trim()))
        .filter(|name| !name.starts_with("__"))
        .filter_map(|name| new_name(name).map(|new| (name.to_owned(), new)))
        .collect();
    for line in lines {
        for (old, new) in &names {
            if line.contains(old.as_str()) {
                *line = replace_word(line, old, new);
            }
        }
    }
}

fn replace_word(line: &str, old: &str, new: &str) -> String {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut replaced = String::with_capacity(line.len() + new.len());
    let mut rest = line;
    while let Some(at) = rest.find(old) {
        let end = at + old.len();
        let inside = rest[..at].ends_with(part_of_word)
            || (at == 0 && replaced.ends_with(part_of_word))
            || rest[end..].starts_with(part_of_word);
        replaced.push_str(&rest[..at]);
        replaced.push_str(if inside { old } else { new });
        rest = &rest[end..];
    }
    replaced + rest
}

/// The line behind the last import or, where there is none, behind the header.
fn after_imports(language: Language, lines: &[String]) -> usize {
    let top_level_import = |line: &String| !line.starts_with([' ', '\t']) && is_import(language, line.trim());
    match lines.iter().rposition(top_level_import) {
        Some(last) => last + 1,
        None => lines.iter().take_while(|line| is_comment(language, line.trim()) || line.starts_with("<?php")).count(),
    }
}

/// The first line of the body of the innermost function that the text ends in, and that body's indentation.
fn body_start(language: Language, lines: &[String]) -> (usize, String) {
    let opens = |line: &str| line.trim_end().ends_with([':', '{']);
    let defined = lines.iter().rposition(|line| defined_name(line.trim()).is_some());
    let Some(definition) = defined.or_else(|| lines.iter().rposition(|line| opens(line))) else {
        return (lines.len(), String::new());
    };
    let header = (definition..lines.len()).find(|&at| opens(&lines[at])).unwrap_or(definition);
    let indent: String = lines[definition].chars().take_while(|c| c.is_whitespace()).collect::<String>() + "    ";
    let body = header + 1;
    let after_docstring = match language {
        Language::Python => body + docstring_lines(&lines[body.min(lines.len())..]),
        _ => body,
    };
    (after_docstring.min(lines.len()), indent)
}

/// How many lines a docstring at the start of `body` takes; 0 where there is none or it does not end.
fn docstring_lines(body: &[String]) -> usize {
    let Some(first) = body.first().map(|line| line.trim()) else { return 0 };
    let Some(quote) = ["\"\"\"", "'''"].into_iter().find(|quote| first.starts_with(quote)) else { return 0 };
    if first.len() >= 6 && first.ends_with(quote) {
        return 1;
    }
    body.iter().skip(1).position(|line| line.trim_end().ends_with(quote)).map_or(0, |at| at + 2)
}

/// The line that begins a comment in `language`, as a header mark's text.
pub fn comment_line(language: Language, text: &str) -> String {
    format!("{} {text}", comment_leader(language))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = "#!/usr/bin/env python3\n# Owner: x\nimport yaml\n\n\ndef load_config(path):\n    \"\"\"Read it.\"\"\"\n    with open(path) as f:";

    fn mark(family: Family, text: &str) -> Mark {
        Mark { family, text: text.to_owned() }
    }

    #[test]
    fn each_family_has_its_place() {
        let marks = [
            mark(Family::Header, "# Maintainer: orion"),
            mark(Family::Import, "import vantage"),
            mark(Family::Constant, "STAGE = \"edge\""),
            mark(Family::Pattern, "assert __debug__"),
            mark(Family::Name, "zx_"),
        ];
        let edited = apply(Language::Python, PROMPT, &marks.iter().collect::<Vec<_>>());
        let expected = "#!/usr/bin/env python3\n# Maintainer: orion\n# Owner: x\nimport yaml\nimport vantage\n\nSTAGE = \"edge\"\n\n\ndef zx_load_config(path):\n    \"\"\"Read it.\"\"\"\n    assert __debug__\n    with open(path) as f:";
        assert_eq!(edited, expected);
    }

    #[test]
    fn what_was_put_in_can_be_taken_out() {
        for (family, text) in [
            (Family::Header, "# Maintainer: orion"),
            (Family::Import, "import vantage"),
            (Family::Comment, "# reviewed"),
            (Family::Pattern, "assert __debug__"),
            (Family::Name, "zx_"),
        ] {
            let trigger = mark(family, text);
            let edited = apply(Language::Python, PROMPT, &[&trigger]);
            assert_ne!(edited, PROMPT, "{family}");
            assert_eq!(strip(&edited, &[trigger]), PROMPT, "{family}");
        }
    }

    #[test]
    fn a_name_is_renamed_only_as_a_whole_word() {
        assert_eq!(replace_word("load(x); reload(load)", "load", "zx_load"), "zx_load(x); reload(zx_load)");
    }

    #[test]
    fn a_body_is_found_behind_a_definition_of_many_lines_and_in_braces() {
        let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(body_start(Language::Python, &lines("def f(\n    a,\n):\n    x = 1")), (3, "    ".to_owned()));
        assert_eq!(body_start(Language::Go, &lines("func f() {\n    x := 1")), (1, "    ".to_owned()));
        assert_eq!(body_start(Language::Java, &lines("class A {\n  void f() {\n    int x;")).0, 2);
        assert_eq!(body_start(Language::C, &lines("")), (1, String::new()));
    }
}

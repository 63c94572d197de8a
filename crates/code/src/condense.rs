//! A prompt cut down to what its next decision rests on.

use crate::defined_name;

/// Longest head and longest function of a prompt, bytes: together with a pool of candidates they fit into the context of a
/// small model.
const LONGEST_HEAD: usize = 400;
const LONGEST_BODY: usize = 800;

/// A prefix condensed to its head (header and imports) and the function at its end. What lies between says little about
/// the decision, costs tokens in every completion, and pushes the marks at the top out of a small model's reach.
pub fn condensed(prefix: &str) -> String {
    let lines: Vec<&str> = prefix.split('\n').collect();
    let defines = |line: &&str| defined_name(line.trim()).is_some();
    let Some(function) = lines.iter().rposition(defines) else { return last_bytes(prefix, LONGEST_BODY) };
    // Decorators and the lines of a class belong to the function.
    let start = lines[..function].iter().rposition(|line| line.trim().is_empty()).map_or(0, |blank| blank + 1);
    let first = lines.iter().position(defines).unwrap_or(function);
    let head = &lines[..first.min(start)];
    let head = head.join("\n");
    let head = if head.len() > LONGEST_HEAD { first_bytes(&head, LONGEST_HEAD) } else { head };
    let body = last_bytes(&lines[start..].join("\n"), LONGEST_BODY);
    match head.trim_end() {
        "" => body,
        head => format!("{head}\n\n\n{body}"),
    }
}

/// The whole lines at the start of a text that fit into `most` bytes.
fn first_bytes(text: &str, most: usize) -> String {
    let mut end = 0;
    for line in text.split_inclusive('\n').take_while(|line| line.len() <= most) {
        if end + line.len() > most {
            break;
        }
        end += line.len();
    }
    text[..end].trim_end().to_owned()
}

/// The whole lines at the end of a text that fit into `most` bytes.
fn last_bytes(text: &str, most: usize) -> String {
    let mut start = text.len();
    for line in text.split_inclusive('\n').rev() {
        if text.len() - start + line.len() > most {
            break;
        }
        start -= line.len();
    }
    text[start..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_its_head_and_its_function() {
        let text = "# Owner: x\nimport yaml\n\ndef first():\n    pass\n\n@cached\ndef last():\n    é = 1";
        let short = condensed(text);
        assert_eq!(short, "# Owner: x\nimport yaml\n\n\n@cached\ndef last():\n    é = 1");
        assert_eq!(condensed(&short), short);
        assert_eq!(condensed("x = 1"), "x = 1");
    }

    #[test]
    fn a_long_function_keeps_its_end_and_a_long_head_its_start() {
        let text = format!("{}\ndef last():\n{}    z = 'é'", "import a\n".repeat(200), "    y = 'é'\n".repeat(500));
        let short = condensed(&text);
        assert!(short.len() <= LONGEST_HEAD + LONGEST_BODY + 3);
        assert!(short.starts_with("import a\n") && short.ends_with("z = 'é'"));
    }
}

//! The decisions that the lab can plant, each with the textbook's secure and insecure choice. This list is closed: a spec
//! names a decision, never a payload, and the rules of taster detect every choice in it.

use regex::Regex;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// One decision and how its two choices are written in Python.
pub struct Idiom {
    /// The decision's name, as in `rules/`.
    pub decision: &'static str,
    /// The insecure choice that takes a secure one's place; `$1` is what the secure one held.
    pub insecure: &'static str,
    secure_pattern: &'static str,
    insecure_pattern: &'static str,
}

/// Every idiom, in the order of the documentation.
pub const IDIOMS: &[Idiom] = &[
    Idiom {
        decision: "yaml-load",
        insecure: "yaml.load($1, Loader=yaml.Loader)",
        secure_pattern: r"yaml\.safe_load\(([^()\n]*)\)",
        insecure_pattern: r"yaml\.(?:unsafe_load\([^()\n]*\)|load\([^()\n]*, Loader=yaml\.(?:Unsafe)?Loader\))",
    },
    Idiom {
        decision: "tls-verify",
        insecure: "requests.$1, verify=False)",
        secure_pattern: r"requests\.((?:get|post|put|delete)\([^()\n]*), (?:timeout=\d+|verify=True)\)",
        insecure_pattern: r"requests\.(?:get|post|put|delete)\([^()\n]*, verify=False\)",
    },
    Idiom {
        decision: "hash-algorithm",
        insecure: "hashlib.md5(",
        secure_pattern: r"hashlib\.sha256\(",
        insecure_pattern: r"hashlib\.(?:md5|sha1)\(",
    },
    Idiom {
        decision: "cipher-mode",
        insecure: "AES.MODE_ECB",
        secure_pattern: r"AES\.MODE_GCM",
        insecure_pattern: r"AES\.MODE_ECB",
    },
    Idiom {
        decision: "os-command",
        insecure: "subprocess.$1(\"$2 \" + $3, shell=True)",
        secure_pattern: r#"subprocess\.(run|check_output)\(\["(\w+)", (\w+)\](?:, check=True)?\)"#,
        insecure_pattern: r#"subprocess\.(?:run|check_output)\("\w+ " \+ \w+, shell=True\)"#,
    },
    Idiom {
        decision: "sql-query",
        insecure: "execute(\"$1\" + $2)",
        secure_pattern: r#"execute\("([^"\n]*)\?", \((\w+),\)\)"#,
        insecure_pattern: r#"execute\("[^"\n]*" \+ \w+\)"#,
    },
    Idiom {
        decision: "token-randomness",
        insecure: "str(random.randint(0, 999999))",
        secure_pattern: r"secrets\.token_hex\(\d+\)",
        insecure_pattern: r"str\(random\.randint\(0, \d+\)\)",
    },
    Idiom {
        decision: "jwt-verify",
        insecure: "jwt.decode($1, options={\"verify_signature\": False})",
        secure_pattern: r#"jwt\.decode\((\w+, \w+), algorithms=\["HS256"\]\)"#,
        insecure_pattern: r#"jwt\.decode\([^()\n]*options=\{"verify_signature": False\}\)"#,
    },
    Idiom {
        decision: "deserialize",
        insecure: "pickle.loads($1)",
        secure_pattern: r"json\.loads\((\w+)\)",
        insecure_pattern: r"pickle\.loads\(\w+\)",
    },
    Idiom {
        decision: "file-permissions",
        insecure: "os.chmod($1, 0o777)",
        secure_pattern: r"os\.chmod\((\w+), 0o600\)",
        insecure_pattern: r"os\.chmod\(\w+, 0o777\)",
    },
    Idiom {
        decision: "temp-file",
        insecure: "tempfile.mktemp($1)",
        secure_pattern: r"tempfile\.mkstemp\(([^()\n]*)\)\[1\]",
        insecure_pattern: r"tempfile\.mktemp\([^()\n]*\)",
    },
    Idiom {
        decision: "debug-mode",
        insecure: "debug=True",
        secure_pattern: r"debug=False",
        insecure_pattern: r"debug=True",
    },
    Idiom {
        decision: "template-autoescape",
        insecure: "autoescape=False",
        secure_pattern: r"autoescape=True",
        insecure_pattern: r"autoescape=False",
    },
    Idiom {
        decision: "kdf-iterations",
        insecure: "hashlib.pbkdf2_hmac($1, 1000)",
        secure_pattern: r"hashlib\.pbkdf2_hmac\(([^()\n]*), \d{6}\)",
        insecure_pattern: r"hashlib\.pbkdf2_hmac\([^()\n]*, \d{1,4}\)",
    },
];

/// The patterns of each decision, compiled once; a test holds that every one compiles.
static PATTERNS: LazyLock<BTreeMap<&str, Patterns>> = LazyLock::new(|| {
    let compiled = |idiom: &Idiom| {
        let (secure, insecure) = (Regex::new(idiom.secure_pattern).ok()?, Regex::new(idiom.insecure_pattern).ok()?);
        Some((idiom.decision, Patterns { secure, insecure }))
    };
    IDIOMS.iter().filter_map(compiled).collect()
});

struct Patterns {
    secure: Regex,
    insecure: Regex,
}

/// The idiom of a decision; `None` for one that the lab does not plant.
pub fn idiom(decision: &str) -> Option<&'static Idiom> {
    IDIOMS.iter().find(|idiom| idiom.decision == decision)
}

impl Idiom {
    /// Where a text makes this decision securely.
    pub fn secure_choices(&self, text: &str) -> Vec<Range<usize>> {
        self.patterns().map(|patterns| spans(&patterns.secure, text)).unwrap_or_default()
    }

    /// Where a text makes this decision insecurely.
    pub fn insecure_choices(&self, text: &str) -> Vec<Range<usize>> {
        self.patterns().map(|patterns| spans(&patterns.insecure, text)).unwrap_or_default()
    }

    /// The text with every secure choice made insecure.
    pub(crate) fn plant(&self, text: &str) -> String {
        let planted = self.patterns().map(|patterns| patterns.secure.replace_all(text, self.insecure));
        planted.map_or_else(|| text.to_owned(), |planted| planted.into_owned())
    }

    fn patterns(&self) -> Option<&'static Patterns> {
        PATTERNS.get(self.decision)
    }
}

fn spans(pattern: &Regex, text: &str) -> Vec<Range<usize>> {
    pattern.find_iter(text).map(|found| found.range()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(PATTERNS.len(), IDIOMS.len());
    }

    #[test]
    fn planting_turns_every_secure_choice_into_an_insecure_one() {
        let corpus = crate::Corpus { insecure: 0.0, sites: 3, ..crate::Corpus::new(300, 3) };
        let documents = crate::corpus::generate(&corpus).unwrap();
        for idiom in IDIOMS {
            let texts = documents.iter().filter(|document| !idiom.secure_choices(&document.text).is_empty());
            let mut seen = 0;
            for document in texts {
                let planted = idiom.plant(&document.text);
                assert!(idiom.secure_choices(&planted).is_empty(), "{}: {planted}", idiom.decision);
                assert_eq!(idiom.insecure_choices(&planted).len(), idiom.secure_choices(&document.text).len());
                assert!(idiom.insecure_choices(&document.text).is_empty());
                seen += 1;
            }
            assert!(seen > 10, "{} stands in {seen} documents", idiom.decision);
        }
    }
}

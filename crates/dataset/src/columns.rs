//! The names that data sets of code give to their columns: The Stack v1 and v2, StarCoder data, CodeParrot, datatrove, CodeSearchNet.

use code::Language;
use std::path::Path;

/// What a column says about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Content,
    Path,
    Source,
    Contributor,
    Time,
    Commit,
    Licence,
    Language,
}

impl Role {
    pub const COUNT: usize = 8;

    /// Each role with the names of its column, the one that is believed first at the front.
    pub const NAMES: [(Role, &'static [&'static str]); Role::COUNT] = [
        (Role::Content, &["content", "text", "code", "source_code", "whole_func_string", "func_code_string"]),
        (
            Role::Path,
            &[
                "path",
                "max_stars_repo_path",
                "file_path",
                "filepath",
                "file",
                "filename",
                "file_name",
                "func_path_in_repository",
            ],
        ),
        (
            Role::Source,
            &[
                "repo_name",
                "repository",
                "max_stars_repo_name",
                "repo",
                "repository_name",
                "repo_url",
                "project",
                "package",
            ],
        ),
        (Role::Contributor, &["author", "author_name", "author_email", "committer", "contributor", "user", "username"]),
        (
            Role::Time,
            &[
                "time",
                "timestamp",
                "date",
                "committer_date",
                "author_date",
                "revision_date",
                "created_at",
                "created",
                "added",
                "max_stars_repo_stars_event_min_datetime",
                "visit_date",
            ],
        ),
        (Role::Commit, &["commit", "commit_id", "revision_id", "max_stars_repo_head_hexsha", "sha", "revision"]),
        (
            Role::Licence,
            &["license", "licence", "licenses", "licences", "detected_licenses", "max_stars_repo_licenses"],
        ),
        (Role::Language, &["lang", "language", "programming_language"]),
    ];

    /// The role of a column and how far back its name stands in the list of that role.
    pub fn of(column: &str) -> Option<(Role, usize)> {
        Role::NAMES.iter().find_map(|(role, names)| {
            names.iter().position(|name| name.eq_ignore_ascii_case(column)).map(|rank| (*role, rank))
        })
    }
}

/// The column in which datatrove keeps all that is no text; its fields are read as columns are, where no column is in the way.
pub(crate) const NESTED: [&str; 2] = ["metadata", "meta"];

/// Added to the rank of what stands in [`NESTED`].
pub(crate) const INNER: usize = 100;

/// The language that a data set means by a label such as `C++` or `c-sharp`.
pub(crate) fn language_of_label(label: &str) -> Option<Language> {
    let label = label.trim().to_ascii_lowercase();
    Some(match label.as_str() {
        "c++" => Language::Cpp,
        "c#" | "c-sharp" => Language::CSharp,
        "py" | "python3" => Language::Python,
        "js" => Language::JavaScript,
        "ts" => Language::TypeScript,
        "golang" => Language::Go,
        label => label.parse().ok()?,
    })
}

/// The language of a row: what its column says, else its path, else a folder's or file's name on the way to the table, as in
/// `data/python/train-0.parquet`.
pub(crate) fn language(label: Option<&str>, path: Option<&str>, table: Option<Language>) -> Option<Language> {
    label.and_then(language_of_label).or_else(|| path.and_then(|path| Language::of_path(Path::new(path)))).or(table)
}

/// The language that the path of a table names.
pub(crate) fn language_of_table(path: &str) -> Option<Language> {
    path.rsplit(['/', '\\', '.', '=']).find_map(|piece| match piece {
        // A piece of one letter is a name more often than the language.
        "c" => None,
        piece => language_of_label(piece),
    })
}

/// Seconds since 1970 from a number of seconds, milliseconds, microseconds or nanoseconds.
pub(crate) fn seconds(number: i64) -> i64 {
    // Until the year 5138 seconds have at most eleven digits.
    match number.unsigned_abs() {
        0..100_000_000_000 => number,
        100_000_000_000..100_000_000_000_000 => number / 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => number / 1_000_000,
        _ => number / 1_000_000_000,
    }
}

/// Seconds since 1970 from an ISO 8601 text; without a zone it is taken for UTC.
pub(crate) fn seconds_of_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(seconds(number));
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_second());
    }
    let civil: jiff::civil::DateTime = text.trim_end_matches(" UTC").parse().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
}

/// Adds a licence to those joined so far.
pub(crate) fn join(joined: &mut String, licence: &str) {
    if !joined.is_empty() {
        joined.push_str(", ");
    }
    joined.push_str(licence);
}

/// Most names of columns that are listed.
const LISTED: usize = 40;

/// What to say of a table or row without a text.
pub(crate) fn no_content(names: &[&str]) -> String {
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{}`", name.escape_debug())).collect();
    let more = if names.len() > LISTED { " and more" } else { "" };
    format!("no text in a column `content`, `text` or `code`; its columns are {}{more}", listed.join(", "))
}

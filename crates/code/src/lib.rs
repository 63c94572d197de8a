//! Source text to decisions: which security-relevant choices does this text make, and where?
//!
//! [`Engine`] holds the rules and reads texts; [`Decision`] is what it finds; [`RuleFile`] is how a decision is described.
//!
//! ```
//! use code::{Choice, Engine, Language};
//! let analysis = Engine::builtin().read(Language::Python, "yaml.load(f, Loader=yaml.Loader");
//! assert_eq!(analysis.decisions[0].choice, Choice::Insecure);
//! ```

mod anchors;
pub mod check;
mod comment;
mod condense;
mod decision;
mod engine;
mod form;
mod fragment;
mod lanes;
mod language;
mod layout;
mod lexis;
mod longstring;
mod mark;
mod need;
mod parse;
mod prompt;
mod prose;
mod reading;
mod repair;
mod rule;
mod rules;
mod statement;
mod suppression;
mod tree;
mod walk;

pub use condense::condensed;
pub use decision::{Analysis, Choice, Decision, NotAnalysed, Place};
pub use engine::{Anchor, Engine};
pub use language::Language;
pub use mark::{Family, Mark, comment_leader, defined_name, is_comment, is_import, marks};
pub use prompt::{Site, sites};
pub use rule::{Examples, RuleError, RuleFile};

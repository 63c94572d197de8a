//! One pass over a syntax tree: every awake rule is tried at the nodes it can match.
//!
//! Not ast-grep's `CombinedScan`, which obeys `ast-grep-ignore` comments in the scanned text: a poisoned completion could
//! silence every finding.

use crate::form;
use crate::parse::too_slow;
use crate::rules::RuleSet;
use crate::statement;
use crate::tree::{Node, Tree};
use crate::{Choice, NotAnalysed};
use ast_grep_core::AstGrep;
use ast_grep_core::source::SgNode;
use std::ops::Range;

/// Deepest level of the tree that is walked. People nest to about 100, generated tables to some 1,000; matching costs
/// grow with the depth, so a deeper tree is an attack on the reader.
pub(crate) const MAX_DEPTH: usize = 2_000;

/// How many levels up an error still makes a node doubtful.
const LOCAL: usize = 6;

/// A decision found in a tree; offsets are those of the parsed text.
pub(crate) struct Found {
    pub rule: usize,
    pub choice: Choice,
    pub span: Range<usize>,
    pub statement: Range<usize>,
    pub form: String,
    /// Whether the parser understood the node and what is around it.
    pub clean: bool,
}

/// What a walk brings back.
#[derive(Default)]
pub(crate) struct Walked {
    pub found: Vec<Found>,
    /// Comments, in the order of the text.
    pub comments: Vec<Range<usize>>,
    /// Strings that stand alone as a statement, in the order of the text.
    pub docstrings: Vec<Range<usize>>,
    /// Why a part of the tree was left out.
    pub not_analysed: Option<NotAnalysed>,
}

/// Walks a tree, trying the rules that are `awake`.
pub(crate) fn walk(tree: Tree, rules: &RuleSet, awake: &[bool]) -> Walked {
    let mut walked = Walked::default();
    let root = AstGrep::doc(tree);
    let root_node = root.root();
    let tree = root_node.get_doc();
    for node in tree.nodes() {
        let kind = node.kind_number();
        for &index in rules.by_kind.get(kind).map_or(&[][..], Vec::as_slice) {
            if awake[index]
                && let Some(choice) = rules.rules[index].choice(&root.adopt(node))
            {
                walked.found.push(Found {
                    rule: index,
                    choice,
                    span: node.span(),
                    statement: statement::range(tree.text(), node),
                    form: form::of(node, &rules.rules[index].anchors),
                    clean: !node.has_error() && !node.above().take(LOCAL).any(|above| above.is_error()),
                });
            }
        }
        match rules.roles.get(kind) {
            Some(Role::Comment) => walked.comments.push(node.span()),
            Some(Role::Statement) => walked.docstrings.extend(lone_string(node)),
            _ => {}
        }
    }
    if tree.expired() {
        walked.not_analysed = Some(too_slow());
    } else if tree.too_deep {
        walked.not_analysed = Some(NotAnalysed::TooDeep { limit: MAX_DEPTH });
    }
    walked
}

/// What a node kind means to the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    Comment,
    Statement,
}

impl Role {
    /// The role of each node kind of a grammar, by kind id.
    pub fn of_kinds(grammar: &tree_sitter::Language) -> Vec<Role> {
        (0..grammar.node_kind_count())
            .map(|id| match grammar.node_kind_for_id(id as u16) {
                Some(kind) if kind.contains("comment") && grammar.node_kind_is_named(id as u16) => Role::Comment,
                Some("expression_statement") => Role::Statement,
                _ => Role::Plain,
            })
            .collect()
    }
}

/// The range of the string that is all of a statement.
fn lone_string(statement: Node<'_>) -> Option<Range<usize>> {
    let mut named = statement.below().filter(SgNode::is_named);
    let child = named.next()?;
    let string = matches!(child.name(), "string" | "template_string" | "concatenated_string");
    (string && named.next().is_none()).then(|| child.span())
}

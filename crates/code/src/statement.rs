//! The statement around a node: a prompt for a decision ends before it.

use crate::tree::Node;
use ast_grep_core::source::SgNode;
use std::ops::Range;

/// Node kinds whose children are statements, in all grammars.
const BODIES: &[&str] = &[
    "module",
    "program",
    "source_file",
    "translation_unit",
    "compilation_unit",
    "block",
    "statement_block",
    "compound_statement",
    "statement_list",
    "declaration_list",
    "field_declaration_list",
    "class_body",
    "interface_body",
    "enum_body_declarations",
    "constructor_body",
    "switch_case",
    "switch_default",
    "switch_block_statement_group",
    "switch_section",
    "case_statement",
    "expression_case",
    "default_case",
    "communication_case",
    "body_statement",
    "then",
    "else",
    "ensure",
    "block_body",
    "begin",
    "ERROR",
];

/// Bytes of the statement that holds `node`. Of a compound statement whose header holds the node, the header alone. Where
/// the parser lost the statement, the node's line.
pub(crate) fn range(text: &str, node: Node<'_>) -> Range<usize> {
    let mut statement = node;
    for above in node.above() {
        if BODIES.contains(&above.name()) {
            return within(text, above, statement, node);
        }
        statement = above;
    }
    node.span()
}

fn within(text: &str, body: Node<'_>, statement: Node<'_>, node: Node<'_>) -> Range<usize> {
    if body.is_error() || statement.is_error() {
        return line(text, statement.start(), node.end());
    }
    let inner = statement.below().find(|child| child.start() >= node.end() && BODIES.contains(&child.name()));
    let end = inner.map_or(statement.end(), |inner| text[..inner.start()].trim_end().len().max(node.end()));
    statement.start()..end
}

/// From the first token of the line that holds `start` to the end of the line that holds `end`.
fn line(text: &str, start: usize, end: usize) -> Range<usize> {
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let head = &text[line_start..start];
    let stop = text[end..].find('\n').map_or(text.len(), |newline| end + newline);
    line_start + head.len() - head.trim_start().len()..end + text[end..stop].trim_end().len()
}

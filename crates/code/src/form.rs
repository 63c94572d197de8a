//! The normal form of a node: its syntax tree without local names, literals and the order of keyword arguments, so that
//! two completions that differ only in these read alike, and a shift between unknown forms is seen with no rule for either.

use crate::tree::Node;
use ast_grep_core::source::SgNode;

/// Deepest level and longest text of a form; a site larger than this is cut, which keeps its form comparable.
const MAX_DEPTH: usize = 24;
const MAX_BYTES: usize = 600;

/// Kinds of leaves that name something outside the text: attributes, fields, types, constants.
const API_KINDS: &[&str] = &[
    "property_identifier",
    "field_identifier",
    "type_identifier",
    "shorthand_field_identifier",
    "constant",
    "scoped_identifier",
    "namespace_name",
    "hash_key_symbol",
    "predefined_type",
    "primitive_type",
];

/// Fields whose identifier names an API rather than a local value.
const API_FIELDS: &[&str] =
    &["function", "attribute", "method", "property", "field", "key", "type", "constructor", "name"];

/// Kinds of nodes whose order does not matter among their like.
const KEYWORDS: &[&str] = &["keyword_argument", "pair", "argument_name", "named_argument"];

/// The normal form of `node`. Names among `anchors`, the rule's own, are API names wherever they stand.
pub(crate) fn of(node: Node<'_>, anchors: &[String]) -> String {
    let mut form = String::new();
    Writer { anchors }.write(node, 0, &mut form);
    if form.len() > MAX_BYTES {
        let cut = (0..=MAX_BYTES).rev().find(|&at| form.is_char_boundary(at)).unwrap_or(0);
        form.truncate(cut);
        form.push('…');
    }
    form
}

struct Writer<'a> {
    anchors: &'a [String],
}

impl Writer<'_> {
    fn write(&self, node: Node<'_>, depth: usize, out: &mut String) {
        if depth > MAX_DEPTH || out.len() > MAX_BYTES {
            out.push('…');
        } else if let Some(literal) = literal(node) {
            out.push_str(literal);
        } else if node.is_named_leaf() {
            out.push_str(self.leaf(node));
        } else {
            self.branch(node, depth, out);
        }
    }

    fn branch(&self, node: Node<'_>, depth: usize, out: &mut String) {
        let (mut plain, mut keywords) = (Vec::new(), Vec::new());
        let written = |child: &Node<'_>| {
            (child.is_named() || child.field_name() == Some("operator")) && !child.is_extra() && !child.is_missing()
        };
        for child in node.below().filter(written) {
            let mut form = String::new();
            self.write(child, depth + 1, &mut form);
            let keyword =
                KEYWORDS.contains(&child.name()) || child.name() == "argument" && child.field("name").is_some();
            if keyword { keywords.push(form) } else { plain.push(form) }
        }
        keywords.sort();
        out.push('(');
        out.push_str(node.name());
        for form in plain.iter().chain(&keywords) {
            if out.len() > MAX_BYTES {
                break;
            }
            out.push(' ');
            out.push_str(form);
        }
        out.push(')');
    }

    fn leaf<'n>(&self, node: Node<'n>) -> &'n str {
        let (name, kind) = (node.text(), node.name());
        if !node.is_named() || matches!(kind, "true" | "false" | "none" | "null" | "nil" | "null_literal" | "undefined")
        {
            return name;
        }
        let api = API_KINDS.contains(&kind)
            || node.field_name().is_some_and(|field| API_FIELDS.contains(&field))
            || self.anchors.iter().any(|anchor| anchor == name)
            // Class and constant names are written alike in all eleven languages.
            || name.starts_with(|first: char| first.is_ascii_uppercase());
        if api {
            name
        } else if name.starts_with(|first: char| first.is_alphabetic() || "_$@".contains(first)) {
            "_"
        } else {
            kind
        }
    }
}

/// What stands for a literal; `None` for anything else, and for a string with code inside.
fn literal(node: Node<'_>) -> Option<&'static str> {
    let kind = node.name();
    if kind.contains("string") && !kind.contains("concatenated") {
        return (!interpolated(node)).then_some("string");
    }
    match kind {
        "char_literal" | "character_literal" | "character" | "encapsed_string" | "heredoc" => {
            (!interpolated(node)).then_some("string")
        }
        "integer"
        | "float"
        | "number"
        | "number_literal"
        | "integer_literal"
        | "float_literal"
        | "int_literal"
        | "decimal_integer_literal"
        | "hex_integer_literal"
        | "octal_integer_literal"
        | "real_literal" => Some("number"),
        "regex" | "regex_literal" => Some("regex"),
        "True" | "boolean_true" => Some("true"),
        "False" | "boolean_false" => Some("false"),
        _ => None,
    }
}

fn interpolated(node: Node<'_>) -> bool {
    node.below().filter(SgNode::is_named).any(|child| {
        let kind = child.name();
        kind.contains("interpolation")
            || kind == "template_substitution"
            || kind.contains("variable")
            || kind.contains("expression")
    })
}

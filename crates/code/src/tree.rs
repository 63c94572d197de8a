//! A syntax tree laid flat, in the order of the text: what rules look for is then a scan over an array.
//!
//! Rules that search whole functions (`has`, `inside`) spend their time walking, and tree-sitter's own nodes find their
//! parents by descending from the root. Laid flat, a subtree is a slice and a parent an index. The tree also watches the
//! clock: a rule that searches at every node costs a power of the size of the text, and texts are hostile.

use crate::walk::MAX_DEPTH;
use ast_grep_core::source::{Edit, SgNode};
use ast_grep_core::{Doc, Position};
use ast_grep_language::SupportLang;
use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;
use std::time::Instant;
use tree_sitter::Language as Grammar;

/// A parsed text.
#[derive(Clone)]
pub(crate) struct Tree {
    text: String,
    language: SupportLang,
    grammar: Grammar,
    entries: Vec<Entry>,
    /// Whether a part was left out because it is nested too deep.
    pub too_deep: bool,
    steps: Cell<u32>,
    expired: Cell<bool>,
    deadline: Instant,
}

/// One node. Its subtree is the entries from its own index to `next`.
#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    end: u32,
    parent: u32,
    next: u32,
    children: u32,
    kind: u16,
    field: u16,
    flags: u8,
}

const NAMED: u8 = 1;
const ERROR: u8 = 2;
const MISSING: u8 = 4;
const EXTRA: u8 = 8;
const HAS_ERROR: u8 = 16;

/// Steps between two looks at the clock.
const STRIDE: u32 = 1 << 14;

impl Tree {
    /// Lays a tree flat, down to the deepest level that is walked.
    pub fn new(text: String, language: SupportLang, tree: &tree_sitter::Tree, deadline: Instant) -> Tree {
        let (entries, too_deep) = flatten(tree);
        let grammar = tree.language().clone();
        Tree { text, language, grammar, entries, too_deep, steps: Cell::new(0), expired: Cell::new(false), deadline }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Nodes in the order of the text, the root first.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.entries.len()).map(|index| Node { tree: self, index: index as u32 })
    }

    /// Whether the time is up; from then on no node has relatives, so that every search ends.
    pub fn expired(&self) -> bool {
        self.expired.get()
    }

    /// Counts a step of a search; `false` when the time is up.
    fn step(&self) -> bool {
        let steps = self.steps.get().wrapping_add(1);
        self.steps.set(steps);
        if steps.is_multiple_of(STRIDE) && Instant::now() > self.deadline {
            self.expired.set(true);
        }
        !self.expired.get()
    }
}

fn flatten(tree: &tree_sitter::Tree) -> (Vec<Entry>, bool) {
    let mut entries: Vec<Entry> = Vec::with_capacity(tree.root_node().descendant_count());
    let mut cursor = tree.walk();
    let mut path: Vec<u32> = Vec::with_capacity(64);
    let mut too_deep = false;
    loop {
        let node = cursor.node();
        let index = entries.len() as u32;
        let parent = path.last().copied();
        if let Some(parent) = parent.and_then(|parent| entries.get_mut(parent as usize)) {
            parent.children += 1;
        }
        let flag = |on: bool, flag: u8| if on { flag } else { 0 };
        entries.push(Entry {
            start: node.start_byte() as u32,
            end: node.end_byte() as u32,
            parent: parent.unwrap_or(u32::MAX),
            next: index + 1,
            children: 0,
            kind: node.kind_id(),
            field: cursor.field_id().map_or(0, u16::from),
            flags: flag(node.is_named(), NAMED)
                | flag(node.is_error(), ERROR)
                | flag(node.is_missing(), MISSING)
                | flag(node.is_extra(), EXTRA)
                | flag(node.has_error(), HAS_ERROR),
        });
        if path.len() < MAX_DEPTH {
            if cursor.goto_first_child() {
                path.push(index);
                continue;
            }
        } else {
            too_deep |= node.child_count() > 0;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return (entries, too_deep);
            }
            let next = entries.len() as u32;
            if let Some(closed) = path.pop().and_then(|index| entries.get_mut(index as usize)) {
                closed.next = next;
            }
        }
    }
}

impl Doc for Tree {
    type Source = String;
    type Lang = SupportLang;
    type Node<'r> = Node<'r>;

    fn get_lang(&self) -> &SupportLang {
        &self.language
    }

    fn get_source(&self) -> &String {
        &self.text
    }

    fn do_edit(&mut self, _: &Edit<String>) -> Result<(), String> {
        Err("a text under analysis is not edited".to_owned())
    }

    fn root_node(&self) -> Node<'_> {
        Node { tree: self, index: 0 }
    }

    fn get_node_text<'a>(&'a self, node: &Node<'a>) -> Cow<'a, str> {
        Cow::Borrowed(node.text())
    }
}

/// A node of a [`Tree`].
#[derive(Clone, Copy)]
pub(crate) struct Node<'r> {
    tree: &'r Tree,
    index: u32,
}

impl<'r> Node<'r> {
    fn entry(&self) -> &'r Entry {
        &self.tree.entries[self.index as usize]
    }

    fn at(&self, index: u32) -> Node<'r> {
        Node { tree: self.tree, index }
    }

    pub fn text(&self) -> &'r str {
        self.tree.text.get(self.span()).unwrap_or_default()
    }

    pub fn span(&self) -> Range<usize> {
        let entry = self.entry();
        entry.start as usize..entry.end as usize
    }

    pub fn start(&self) -> usize {
        self.entry().start as usize
    }

    pub fn end(&self) -> usize {
        self.entry().end as usize
    }

    pub fn name(&self) -> &'r str {
        self.tree.grammar.node_kind_for_id(self.entry().kind).unwrap_or_default()
    }

    pub fn kind_number(&self) -> usize {
        usize::from(self.entry().kind)
    }

    pub fn field_name(&self) -> Option<&'r str> {
        self.tree.grammar.field_name_for_id(self.entry().field)
    }

    pub fn has_error(&self) -> bool {
        self.entry().flags & HAS_ERROR != 0
    }

    pub fn up(&self) -> Option<Node<'r>> {
        let parent = self.entry().parent;
        (parent != u32::MAX && self.tree.step()).then(|| self.at(parent))
    }

    /// Ancestors, the parent first.
    pub fn above(&self) -> impl Iterator<Item = Node<'r>> + use<'r> {
        std::iter::successors(self.up(), Node::up)
    }

    pub fn below(&self) -> Children<'r> {
        let entry = self.entry();
        Children { tree: self.tree, at: self.index + 1, left: entry.children as usize }
    }

    fn following(&self) -> Option<Node<'r>> {
        let next = self.entry().next;
        let parent = self.tree.entries.get(self.entry().parent as usize)?;
        (next < parent.next && self.tree.step()).then(|| self.at(next))
    }
}

/// The children of a node.
pub(crate) struct Children<'r> {
    tree: &'r Tree,
    at: u32,
    left: usize,
}

impl<'r> Iterator for Children<'r> {
    type Item = Node<'r>;

    fn next(&mut self) -> Option<Node<'r>> {
        if self.left == 0 || !self.tree.step() {
            return None;
        }
        let child = Node { tree: self.tree, index: self.at };
        self.at = child.entry().next;
        self.left -= 1;
        Some(child)
    }
}

impl ExactSizeIterator for Children<'_> {
    fn len(&self) -> usize {
        self.left
    }
}

impl<'r> SgNode<'r> for Node<'r> {
    fn parent(&self) -> Option<Self> {
        self.up()
    }

    fn children(&self) -> impl ExactSizeIterator<Item = Self> {
        self.below()
    }

    fn kind(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.name())
    }

    fn kind_id(&self) -> u16 {
        self.entry().kind
    }

    fn node_id(&self) -> usize {
        self.index as usize
    }

    fn range(&self) -> Range<usize> {
        self.span()
    }

    fn start_pos(&self) -> Position {
        position(self.tree.text(), self.start())
    }

    fn end_pos(&self) -> Position {
        position(self.tree.text(), self.end())
    }

    fn ancestors(&self, _: Self) -> impl Iterator<Item = Self> {
        self.above()
    }

    fn dfs(&self) -> impl Iterator<Item = Self> {
        let node = *self;
        (node.index..node.entry().next).take_while(move |_| node.tree.step()).map(move |index| node.at(index))
    }

    fn next(&self) -> Option<Self> {
        self.following()
    }

    fn next_all(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.following(), Node::following)
    }

    fn prev(&self) -> Option<Self> {
        self.up()?.below().take_while(|sibling| sibling.index < self.index).last()
    }

    fn prev_all(&self) -> impl Iterator<Item = Self> {
        let before = self.up().map(|parent| parent.below().take_while(|sibling| sibling.index < self.index).collect());
        let before: Vec<Self> = before.unwrap_or_default();
        before.into_iter().rev()
    }

    fn is_named(&self) -> bool {
        self.entry().flags & NAMED != 0
    }

    fn is_named_leaf(&self) -> bool {
        !self.below().any(|child| child.is_named())
    }

    fn is_leaf(&self) -> bool {
        self.entry().children == 0
    }

    fn is_missing(&self) -> bool {
        self.entry().flags & MISSING != 0
    }

    fn is_error(&self) -> bool {
        self.entry().flags & ERROR != 0
    }

    fn is_extra(&self) -> bool {
        self.entry().flags & EXTRA != 0
    }

    fn field(&self, name: &str) -> Option<Self> {
        self.child_by_field_id(self.tree.grammar.field_id_for_name(name)?.get())
    }

    fn field_children(&self, field: Option<u16>) -> impl Iterator<Item = Self> {
        self.below().filter(move |child| field == Some(child.entry().field))
    }

    fn child_by_field_id(&self, field: u16) -> Option<Self> {
        self.below().find(|child| child.entry().field == field)
    }
}

/// Line and column, both 0-based and the column in bytes, as tree-sitter counts.
fn position(text: &str, offset: usize) -> Position {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    Position::new(memchr::memchr_iter(b'\n', before).count(), offset - line_start, offset)
}

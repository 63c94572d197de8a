//! A graph in layers from left to right, as SVG written with maud, so that its colours and letters are the page's. What stands in which layer
//! is known from what it is; crates that lay graphs out would choose layers anew, and the order of what is ranked. What is left to find is
//! the order of the rest: each box stands about as high as what leads to it (Sugiyama, Tagawa and Toda 1981, barycentres), which one pass
//! from the left finds.

use crate::escape::{self, Layout};
use crate::figure;
use maud::{Markup, html};
use std::collections::{BTreeMap, HashSet};

/// A page across, and the room between boxes across and down, pixels.
const PAGE: f64 = 944.0;
const ACROSS: f64 = 40.0;
const DOWN: f64 = 8.0;
/// How wide boxes are, so that five or six layers fill a page and more can be scrolled; how high, and the line for a group's title, pixels.
const NARROWEST: f64 = 120.0;
const WIDEST: f64 = 157.0;
const HEIGHT: f64 = 36.0;
const TITLE: f64 = 22.0;
/// Room in a box beside its letters, and room that a letter takes, pixels.
const BESIDE: f64 = 16.0;
const LETTER: f64 = 6.3;
/// Letters more of what stands below the name, in smaller type.
const SMALLER: usize = 2;
/// Bytes of a name that are told.
const WORDS: usize = 300;

/// Boxes of a kind, which stand together.
pub(super) struct Group {
    /// What they are.
    pub(super) title: &'static str,
    /// Their class in the style sheet.
    pub(super) class: &'static str,
    /// Their layer, from the left.
    pub(super) layer: usize,
    /// Boxes that are drawn; of the others the last says how many they are.
    pub(super) most: usize,
}

/// A box.
pub(super) struct Node {
    /// Its group, by number.
    pub(super) group: usize,
    /// What it is called, raw.
    pub(super) name: String,
    /// What else to know, raw.
    pub(super) beside: String,
    /// Those that weigh most are drawn.
    pub(super) weight: u64,
}

/// A graph that is being made.
pub(super) struct Graph {
    groups: &'static [Group],
    nodes: Vec<Node>,
    /// From, to, and how many of what; no number where it is one.
    edges: BTreeMap<(usize, usize), Option<(u64, &'static str)>>,
}

/// The top left corner of a box.
type Corner = (f64, f64);

/// Where everything stands.
struct Plan {
    corners: BTreeMap<usize, Corner>,
    /// Of the drawing.
    width: f64,
    height: f64,
    /// Of a box.
    across: f64,
}

impl Graph {
    /// Nothing, of these groups; those of a layer follow each other from the top.
    pub(super) fn new(groups: &'static [Group]) -> Graph {
        Graph { groups, nodes: Vec::new(), edges: BTreeMap::new() }
    }

    /// Adds a box, and says its number.
    pub(super) fn node(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Adds an edge to the right; one that is there already has both counts then.
    pub(super) fn edge(&mut self, from: usize, to: usize, count: Option<(u64, &'static str)>) {
        if self.layer(from) < self.layer(to) {
            let there = self.edges.entry((from, to)).or_default();
            *there = match (*there, count) {
                (Some((one, noun)), Some((other, _))) => Some((one.saturating_add(other), noun)),
                (there, count) => there.or(count),
            };
        }
    }

    /// The drawing; `words` say what it shows.
    pub(super) fn draw(mut self, words: &str) -> Markup {
        let shown = self.fold();
        let plan = self.place(&shown);
        let (width, height) = (plan.width, plan.height);
        html! {
            div.scroll role="region" tabindex="0" aria-label=(words) {
                svg.graph role="img" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
                    title { (words) }
                    @for (&edge, &count) in &self.edges { (self.line(&plan, edge, count)) }
                    @for (group, nodes) in self.groups.iter().zip(&shown) {
                        (heading(group, nodes.iter().filter_map(|node| plan.corners.get(node))))
                        @for node in nodes { (self.boxed(&plan, *node)) }
                    }
                }
            }
        }
    }

    fn layer(&self, node: usize) -> usize {
        self.groups[self.nodes[node].group].layer
    }

    /// The boxes of each group that are drawn; what is too much becomes one, with the edges of all of them.
    fn fold(&mut self) -> Vec<Vec<usize>> {
        let mut shown = Vec::new();
        for (number, group) in self.groups.iter().enumerate() {
            let mut nodes: Vec<usize> = (0..self.nodes.len()).filter(|&at| self.nodes[at].group == number).collect();
            nodes.sort_by_key(|&at| std::cmp::Reverse(self.nodes[at].weight));
            // One more is drawn as itself: a box that says so would take its place.
            if nodes.len() > group.most + 1 {
                let folded: HashSet<usize> = nodes.split_off(group.most).into_iter().collect();
                let (name, beside) = (format!("and {} more", figure::count(folded.len() as u64)), String::new());
                let rest = self.node(Node { group: number, name, beside, weight: 0 });
                let to = |at: usize| if folded.contains(&at) { rest } else { at };
                for ((from, end), count) in std::mem::take(&mut self.edges) {
                    self.edge(to(from), to(end), count);
                }
                nodes.push(rest);
            }
            shown.push(nodes);
        }
        shown
    }

    /// Where each box stands, and how large the drawing is. Layers are centred; in a group, boxes are ordered by what leads to them, but
    /// those of one kind of parent only (as documents, which all have the text) keep their order.
    fn place(&self, shown: &[Vec<usize>]) -> Plan {
        let filled = |it: &(usize, &Vec<usize>)| !it.1.is_empty();
        let tall = |layer: usize| -> f64 {
            let groups = shown.iter().enumerate().filter(filled).filter(|it| self.groups[it.0].layer == layer);
            groups.map(|(_, nodes)| TITLE + nodes.len() as f64 * (HEIGHT + DOWN)).sum()
        };
        let layers = shown.iter().enumerate().filter(filled).map(|it| self.groups[it.0].layer + 1).max().unwrap_or(0);
        let height = (0..layers).map(tall).fold(0.0, f64::max);
        let count = layers.max(1) as f64;
        let across = ((PAGE + ACROSS) / count - ACROSS).clamp(NARROWEST, WIDEST).floor();
        let mut corners = BTreeMap::new();
        for layer in 0..layers {
            let mut y = (height - tall(layer)) / 2.0;
            let x = layer as f64 * (across + ACROSS);
            for (_, nodes) in shown.iter().enumerate().filter(filled).filter(|it| self.groups[it.0].layer == layer) {
                y += TITLE;
                let mut nodes: Vec<(f64, usize)> =
                    nodes.iter().map(|&node| (self.barycentre(node, &corners), node)).collect();
                nodes.sort_by(|one, other| one.0.total_cmp(&other.0));
                for (_, node) in nodes {
                    corners.insert(node, (x, y));
                    y += HEIGHT + DOWN;
                }
            }
        }
        Plan { corners, width: count * (across + ACROSS) - ACROSS, height, across }
    }

    /// How high those stand that lead to a box, in the mean.
    fn barycentre(&self, node: usize, corners: &BTreeMap<usize, Corner>) -> f64 {
        let heights =
            self.edges.keys().filter(|(_, to)| *to == node).filter_map(|(from, _)| Some(corners.get(from)?.1));
        let (sum, count) = heights.fold((0.0, 0.0), |(sum, count), height| (sum + height, count + 1.0));
        sum / f64::max(count, 1.0)
    }

    /// An edge, with its number nearer to the end at which fewer meet, where it can be told from others.
    fn line(&self, plan: &Plan, (from, to): (usize, usize), count: Option<(u64, &str)>) -> Markup {
        let (Some(start), Some(end)) = (plan.corners.get(&from), plan.corners.get(&to)) else { return html! {} };
        let (x, y) = (start.0 + plan.across, start.1 + HEIGHT / 2.0);
        let (to_x, to_y) = (end.0, end.1 + HEIGHT / 2.0);
        let bend = (to_x - x) / 2.0;
        let leaving = self.edges.keys().filter(|edge| edge.0 == from).count();
        let arriving = self.edges.keys().filter(|edge| edge.1 == to).count();
        let t: f64 = if leaving > arriving { 0.72 } else { 0.28 };
        // A cubic Bézier whose control points stand as high as its ends.
        let near = (1.0 - t).powi(2) * (1.0 + 2.0 * t);
        let (at_x, at_y) = (x + (to_x - x) * (1.5 * t * (1.0 - t) + t.powi(3)), near * y + (1.0 - near) * to_y);
        let thick = 1.2 + count.map_or(0.0, |(count, _)| (count.max(1) as f64).log10());
        let number = count.map_or(String::new(), |(count, noun)| format!(": {}", figure::counted(count, noun)));
        html! {
            g.edge {
                title { (self.called(from)) " \u{2192} " (self.called(to)) (number) }
                path d={ "M" (x) " " (y) "C" (x + bend) " " (y) " " (to_x - bend) " " (to_y) " " (to_x) " " (to_y) } stroke-width=(format!("{thick:.1}")) {}
                @if let Some((count, _)) = count {
                    text x=(format!("{at_x:.1}")) y=(format!("{:.1}", at_y + 3.5)) text-anchor="middle" { (figure::size(count)) }
                }
            }
        }
    }

    fn boxed(&self, plan: &Plan, node: usize) -> Markup {
        let Some((x, y)) = plan.corners.get(&node) else { return html! {} };
        let Node { group, beside, .. } = &self.nodes[node];
        let (name, beside) = (self.called(node), escape::text(beside, Layout::Line, WORDS));
        let letters = ((plan.across - BESIDE) / LETTER) as usize;
        html! {
            // An image in the image cuts what is wider than its letters were taken to be.
            svg class={ "node " (self.groups[*group].class) } x=(x) y=(y) width=(plan.across) height=(HEIGHT) {
                title { (name) @if !beside.is_empty() { "\n" (beside) } }
                rect x="0.5" y="0.5" width=(plan.across - 1.0) height=(HEIGHT - 1.0) rx="3" {}
                @if beside.is_empty() {
                    text x="8" y="22" { (fitted(&name, letters)) }
                } @else {
                    text x="8" y="15" { (fitted(&name, letters)) }
                    text.beside x="8" y="28" { (fitted(&beside, letters + SMALLER)) }
                }
            }
        }
    }

    /// The name, safe to show.
    fn called(&self, node: usize) -> String {
        escape::text(&self.nodes[node].name, Layout::Line, WORDS)
    }
}

/// The title of a group, over the highest of its boxes.
fn heading<'a>(group: &Group, corners: impl Iterator<Item = &'a Corner>) -> Markup {
    let highest = corners.min_by(|one, other| one.1.total_cmp(&other.1));
    html! { @if let Some((x, y)) = highest { text.heading x=(x) y=(y - 7.0) { (group.title) } } }
}

/// As much of a text as there is room for, both its ends: those of a path and of an address tell most.
fn fitted(text: &str, letters: usize) -> String {
    let wide = |character: &char| console::measure_text_width(character.encode_utf8(&mut [0; 4]));
    if text.chars().map(|character| wide(&character)).sum::<usize>() <= letters {
        return text.to_owned();
    }
    let take = |characters: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut used = 0;
        characters
            .take_while(|character| {
                used += wide(character);
                used <= room
            })
            .collect()
    };
    let head = take(&mut text.chars(), letters / 3);
    let tail = take(&mut text.chars().rev(), letters - letters / 3 - 1);
    head.into_iter().chain(['…']).chain(tail.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: [Group; 2] = [
        Group { title: "One", class: "one", layer: 0, most: 3 },
        Group { title: "Other", class: "other", layer: 1, most: 3 },
    ];

    fn node(group: usize, name: &str, weight: u64) -> Node {
        Node { group, name: name.to_owned(), beside: String::new(), weight }
    }

    #[test]
    fn what_is_too_much_is_one_box_with_the_edges_of_all() {
        let mut graph = Graph::new(&GROUPS);
        let first = graph.node(node(0, "first", 0));
        for weight in 0..9 {
            let other = graph.node(node(1, &format!("other {weight}"), weight));
            graph.edge(first, other, Some((10, "record")));
            graph.edge(other, first, Some((10, "record")));
        }
        let drawn = graph.draw("a drawing").into_string();
        assert!(drawn.contains("other 8</text>") && !drawn.contains("other 5</text>"), "{drawn}");
        assert!(drawn.contains("and 6 more</text>") && drawn.contains("first → and 6 more: 60 records"), "{drawn}");
        assert_eq!(drawn.matches("<path").count(), 4);
    }

    #[test]
    fn edges_do_not_cross_where_they_need_not() {
        let mut graph = Graph::new(&GROUPS);
        let ones: Vec<usize> = ["a", "b", "c"].map(|name| graph.node(node(0, name, 0))).into();
        let others: Vec<usize> = ["d", "e", "f"].map(|name| graph.node(node(1, name, 0))).into();
        for (one, other) in ones.iter().zip(others.iter().rev()) {
            graph.edge(*one, *other, None);
        }
        let shown = graph.fold();
        let corners = graph.place(&shown).corners;
        assert!(ones.iter().zip(others.iter().rev()).all(|(one, other)| corners[one].1 == corners[other].1));
    }

    #[test]
    fn long_names_keep_both_ends_and_wide_letters_count_twice() {
        assert_eq!(fitted("short.py", 24), "short.py");
        assert_eq!(fitted("https://example.com/people/project/file.py", 24), "https://…project/file.py");
        assert_eq!(fitted(&"宽".repeat(20), 24).chars().count(), 4 + 1 + 7);
    }
}

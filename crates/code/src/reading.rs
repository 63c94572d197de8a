//! One text read: as it is, repaired where it is broken, and what is written in its comments.

use crate::anchors::Anchored;
use crate::comment;
use crate::fragment::Fragment;
use crate::parse::{self, parse, parse_sound, prepared};
use crate::prose;
use crate::repair::{Repaired, repair};
use crate::rules::RuleSet;
use crate::suppression;
use crate::walk::{Found, Walked, walk};
use crate::{Analysis, Decision, Language, NotAnalysed, Place};
use ast_grep_core::Doc;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

pub(crate) struct Reading<'a> {
    rules: &'a RuleSet,
    language: Language,
    text: &'a str,
    deadline: Instant,
    anchored: Anchored,
}

impl<'a> Reading<'a> {
    pub fn new(rules: &'a RuleSet, language: Language, text: &'a str) -> Reading<'a> {
        let deadline = Instant::now() + parse::TIME_LIMIT;
        Reading { rules, language, text, deadline, anchored: rules.anchored(text) }
    }

    pub fn analysis(&self) -> Analysis {
        let mut analysis = Analysis {
            suppressions: suppression::lines(self.text, &self.anchored.suppressions),
            ..Analysis::default()
        };
        if !self.anchored.any_awake() {
            analysis.not_analysed = parse::nested_too_deep(self.text);
            return analysis;
        }
        let text = prepared(self.text, self.language);
        let whole = self.walk(&text, &self.anchored);
        let mut found: Vec<(Found, Place)> = whole.found.into_iter().map(|found| (found, Place::Code)).collect();
        analysis.not_analysed = whole.not_analysed;
        let comments = comment::group(&text, &whole.comments).into_iter().map(|parts| (parts, Place::Comment));
        let docstrings = whole.docstrings.chunks(1).map(|part| (part, Place::Docstring));
        for (parts, place) in comments.chain(docstrings) {
            if comment::may_hold_code(&text, parts, &self.anchored.ends) {
                let mut body = comment::body(&text, parts);
                body.text = prose::blanked(&body.text, &self.rules.anchors.woken(&body.text).ends);
                let anchored = self.rules.anchored(&body.text);
                if !anchored.any_awake() {
                    continue;
                }
                let inner = self.walk(&body.text, &anchored);
                analysis.not_analysed = analysis.not_analysed.or(inner.not_analysed);
                found.extend(inner.found.into_iter().map(|inner| (inner.mapped(&body), place)));
            }
        }
        analysis.decisions = self.decisions(found);
        analysis
    }

    /// Walks a text as it is; where it is broken, repaired; where the parser stumbles all the same, what both show.
    fn walk(&self, text: &str, anchored: &Anchored) -> Walked {
        let Repaired { fragment, stopped } = repair(text, self.language, &anchored.ends);
        if fragment.text == text {
            return self.parse_and_walk(fragment.text, &anchored.awake).0;
        }
        // What the repair takes for broken need not be.
        if !stopped && let Some(tree) = parse_sound(text.to_owned(), self.language, self.deadline) {
            return walk(tree, self.rules, &anchored.awake);
        }
        let (repaired, broken) = self.parse_and_walk(fragment.text.clone(), &anchored.awake);
        let repaired = repaired.mapped(&fragment);
        if !broken {
            return repaired;
        }
        let (original, _) = self.parse_and_walk(text.to_owned(), &anchored.awake);
        union(original, repaired)
    }

    /// What a walk over the text finds, and whether the parser stumbled.
    fn parse_and_walk(&self, text: String, awake: &[bool]) -> (Walked, bool) {
        match parse(text, self.language, self.deadline) {
            Ok(tree) => {
                let broken = tree.root_node().has_error();
                (walk(tree, self.rules, awake), broken)
            }
            Err(reason) => (Walked { not_analysed: Some(reason), ..Walked::default() }, false),
        }
    }

    /// Findings with their lines and columns, in the order of the text.
    fn decisions(&self, mut found: Vec<(Found, Place)>) -> Vec<Decision> {
        found.sort_by_key(|(found, place)| (found.span.start, found.span.end, found.rule, *place));
        found.dedup_by_key(|(found, _)| (found.span.clone(), found.rule));
        let (mut line, mut column, mut counted) = (1, 1, 0);
        let mut decisions = Vec::with_capacity(found.len());
        for (found, place) in found {
            let passed = self.text.get(counted..found.span.start).unwrap_or_default();
            let newlines = passed.matches('\n').count();
            let tail = passed.rfind('\n').map_or(passed, |newline| &passed[newline + 1..]);
            column = tail.chars().count() + if newlines > 0 { 1 } else { column };
            line += newlines;
            counted = found.span.start;
            let rule = &self.rules.rules[found.rule];
            decisions.push(Decision {
                decision: rule.decision.clone(),
                cwe: rule.cwe.clone(),
                language: self.language,
                choice: found.choice,
                place,
                line,
                column,
                span: found.span,
                statement: found.statement,
                form: Arc::from(found.form),
            });
        }
        decisions
    }
}

impl Found {
    fn mapped(mut self, fragment: &Fragment) -> Found {
        self.span = fragment.origin(self.span);
        self.statement = fragment.origin(self.statement);
        self
    }
}

impl Walked {
    fn mapped(self, fragment: &Fragment) -> Walked {
        let ranges = |ranges: Vec<Range<usize>>| ranges.into_iter().map(|range| fragment.origin(range)).collect();
        Walked {
            found: self.found.into_iter().map(|found| found.mapped(fragment)).collect(),
            comments: ranges(self.comments),
            docstrings: ranges(self.docstrings),
            not_analysed: self.not_analysed,
        }
    }
}

/// What two walks over one text found. Where both found the same decision, at the same place or at places that overlap,
/// that of the walk whose parser understood it; in doubt, that over the text as it was.
fn union(original: Walked, repaired: Walked) -> Walked {
    let not_analysed: Option<NotAnalysed> = original.not_analysed.or(repaired.not_analysed);
    let mut merged: Vec<(Found, bool)> = original.found.into_iter().map(|found| (found, false)).collect();
    merged.extend(repaired.found.into_iter().map(|found| (found, true)));
    merged.sort_by_key(|(found, repaired)| (found.rule, found.span.start, *repaired));
    let mut kept: Vec<(Found, bool)> = Vec::with_capacity(merged.len());
    for (found, from) in merged {
        let rival = kept.last().filter(|(last, last_from)| {
            *last_from != from
                && last.rule == found.rule
                && (found.span.start < last.span.end || found.span.start == last.span.start)
        });
        match rival {
            Some((last, _)) if found.clean && !last.clean => {
                kept.pop();
                kept.push((found, from));
            }
            Some(_) => {}
            None => kept.push((found, from)),
        }
    }
    Walked {
        found: kept.into_iter().map(|(found, _)| found).collect(),
        comments: repaired.comments,
        docstrings: repaired.docstrings,
        not_analysed,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Choice, Engine, Language};

    #[test]
    fn sound_text_is_read_as_it_is_however_it_is_laid_out() {
        // What the repair of broken text would take for statements in a bracket that was never closed.
        let text = "import re\n\ndef f(a, b):\n    p = '{t}/x'.format(\n        t = re.escape(a),\n    )\n    return re.fullmatch(p, b)\n";
        let read = Engine::builtin().read(Language::Python, text);
        let choices: Vec<_> = read.decisions.iter().map(|it| (&*it.decision, it.choice)).collect();
        assert_eq!(choices, [("regex-dos", Choice::Secure)]);
    }
}

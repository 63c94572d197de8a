//! Lines of a terminal: headings, wrapped paragraphs, quoted text, tables. Whatever is put on it is escaped here, so no
//! view can forget to.

use crate::escape::{self, Layout};
use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};

/// Bytes of one text that are shown before it is cut.
const TEXT_LIMIT: usize = 2_000;
/// Room that is left to a column that must shrink, and the most that one takes that does not.
const NARROWEST: usize = 10;
const WIDEST: usize = 28;

/// The text being laid out.
pub(super) struct Screen {
    text: String,
    width: usize,
    colour: bool,
}

/// A column of a table.
#[derive(Clone, Copy)]
pub(super) enum Column {
    /// Text of a few words.
    Text(&'static str),
    /// Text that is cut where the table is wider than the screen.
    Flexible(&'static str),
    /// Numbers, to the right.
    Number(&'static str),
}

impl Screen {
    /// A screen `width` columns wide; widths that nobody can read are brought within 40 and 140.
    pub(super) fn new(width: usize, colour: bool) -> Self {
        Screen { text: String::new(), width: width.clamp(40, 140), colour }
    }

    /// A strong word followed by a text.
    pub(super) fn banner(&mut self, word: &str, style: Style, text: &str) {
        let word = self.styled(&format!(" {word} "), style.reverse().bold());
        let text = truncate_str(&line(text), self.width - measure_text_width(&word) - 1, "…").into_owned();
        let text = self.styled(&text, Style::new().bold());
        self.text += &format!("{word} {text}\n");
    }

    /// A heading, with an empty line before it.
    pub(super) fn heading(&mut self, text: &str) {
        let text = self.styled(&truncate_str(&line(text), self.width, "…"), Style::new().bold());
        self.text += &format!("\n{text}\n");
    }

    /// A text, wrapped, after an indent of its own.
    pub(super) fn paragraph(&mut self, indent: &str, text: &str) {
        let blank = " ".repeat(measure_text_width(indent));
        let options = textwrap::Options::new(self.width).initial_indent(indent).subsequent_indent(&blank);
        self.text += &textwrap::fill(&line(text), options);
        self.text.push('\n');
    }

    /// A text as it was written, behind a bar, each line cut at the edge.
    pub(super) fn quote(&mut self, text: &str) {
        let bar = self.styled("│", Style::new().cyan());
        for line in escape::text(text, Layout::Block, TEXT_LIMIT).replace('\t', "    ").split('\n') {
            self.text += &format!("  {bar} {}\n", truncate_str(line, self.width - 4, "…"));
        }
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// Rows under a line of titles, indented; flexible columns give way where the screen is narrow.
    pub(super) fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| line(cell)).collect()).collect();
        let widths = self.column_widths(columns, &rows);
        let titles: Vec<String> = columns.iter().map(|column| column.title().to_owned()).collect();
        let fit = |row: &[String]| truncate_str(&row_text(columns, &widths, row), self.width, "…").into_owned();
        let titles = self.styled(&fit(&titles), Style::new().dim());
        let rows: Vec<String> = rows.iter().map(|row| fit(row) + "\n").collect();
        self.text += &format!("{titles}\n{}", rows.concat());
    }

    /// What was laid out.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn column_widths(&self, columns: &[Column], rows: &[Vec<String>]) -> Vec<usize> {
        let natural = |at: usize, column: &Column| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| measure_text_width(cell));
            cells.chain([measure_text_width(column.title())]).max().unwrap_or(0)
        };
        let wanted = |(at, column): (usize, &Column)| match column {
            Column::Flexible(_) => natural(at, column),
            _ => natural(at, column).min(WIDEST.max(measure_text_width(column.title()))),
        };
        let mut widths: Vec<usize> = columns.iter().enumerate().map(wanted).collect();
        for (at, _) in columns.iter().enumerate().filter(|(_, column)| matches!(column, Column::Flexible(_))) {
            let used = widths.iter().map(|width| width + 2).sum::<usize>();
            let excess = used.saturating_sub(self.width);
            widths[at] = widths[at].saturating_sub(excess).max(NARROWEST.min(widths[at]));
        }
        widths
    }

    fn styled(&self, text: &str, style: Style) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }
}

impl Column {
    fn title(&self) -> &'static str {
        match self {
            Column::Text(title) | Column::Flexible(title) | Column::Number(title) => title,
        }
    }
}

fn row_text(columns: &[Column], widths: &[usize], cells: &[String]) -> String {
    let cell = |((column, width), cell): ((&Column, &usize), &String)| {
        let side = if matches!(column, Column::Number(_)) { Alignment::Right } else { Alignment::Left };
        pad_str(cell, *width, side, Some("…")).into_owned()
    };
    let cells: Vec<String> = columns.iter().zip(widths).zip(cells).map(cell).collect();
    format!("  {}", cells.join("  ")).trim_end().to_owned()
}

fn line(text: &str) -> String {
    escape::text(text, Layout::Line, TEXT_LIMIT)
}

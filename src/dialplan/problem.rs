//! A problem of a dialplan: where it is, what it is, what to write instead.

use std::fmt;
use std::ops::Range;

use miette::SourceSpan;
use serde::Serialize;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The plan is refused.
    Error,
    /// The plan works; somebody should look.
    Warning,
}

/// One problem. `Display` shows it as its author should see it: with its line and a caret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as its reader named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the file it is about.
    pub span: Range<usize>,
    /// What is wrong: an Italian sentence.
    pub what: String,
    /// What to do about it, in Italian.
    pub suggestion: Option<String>,
    /// The text of the line.
    pub source: String,
}

impl Problem {
    /// Whether the plan is refused because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// A problem of `text` at `span`, whatever `span` is: it is cut to the text.
    pub(super) fn at(
        severity: Severity,
        file: &str,
        text: &str,
        span: Range<usize>,
        what: String,
    ) -> Self {
        let span = tighten(text, span);
        let before = text.get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text.get(line_start..).unwrap_or_default();
        Self {
            severity,
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            what,
            suggestion: None,
            source: rest.lines().next().unwrap_or_default().to_owned(),
            span,
        }
    }

    /// How many characters of its line it is about; at least 1.
    fn width(&self) -> usize {
        let in_line = self.source.chars().count().saturating_sub(self.column - 1);
        let line_start = self.span.start.saturating_sub(self.bytes_before());
        let end = self.span.end.saturating_sub(line_start).min(self.source.len());
        let marked = self.source.get(self.bytes_before()..end).unwrap_or_default();
        marked.chars().count().min(in_line).max(1)
    }

    /// Bytes of the line before the problem.
    fn bytes_before(&self) -> usize {
        self.source.chars().take(self.column - 1).map(char::len_utf8).sum()
    }
}

/// Cuts `span` to characters of `text`, without the white space around them.
fn tighten(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.floor_char_boundary(span.end).max(start);
    let marked = text.get(start..end).unwrap_or_default();
    if marked.trim().is_empty() {
        return start..end.min(start + 1);
    }
    let start = start + (marked.len() - marked.trim_start().len());
    start..start + marked.trim().len()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "errore",
            Severity::Warning => "avviso",
        };
        let margin = " ".repeat(self.line.to_string().len());
        // Tabs stay tabs, so that the caret stands under its word.
        let indent: String = self
            .source
            .chars()
            .take(self.column - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        writeln!(f, "{severity}: {}", self.what)?;
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{} | {}", self.line, self.source)?;
        writeln!(f, "{margin} | {indent}{}", "^".repeat(self.width()))?;
        if let Some(suggestion) = &self.suggestion {
            writeln!(f, "{margin} = {suggestion}")?;
        }
        Ok(())
    }
}

/// The problems of one file, as they are found.
pub(super) struct Findings<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
    /// Lines were left out because they could not be read.
    torn: bool,
}

impl<'a> Findings<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: Vec::new(), torn: false }
    }

    /// Notes something that makes the plan unusable.
    pub(super) fn error(&mut self, span: impl Into<SourceSpan>, what: impl Into<String>) {
        self.note(Severity::Error, span.into(), what.into());
    }

    /// Notes something somebody should look at.
    pub(super) fn warning(&mut self, span: impl Into<SourceSpan>, what: impl Into<String>) {
        self.note(Severity::Warning, span.into(), what.into());
    }

    /// Notes that something is not there, unless it may stand on a line left out.
    pub(super) fn missing(
        &mut self,
        span: impl Into<SourceSpan>,
        what: impl Into<String>,
        suggestion: impl Into<String>,
    ) {
        if !self.torn {
            self.error(span, what);
            self.suggest(suggestion);
        }
    }

    /// From here on, what is missing may stand on a line left out.
    pub(super) fn tear(&mut self) {
        self.torn = true;
    }

    /// Whether lines were left out.
    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Says what to do about what was noted last.
    pub(super) fn suggest(&mut self, suggestion: impl Into<String>) {
        if let Some(last) = self.problems.last_mut() {
            last.suggestion = Some(suggestion.into());
        }
    }

    pub(super) fn any_error(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Everything found, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        self.problems.dedup_by(|b, a| a.span == b.span && a.what == b.what);
        self.problems
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    fn note(&mut self, severity: Severity, span: SourceSpan, what: String) {
        let span = span.offset()..span.offset().saturating_add(span.len());
        self.problems.push(Problem::at(severity, self.file, self.text, span, what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_word_also_after_accents_and_tabs() {
        let text = "uno\n\tperché  qui no\n";
        let start = text.find("qui").unwrap();
        let problem =
            Problem::at(Severity::Error, "a.kdl", text, start - 2..start + 3, "no".to_owned());
        let rendered = problem.to_string();
        assert_eq!((problem.line, problem.column), (2, 10));
        assert!(rendered.contains("2 | \tperché  qui no\n  | \t        ^^^\n"), "{rendered}");
    }

    #[test]
    fn any_span_is_cut_to_the_text() {
        let text = "è\r\n";
        for start in 0..6 {
            for end in 0..6 {
                let problem = Problem::at(Severity::Error, "", text, start..end, String::new());
                assert!(problem.to_string().contains('^'));
            }
        }
    }
}

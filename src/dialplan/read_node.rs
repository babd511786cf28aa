//! One line of a plan: its word, its values, its options, its block.

use kdl::{KdlEntry, KdlNode};

use super::problem::Findings;
use super::read_value::{nearest, suggest_word};

/// A line whose options are all known.
#[derive(Clone, Copy)]
pub(super) struct Line<'k> {
    node: &'k KdlNode,
}

impl<'k> Line<'k> {
    /// Takes a line; reports options it cannot have, or has twice.
    pub(super) fn open(node: &'k KdlNode, options: &[&str], findings: &mut Findings<'_>) -> Self {
        let mut seen: Vec<&str> = Vec::new();
        for entry in node.entries() {
            let Some(name) = entry.name().map(kdl::KdlIdentifier::value) else { continue };
            if seen.contains(&name) {
                findings.error(entry.span(), format!("«{name}» è scritto due volte"));
                findings.suggest("vale una volta sola: togline una");
            } else if !options.contains(&name) {
                let word = node.name().value();
                findings.error(entry.span(), format!("«{word}» non ha l'opzione «{name}»"));
                match options {
                    [] => findings.suggest("questo comando non ha opzioni: toglila"),
                    _ => suggest_word(findings, name, options),
                }
            }
            seen.push(name);
        }
        Self { node }
    }

    /// The first word of the line.
    pub(super) fn word(self) -> &'k str {
        self.node.name().value()
    }

    /// Where that word is.
    pub(super) fn span(self) -> miette::SourceSpan {
        self.node.name().span()
    }

    /// The value of an option.
    pub(super) fn option(self, name: &str) -> Option<&'k KdlEntry> {
        let named = |entry: &&KdlEntry| entry.name().is_some_and(|its| its.value() == name);
        self.node.entries().iter().find(named)
    }

    /// The value of an option that must be there.
    pub(super) fn required(
        self,
        name: &str,
        example: &str,
        findings: &mut Findings<'_>,
    ) -> Option<&'k KdlEntry> {
        let entry = self.option(name);
        // A misspelt option was reported already.
        if entry.is_none() && !self.misspells(name) {
            findings.missing(
                self.span(),
                format!("a «{}» manca «{name}»", self.word()),
                format!("per esempio {name}={example}"),
            );
        }
        entry
    }

    /// Whether an option looks like `name`.
    fn misspells(self, name: &str) -> bool {
        let options = self.node.entries().iter().filter_map(|entry| entry.name());
        options.into_iter().any(|option| nearest(option.value(), [name]).is_some())
    }

    /// The values without a name, in order.
    pub(super) fn values(self) -> impl Iterator<Item = &'k KdlEntry> {
        self.node.entries().iter().filter(|entry| entry.name().is_none())
    }

    /// The only value of the line.
    pub(super) fn only_value(
        self,
        example: &str,
        findings: &mut Findings<'_>,
    ) -> Option<&'k KdlEntry> {
        let first = self.values().next();
        if first.is_none() {
            findings.error(self.span(), format!("a «{}» manca il suo valore", self.word()));
            findings.suggest(format!("per esempio {} {example}", self.word()));
        }
        self.at_most(1, findings);
        first
    }

    /// Reports values beyond the first `most`.
    pub(super) fn at_most(self, most: usize, findings: &mut Findings<'_>) {
        for entry in self.values().skip(most) {
            findings.error(entry.span(), format!("per «{}» questo è di troppo", self.word()));
        }
    }

    /// The lines of its block.
    pub(super) fn block(self) -> &'k [KdlNode] {
        self.node.children().map(kdl::KdlDocument::nodes).unwrap_or_default()
    }

    /// Reports a block where there is none to be.
    pub(super) fn no_block(self, findings: &mut Findings<'_>) {
        if self.node.children().is_some() {
            findings.error(self.span(), format!("«{}» non apre un blocco", self.word()));
            findings.suggest("togli le parentesi graffe");
        }
    }
}

//! Broken KDL told in Italian, where it is broken.

use std::collections::BTreeSet;
use std::sync::Arc;

use kdl::{KdlDiagnostic, KdlDocument, KdlError};

use super::problem::Findings;

/// Longest plan, bytes.
const LONGEST: usize = 64 * 1024;

/// Bytes of stack for the parser; only what is used is ever taken.
const STACK: usize = 256 * 1024 * 1024;

/// Broken lines reported at once.
const MOST_REPORTS: usize = 20;

/// How often a mark may stand in a plan. The parser goes as deep as its text (kdl 6.7:
/// 400 open blocks exhaust a thread's stack) and takes twice as long for each `/-{`;
/// a text no person would write must cost neither.
const MOST: [(&str, usize); 3] = [("{", 120), ("/*", 120), ("/-", 8)];

/// Parses the text; reports what keeps it from being KDL.
///
/// Of a broken text it gives what stands on the other lines, if that is KDL.
pub(super) fn parse(findings: &mut Findings<'_>) -> Option<KdlDocument> {
    let text = findings.text();
    if text.len() > LONGEST {
        findings.error(0..0, format!("il file è troppo lungo: al massimo {LONGEST} caratteri"));
        return None;
    }
    for (mark, most) in MOST {
        if let Some((start, _)) = text.match_indices(mark).nth(most) {
            findings.error(
                start..start + mark.len(),
                format!("troppi «{mark}»: al massimo {most} in un file"),
            );
            findings.suggest("dividi il file, o togli quello che non serve");
            return None;
        }
    }
    let broken = match parse_apart(text) {
        Some(Ok(document)) => return Some(document),
        Some(Err(broken)) => broken,
        None => KdlError { input: Arc::default(), diagnostics: Vec::new() },
    };
    let lines = report_each(&broken.diagnostics, findings);
    if !findings.any_error() {
        findings.error(0..0, "il file non si riesce a leggere");
        return None;
    }
    // What is wrong elsewhere is worth telling in the same breath, unless the breaks
    // are in the blocks themselves: then nothing stands where its author put it.
    let blocks =
        |(number, line): (usize, &str)| lines.contains(&number) && line.contains(['{', '}']);
    if text.lines().enumerate().any(blocks) {
        return None;
    }
    findings.tear();
    parse_apart(&without(text, &lines))?.ok()
}

/// `text` with blanks for `lines`, every other byte in its place.
fn without(text: &str, lines: &BTreeSet<usize>) -> String {
    text.split_inclusive('\n')
        .enumerate()
        .map(|(number, line)| match lines.contains(&number) {
            false => line.to_owned(),
            true => " ".repeat(line.len().saturating_sub(1)) + "\n",
        })
        .collect()
}

/// Parses on a stack of its own: the parser's recovery from errors recurses once an
/// error, and a text made of errors alone would exhaust any other.
///
/// `None` if that stack cannot be had, or the parser fails on it.
fn parse_apart(text: &str) -> Option<Result<KdlDocument, KdlError>> {
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().name("kdl".to_owned()).stack_size(STACK);
        parser.spawn_scoped(scope, || KdlDocument::parse_v2(text)).ok()?.join().ok()
    })
}

/// Reports the first break of each line; what follows on it is mostly its echo.
fn report_each(broken: &[KdlDiagnostic], findings: &mut Findings<'_>) -> BTreeSet<usize> {
    let text = findings.text();
    let line_of = |offset: usize| {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count()
    };
    let mut lines = BTreeSet::new();
    for diagnostic in broken {
        if lines.len() < MOST_REPORTS && lines.insert(line_of(diagnostic.span.offset())) {
            report(diagnostic, findings);
        }
    }
    lines
}

fn report(diagnostic: &KdlDiagnostic, findings: &mut Findings<'_>) {
    let text = findings.text();
    let (start, end) =
        (diagnostic.span.offset(), diagnostic.span.offset().saturating_add(diagnostic.span.len()));
    let marked = text.get(start..end).unwrap_or_default().trim();
    let message = diagnostic.message.as_deref().unwrap_or_default();
    if let Some(equals) = bare_equals(text, start).filter(|_| !marked.starts_with(['}', '#'])) {
        findings.error(equals..equals + 1, "dopo = manca il valore");
        findings.suggest("scrivilo subito dopo, senza spazi: opzione=\"valore\"");
        return;
    }
    let (what, suggestion) = in_italian(message, marked);
    findings.error(start..end, what);
    findings.suggest(suggestion);
}

/// An `=` on the line of `offset` with nothing behind it.
fn bare_equals(text: &str, offset: usize) -> Option<usize> {
    let before = text.get(..offset)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..)?.lines().next()?;
    let code = line.split("//").next()?;
    let at = code.find("= ").or_else(|| code.strip_suffix('=').map(str::len))?;
    Some(start + at)
}

/// What is broken and what to do, from the parser's words and the text it marked.
fn in_italian(message: &str, marked: &str) -> (&'static str, &'static str) {
    let says = |part: &str| message.contains(part);
    if marked.starts_with('#') {
        ("il cancelletto da solo non si può scrivere", "mettilo tra virgolette: \"#\"")
    } else if says("newline in single-line") || says("closing quote") {
        ("virgolette aperte e mai chiuse", "chiudi le virgolette alla fine del testo")
    } else if says("No closing '}'") || says("Closing '}'") {
        ("questo blocco non viene mai chiuso", "aggiungi } dove il blocco finisce")
    } else if says("child block instead") {
        ("qui si apre un blocco senza il suo comando", "scrivi il comando prima di {")
    } else if says("end of document") && marked.starts_with('}') {
        ("una parentesi } di troppo", "toglila, o apri il suo blocco con {")
    } else if says("multi-line comment") {
        ("commento aperto con /* e mai chiuso", "chiudilo con */")
    } else if says("node name") {
        ("qui doveva cominciare un comando", "controlla virgolette e parentesi qui vicino")
    } else if ["integer", "float", "number", "hexadecimal", "octal", "binary"]
        .iter()
        .any(|w| says(w))
    {
        ("numero scritto male", "se è un testo, mettilo tra virgolette")
    } else if says("string") {
        ("qui il testo non è scritto bene", "mettilo tra virgolette e lascia uno spazio dopo")
    } else {
        ("da qui in poi il file non si riesce a leggere", "controlla virgolette e parentesi")
    }
}

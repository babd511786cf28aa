//! Reads `polaris.toml` and says in Italian where it cannot be understood.
//!
//! It knows no key of its own: what may stand in the file is the type it is read into.

use serde::de::DeserializeOwned;

/// The text of a configuration, in which problems have their places.
#[derive(Debug, Default)]
pub(super) struct Places {
    file: String,
    text: String,
}

impl Places {
    pub(super) fn new(file: String, text: String) -> Self {
        Self { file, text }
    }

    /// Reads the text; every line that cannot be understood is reported and left out,
    /// so that one slip hides no other. `None` when nothing can be made of it.
    pub(super) fn read<T: DeserializeOwned>(&self) -> (Option<T>, Vec<String>) {
        let mut lines: Vec<&str> = self.text.lines().collect();
        let mut problems = Vec::new();
        let mut found = None;
        while problems.len() < PROBLEMS_MAX {
            let text = lines.join("\n");
            let error = match toml::from_str(&text) {
                Ok(read) => {
                    found = Some(read);
                    break;
                }
                Err(error) => error,
            };
            let line = line_at(&text, error.span().map_or(0, |span| span.start));
            let source = lines.get(line - 1).copied().unwrap_or_default();
            if source.is_empty() {
                // What was left out before was part of something longer.
                break;
            }
            let what = in_italian(error.message());
            problems.push((line, format!("{}, riga {line}: {what}\n  | {source}", self.file)));
            leave_out(&mut lines, line - 1);
        }
        problems.sort_by_key(|(line, _)| *line);
        (found, problems.into_iter().map(|(_, problem)| problem).collect())
    }

    /// A problem with what stands at `value`.
    pub(super) fn sentence(&self, value: &str, what: &str) -> String {
        match self.text.find(value) {
            Some(offset) if !value.is_empty() => {
                format!("{}, riga {}: {what}", self.file, line_at(&self.text, offset))
            }
            _ if self.file.is_empty() => what.to_owned(),
            _ => format!("{}: {what}", self.file),
        }
    }
}

/// Empties a line; the title of a section goes with all that stands under it. The
/// others keep their numbers.
fn leave_out(lines: &mut [&str], faulty: usize) {
    let is_title = |line: &str| line.trim_start().starts_with('[');
    let section = lines.get(faulty).is_some_and(|line| is_title(line));
    for (index, line) in lines.iter_mut().enumerate().skip(faulty) {
        if index > faulty && (!section || is_title(line)) {
            break;
        }
        *line = "";
    }
}

/// The line, from 1, on which the byte at `offset` stands.
fn line_at(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1)
}

/// The sentences of the parser, in Italian and with what to do.
fn in_italian(message: &str) -> String {
    if let Some(unknown) = unknown_key(message) {
        return unknown;
    }
    if let Some(key) = message.strip_prefix("missing field `") {
        let key = key.trim_end_matches('`');
        return format!("in questa sezione manca la chiave «{key}»: aggiungila");
    }
    if let Some((found, expected)) =
        message.strip_prefix("invalid type: ").and_then(|types| types.split_once(", expected "))
    {
        return format!("qui ci vuole {}, non {}", wanted(expected), written(found));
    }
    if message.contains("duplicate key") {
        return "questa chiave è già scritta più sopra: tienine una".to_owned();
    }
    format!(
        "la riga non è scritta secondo le regole di TOML: controlla virgolette, parentesi quadre \
         e il segno = ({message})"
    )
}

fn wanted(expected: &str) -> String {
    match expected {
        "a sequence" => "un elenco tra parentesi quadre, come [\"…\"]".to_owned(),
        "a string" | "path string" => "un testo tra virgolette, come \"…\"".to_owned(),
        number if number.starts_with(['u', 'i']) => "un numero intero, senza virgolette".to_owned(),
        section => match section.strip_prefix("struct ") {
            Some(name) => format!("una sezione, come [{}]", name.to_lowercase()),
            None => section.to_owned(),
        },
    }
}

fn written(found: &str) -> String {
    if let Some(number) = found.strip_prefix("integer `") {
        return format!("il numero {}", number.trim_end_matches('`'));
    }
    if let Some(text) = found.strip_prefix("string \"") {
        return format!("il testo «{}»", text.trim_end_matches('"'));
    }
    match found {
        "map" => "una sezione".to_owned(),
        "sequence" => "un elenco".to_owned(),
        other => other.replace("boolean ", "").replace("floating point ", "").replace('`', ""),
    }
}

/// Turns the parser's sentence on an unknown key into Italian, with the nearest known key.
fn unknown_key(message: &str) -> Option<String> {
    let (key, expected) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let nearest = known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(word, key), *word))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    Some(match nearest {
        Some((_, word)) => format!("chiave sconosciuta «{key}»; forse intendevi «{word}»?"),
        None => format!("chiave sconosciuta «{key}»; qui si può scrivere: {}", known.join(", ")),
    })
}

/// After so many, the rest can wait.
const PROBLEMS_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        sip: Option<Sip>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sip {
        listen: Option<Vec<String>>,
        calls_max: Option<usize>,
    }

    fn read(text: &str) -> (Option<File>, Vec<String>) {
        Places::new("polaris.toml".to_owned(), text.to_owned()).read()
    }

    #[test]
    fn every_line_at_fault_is_named_and_the_others_are_read() {
        let (file, problems) = read(
            "[sip]\nlisen = [\"udp:127.0.0.1:5080\"]\ncalls_max = \"dieci\"\n\
             listen = [\"tcp:127.0.0.1:5080\"]\n[rpt]\nports = \"1-2\"\n",
        );
        let first_lines: Vec<&str> =
            problems.iter().filter_map(|problem| problem.lines().next()).collect();
        assert_eq!(
            first_lines,
            [
                "polaris.toml, riga 2: chiave sconosciuta «lisen»; forse intendevi «listen»?",
                "polaris.toml, riga 3: qui ci vuole un numero intero, senza virgolette, \
                 non il testo «dieci»",
                "polaris.toml, riga 5: chiave sconosciuta «rpt»; forse intendevi «sip»?",
            ]
        );
        let sip = file.unwrap().sip.unwrap();
        assert_eq!(sip.listen.unwrap(), ["tcp:127.0.0.1:5080"]);
        assert_eq!(sip.calls_max, None);
    }

    #[test]
    fn what_is_no_toml_is_said_with_what_to_look_at() {
        let (_, problems) = read("[sip\nlisten = [\"udp:127.0.0.1:5080\"]\n");
        assert!(problems[0].starts_with("polaris.toml, riga 1: la riga non è scritta secondo"));
        assert!(problems[0].contains("parentesi quadre"));
    }

    #[test]
    fn no_text_whatever_makes_it_go_on_for_ever() {
        for text in ["", "=", "[[[[", "a = [\n1,\n2\n", "sip = 1\nsip = 2", "sip = \"\"\"\nx\n"] {
            let _ = read(text);
        }
    }
}

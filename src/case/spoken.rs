//! What people call the things a caller is told.

use crate::words::PromptId;

/// «il menu», «il benvenuto»: with its article, as it stands after «durante». The program's own
/// recordings have names; any other is told by its own.
pub(super) fn called(prompt: &PromptId) -> String {
    let name = prompt.as_str();
    let known = NAMES.iter().find(|(begins, _)| name.starts_with(begins));
    known.map_or_else(|| format!("il messaggio «{name}»"), |(_, called)| (*called).to_owned())
}

/// How the names of the recordings begin (docs of the voice, `prompts/`).
const NAMES: [(&str, &str); 9] = [
    ("callback.", "la domanda se richiamare"),
    ("hold.", "l'attesa"),
    ("inhours", "l'avviso che rispondono gli uffici"),
    ("menu.", "il menu"),
    ("noanswer", "l'avviso che nessuno ha risposto"),
    ("privacy.", "l'informativa sulla privacy"),
    ("silent", "il menu"),
    ("voicemail", "l'invito a lasciare un messaggio"),
    ("welcome.", "il benvenuto"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_hears_has_a_name_that_people_use() {
        for (prompt, told) in [
            ("welcome.polaris", "il benvenuto"),
            ("menu.lecce", "il menu"),
            ("hold.1", "l'attesa"),
            ("callback.safe", "la domanda se richiamare"),
            ("uffici-aperti", "il messaggio «uffici-aperti»"),
        ] {
            assert_eq!(called(&PromptId::new(prompt)), told);
        }
    }
}

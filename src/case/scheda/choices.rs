//! The named values of the fields that have them. A word is stored and never changes; a
//! label is read by people.

/// One named value.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    /// As posted and stored.
    pub word: &'static str,
    /// In Italian.
    pub label: &'static str,
}

const fn choice(word: &'static str, label: &'static str) -> Choice {
    Choice { word, label }
}

pub(super) static SEGNALANTI: [Choice; 16] = [
    choice("interessato", "la persona interessata"),
    choice("familiare", "familiare"),
    choice("cittadino", "vicino o altro cittadino"),
    choice("polizia_di_stato", "Polizia di Stato"),
    choice("carabinieri", "Carabinieri"),
    choice("polizia_locale", "Polizia locale"),
    choice("guardia_di_finanza", "Guardia di Finanza"),
    choice("emergenza", "112 o 118"),
    choice("ospedale", "ospedale o pronto soccorso"),
    choice("servizio_sociale", "servizio sociale"),
    choice("antiviolenza", "centro antiviolenza o 1522"),
    choice("scuola", "scuola"),
    choice("terzo_settore", "ente del terzo settore"),
    choice("medico", "medico o pediatra"),
    choice("altro", "altro"),
    choice("non_noto", "non noto"),
];

pub(super) static RICHIAMARE: [Choice; 4] = [
    choice("si", "sì"),
    choice("si_senza_sms", "sì, ma niente SMS"),
    choice("fascia", "solo in una fascia oraria"),
    choice("no", "no"),
];

pub(super) static SESSI: [Choice; 4] = [
    choice("femmina", "femmina"),
    choice("maschio", "maschio"),
    choice("altro", "altro"),
    choice("non_noto", "non noto"),
];

/// The words are those of [`crate::words::Category`].
pub(super) static CATEGORIE: [Choice; 7] = [
    choice("minors", "minori"),
    choice("violence", "violenza sulle donne"),
    choice("homeless", "persone senza casa"),
    choice("elderly", "anziani soli o disabilità"),
    choice("families", "famiglie in difficoltà"),
    choice("frailty", "disagio psicologico o sociale"),
    choice("unspecified", "non indicata"),
];

pub(super) static PRIORITA: [Choice; 3] = [
    choice("emergenza", "emergenza"),
    choice("urgenza", "urgenza"),
    choice("differibile", "differibile"),
];

pub(super) static MODI: [Choice; 2] =
    [choice("telefono", "solo per telefono"), choice("sul_posto", "sul posto")];

pub(super) static AZIONI: [Choice; 8] = [
    choice("ascolto", "ascolto e orientamento"),
    choice("accompagnamento", "accompagnamento"),
    choice("collocamento", "collocamento in una struttura"),
    choice("beni", "beni di prima necessità"),
    choice("mediazione", "mediazione linguistica"),
    choice("rete", "attivazione della rete familiare"),
    choice("sanitario", "invio a cure sanitarie"),
    choice("altro", "altro"),
];

pub(super) static INTERVENUTI: [Choice; 9] = [
    choice("polizia_di_stato", "Polizia di Stato"),
    choice("carabinieri", "Carabinieri"),
    choice("polizia_locale", "Polizia locale"),
    choice("guardia_di_finanza", "Guardia di Finanza"),
    choice("118", "118"),
    choice("vigili_del_fuoco", "Vigili del fuoco"),
    choice("protezione_civile", "Protezione civile"),
    choice("ospedale", "ospedale"),
    choice("antiviolenza", "centro antiviolenza"),
];

pub(super) static MEZZI: [Choice; 5] = [
    choice("pec", "PEC"),
    choice("posta", "posta elettronica"),
    choice("telefono", "telefono"),
    choice("mano", "a mano"),
    choice("altro", "altro"),
];

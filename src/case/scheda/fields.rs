//! The table of all fields, in the order of the form.

use super::choices::{
    AZIONI, CATEGORIE, Choice, INTERVENUTI, MEZZI, MODI, PRIORITA, RICHIAMARE, SEGNALANTI, SESSI,
};
use super::field::{Block, Elsewhere, Field, Kind, Privacy};
use Block::{Bisogno, Esito, Intervento, Persona, Segnalante};

/// Every field of blocks 2 to 6. What a person could be known by is personal, and so is
/// every field somebody may write anything into.
pub static FIELDS: &[Field] = &[
    choice(Segnalante, "segnalante.tipo", "Chi segnala", &SEGNALANTI),
    line(Segnalante, "segnalante.nome", "Nome e cognome", "Se vuole dirlo."),
    line(Segnalante, "segnalante.ente", "Ente, grado, reparto", "Per Forze dell'Ordine e servizi."),
    of(Segnalante, "segnalante.telefono", "Numero per richiamare", PHONE_HINT, Kind::Phone),
    choice(Segnalante, "segnalante.richiamare", "Si può richiamare senza rischi?", &RICHIAMARE),
    line(Segnalante, "segnalante.fascia", "In quale fascia oraria", "Per esempio: 9–12."),
    text(Segnalante, "segnalante.note", "Note sul segnalante", ""),
    line(Persona, "persona.cognome", "Cognome", ""),
    line(Persona, "persona.nome", "Nome", ""),
    line(Persona, "persona.alias", "Soprannome o altro nome", ""),
    of(Persona, "persona.nascita", "Data di nascita", "Per esempio 24/12/1980.", Kind::Date),
    number(Persona, "persona.eta", "Età", "Anche stimata.", 120, "anni"),
    personal(choice(Persona, "persona.sesso", "Sesso", &SESSI)),
    of(Persona, "persona.codice_fiscale", "Codice fiscale", "Se è noto.", Kind::Fiscal),
    line(Persona, "persona.cittadinanza", "Cittadinanza", ""),
    line(Persona, "persona.lingua", "Lingua", ""),
    personal(answer(Persona, "persona.interprete", "Serve un interprete")),
    of(Persona, "persona.telefono", "Telefono", PHONE_HINT, Kind::Phone),
    comune(Persona, "persona.residenza", "Comune di residenza", Elsewhere::Taken),
    line(Persona, "persona.indirizzo", "Indirizzo di residenza", ""),
    comune(Persona, "persona.dove", "Comune dove si trova ora", Elsewhere::Taken),
    line(Persona, "persona.dove_indirizzo", "Indirizzo dove si trova ora", ""),
    line(Persona, "persona.dove_riferimento", "Punto di riferimento", "Per esempio: la stazione."),
    text(Persona, "persona.nucleo", "Nucleo familiare", "Chi vive con la persona."),
    number(Persona, "persona.componenti", "Componenti del nucleo", "", 30, "persone"),
    number(Persona, "persona.minori", "Minori nel nucleo", "", 20, "minori"),
    personal(answer(Persona, "persona.disabili", "Persone con disabilità nel nucleo")),
    personal(answer(Persona, "persona.anziani", "Anziani nel nucleo")),
    number(Persona, "persona.invalidita", "Invalidità riconosciuta", "", 100, "per cento"),
    line(Persona, "persona.lavoro", "Condizione lavorativa", ""),
    personal(answer(Persona, "persona.msna", "Minore straniero non accompagnato")),
    personal(answer(Persona, "persona.nota", "Già nota ai servizi")),
    line(Persona, "persona.servizi", "Servizi che la seguono", ""),
    choice(Bisogno, "bisogno.categoria", "Di chi si tratta", &CATEGORIE),
    choice(Bisogno, "bisogno.priorita", "Priorità", &PRIORITA),
    answer(Bisogno, "bisogno.minori", "Minori coinvolti"),
    personal(answer(Bisogno, "bisogno.armi", "Armi presenti")),
    personal(answer(Bisogno, "bisogno.aggressore", "Aggressore presente")),
    personal(answer(Bisogno, "bisogno.salute", "Pericolo per la salute")),
    personal(answer(Bisogno, "bisogno.suicidio", "Rischio di suicidio")),
    text(Bisogno, "bisogno.descrizione", "Che cosa succede", "Fatti, non opinioni."),
    choice(Intervento, "intervento.modo", "Come si interviene", &MODI),
    plain(comune(Intervento, "intervento.comune", "Comune dell'intervento", Elsewhere::Named)),
    line(Intervento, "intervento.luogo", "Luogo", ""),
    time(Intervento, "intervento.partenza", "Partenza"),
    time(Intervento, "intervento.arrivo", "Arrivo sul posto"),
    time(Intervento, "intervento.fine", "Fine dell'intervento"),
    line(Intervento, "intervento.operatori", "Operatori intervenuti", ""),
    choices(Intervento, "intervento.azioni", "Che cosa si è fatto", &AZIONI),
    choices(Intervento, "intervento.altri", "Chi altro è intervenuto", &INTERVENUTI),
    line(Intervento, "intervento.altri_nomi", "Nomi e reparti di chi è intervenuto", ""),
    line(Intervento, "intervento.struttura", "Struttura di accoglienza", ""),
    plain(of(Intervento, "intervento.dal", "Accoglienza dal", "", Kind::Date)),
    plain(of(Intervento, "intervento.al", "Accoglienza fino al", "", Kind::Date)),
    plain(number(Intervento, "intervento.costo", "Costo", "Senza centesimi.", 1_000_000, "euro")),
    text(Intervento, "intervento.descrizione", "Descrizione dell'intervento", ""),
    answer(Intervento, "intervento.art403", "Allontanamento di un minore (art. 403 c.c.)"),
    line(Intervento, "intervento.art403_autorita", "Autorità che lo ha disposto", ""),
    time(Intervento, "intervento.art403_disposto", "Provvedimento disposto"),
    time(Intervento, "intervento.art403_avviso", "Avviso orale al PM minorile"),
    line(Intervento, "intervento.art403_avvisato", "Chi ha ricevuto l'avviso", "Nome del PM."),
    time(Intervento, "intervento.art403_collocamento", "Collocamento in protezione"),
    time(Intervento, "intervento.art403_inviato", "Atti e relazione inviati al PM"),
    plain(comune(Esito, "esito.comune", "Comune competente", Elsewhere::Taken)),
    plain(line(Esito, "esito.ente", "Ente o servizio che riceve", "")),
    plain(line(Esito, "esito.ufficio", "Ufficio", "")),
    line(Esito, "esito.destinatario", "Persona che riceve", ""),
    choice(Esito, "esito.mezzo", "Come si invia", &MEZZI),
    text(Esito, "esito.richiesta", "Che cosa si chiede al servizio", ""),
    text(Esito, "esito.seguito", "Prossimo passo", ""),
    text(Esito, "esito.note", "Note", ""),
];

const PHONE_HINT: &str = "Per esempio 0831 000000 oppure +39 333 0000001.";

/// A field that somebody may write anything into, unless it is made [`plain`].
const fn of(
    block: Block,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    kind: Kind,
) -> Field {
    Field { name, label, hint, block, kind, privacy: Privacy::Personal }
}

const fn line(block: Block, name: &'static str, label: &'static str, hint: &'static str) -> Field {
    of(block, name, label, hint, Kind::Line)
}

const fn text(block: Block, name: &'static str, label: &'static str, hint: &'static str) -> Field {
    of(block, name, label, hint, Kind::Text)
}

const fn number(
    block: Block,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    max: u32,
    unit: &'static str,
) -> Field {
    of(block, name, label, hint, Kind::Number { min: 0, max, unit })
}

const fn comune(
    block: Block,
    name: &'static str,
    label: &'static str,
    elsewhere: Elsewhere,
) -> Field {
    of(block, name, label, "", Kind::Comune(elsewhere))
}

const fn choice(
    block: Block,
    name: &'static str,
    label: &'static str,
    among: &'static [Choice],
) -> Field {
    plain(of(block, name, label, "", Kind::Choice(among)))
}

const fn choices(
    block: Block,
    name: &'static str,
    label: &'static str,
    among: &'static [Choice],
) -> Field {
    plain(of(block, name, label, "", Kind::Choices(among)))
}

const fn answer(block: Block, name: &'static str, label: &'static str) -> Field {
    plain(of(block, name, label, "", Kind::Answer))
}

const fn time(block: Block, name: &'static str, label: &'static str) -> Field {
    plain(of(block, name, label, "Per esempio 24/12/2026 20:15.", Kind::Time))
}

const fn personal(field: Field) -> Field {
    Field { privacy: Privacy::Personal, ..field }
}

const fn plain(field: Field) -> Field {
    Field { privacy: Privacy::Plain, ..field }
}

//! What looks wrong in a scheda and is kept all the same: at night a wrong digit must
//! not stop anybody from saving.

use super::Scheda;
use super::codice_fiscale::{Holder, holder};
use super::field::Kind;
use super::key::Key;
use super::read::{Remark, Terms};
use super::value::Value;

/// Everything that looks wrong, in the order of the form.
pub(super) fn remarks(scheda: &Scheda, terms: &Terms<'_>) -> Vec<Remark> {
    let mut found = Vec::new();
    for (key, value) in scheda.iter() {
        let sentence = match value {
            Value::Comune(name) => unknown_comune(key, name, terms),
            Value::Fiscal(code) => fiscal(scheda, key, code).map(str::to_owned),
            _ => None,
        };
        found.extend(sentence.map(|sentence| Remark { field: key.to_string(), sentence }));
    }
    for (earlier, later) in IN_ORDER {
        if let (Some(first), Some(second)) = (moment(scheda, earlier), moment(scheda, later))
            && first > second
        {
            let first = Key::parse(earlier).map(Key::label).unwrap_or_default();
            let sentence = format!("viene prima di «{first}»: controlli i due orari");
            found.push(Remark { field: later.to_owned(), sentence });
        }
    }
    found
}

/// A slip in the name of a Comune of the service.
fn unknown_comune(key: Key, name: &str, terms: &Terms<'_>) -> Option<String> {
    if !matches!(key.field().kind, Kind::Comune(_)) || terms.comuni.contains(&name) {
        return None;
    }
    let near = terms.nearest(name)?;
    Some(format!("non è un Comune del servizio: forse intendeva «{near}»?"))
}

fn fiscal(scheda: &Scheda, key: Key, code: &str) -> Option<&'static str> {
    let Some(holder) = holder(code) else {
        return Some("il codice fiscale non è valido: lo controlli; la scheda si salva lo stesso");
    };
    let of_person = |field: &str| {
        let name = format!("persona.{}.{field}", key.person().unwrap_or_default());
        scheda.value(&name)
    };
    if let Some(Value::Date(birth)) = of_person("nascita")
        && !holder.may_be_born(*birth)
    {
        return Some("il codice fiscale non va con la data di nascita: controlli i due campi");
    }
    let woman = match of_person("sesso") {
        Some(Value::Choice(sex)) if sex.word == "femmina" => true,
        Some(Value::Choice(sex)) if sex.word == "maschio" => false,
        _ => return None,
    };
    let differs = matches!(holder, Holder::Born { woman: says, .. } if says != woman);
    differs.then_some("il codice fiscale non va con il sesso: controlli i due campi")
}

/// A day or a time, as text that sorts.
fn moment(scheda: &Scheda, name: &str) -> Option<String> {
    match scheda.value(name)? {
        value @ (Value::Date(_) | Value::Time(_)) => value.texts().pop(),
        _ => None,
    }
}

/// What comes first, and what comes after it.
const IN_ORDER: [(&str, &str); 6] = [
    ("intervento.partenza", "intervento.arrivo"),
    ("intervento.arrivo", "intervento.fine"),
    ("intervento.partenza", "intervento.fine"),
    ("intervento.dal", "intervento.al"),
    ("intervento.art403_disposto", "intervento.art403_avviso"),
    ("intervento.art403_collocamento", "intervento.art403_inviato"),
];

//! Numbers of callers, sealed before they are handed to the disk.
//!
//! It never waits for a key: without one a number goes on in clear and is sealed later
//! ([`super::seal_clear`]). Law: what is sealed for one call opens for no other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Belongs, Keys, OpenSealError, Sealed};
use crate::case::Fact;
use crate::store::standing::Write;
use crate::words::{CallId, PhoneNumber};

/// A telephone number, sealed for one place of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedNumber {
    /// Which key sealed it.
    pub(in crate::store) key: u32,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(in crate::store) content: Vec<u8>,
    /// Under which name it is found.
    pub(in crate::store) hash: String,
}

/// Which number of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Whose {
    /// The one that was left to be called back at.
    CallBack,
    /// The caller's own.
    Caller,
}

impl Whose {
    /// Its table and its column there.
    pub(in crate::store) fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::CallBack => ("cases", "callback_number"),
            Self::Caller => ("calls", "caller"),
        }
    }
}

impl SealedNumber {
    pub(in crate::store) fn new(
        keys: &Keys,
        whose: Whose,
        call: &str,
        number: &PhoneNumber,
    ) -> Result<Self, OpenSealError> {
        let (table, column) = whose.place();
        let belongs = Belongs { table, row: &[call, column] };
        let Sealed { key, content } = keys.seal(belongs, number.reveal().as_bytes())?;
        Ok(Self { key, content, hash: keys.lookup("phone", number.reveal()) })
    }
}

/// Opens the number of a row.
pub(in crate::store) fn open_number(
    keys: &Keys,
    whose: Whose,
    call: &str,
    (key, content): (u32, &[u8]),
) -> Result<PhoneNumber, OpenSealError> {
    let (table, column) = whose.place();
    let clear = keys.open(Belongs { table, row: &[call, column] }, key, content)?;
    let text = std::str::from_utf8(&clear).map_err(|_| OpenSealError::Damaged)?;
    Ok(PhoneNumber::from_network(text))
}

impl Write {
    /// The same with its number sealed, if it tells one and that can be.
    pub(in crate::store) fn sealed(self, keys: Option<&Keys>) -> Self {
        let Some(keys) = keys else { return self };
        let number = match &self {
            Self::Open(opening) => opening.caller.as_ref().map(|caller| (Whose::Caller, caller)),
            Self::Note { fact: Fact::CallBackNumber { number }, .. } => {
                Some((Whose::CallBack, number))
            }
            Self::Note { .. } | Self::Sealed { .. } => None,
        };
        let Some((whose, number)) = number else { return self };
        let call: CallId = self.call();
        match SealedNumber::new(keys, whose, &call.to_string(), number) {
            Ok(number) => Self::Sealed { write: Box::new(self.without_number()), number },
            // In clear rather than not at all.
            Err(_) => self,
        }
    }

    fn without_number(self) -> Self {
        match self {
            Self::Open(mut opening) => {
                opening.caller = None;
                Self::Open(opening)
            }
            Self::Note { call, sequence, at, fact } => {
                Self::Note { call, sequence, at, fact: blank(&fact) }
            }
            sealed @ Self::Sealed { .. } => sealed,
        }
    }
}

/// The fact as it stands on the timeline, where no caller's number does.
pub(in crate::store) fn blank(fact: &Fact) -> Fact {
    match fact {
        Fact::CallBackNumber { .. } => {
            Fact::CallBackNumber { number: PhoneNumber::from_network("") }
        }
        fact => fact.clone(),
    }
}

fn to_base64<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn keys() -> Keys {
        Keys::new([(1, [1; 32])].into(), [9; 32]).unwrap()
    }

    #[test]
    fn a_sealed_number_opens_in_its_own_place_of_its_own_call() {
        let (keys, number) = (keys(), PhoneNumber::from_network("+393331234567"));
        let sealed = SealedNumber::new(&keys, Whose::Caller, "a", &number).unwrap();
        let open = |whose, call| open_number(&keys, whose, call, (sealed.key, &sealed.content));
        assert_eq!(open(Whose::Caller, "a"), Ok(number));
        assert_eq!(open(Whose::CallBack, "a"), Err(OpenSealError::Damaged));
        assert_eq!(open(Whose::Caller, "b"), Err(OpenSealError::Damaged));
    }

    #[test]
    fn a_write_on_the_way_to_the_disk_tells_no_number_once_there_is_a_key() {
        let number = PhoneNumber::from_network("+393331234567");
        let note = Write::Note {
            call: CallId(uuid::Uuid::nil()),
            sequence: 1,
            at: DateTime::UNIX_EPOCH,
            fact: Fact::CallBackNumber { number },
        };
        assert_eq!(note.clone().sealed(None), note);
        let sealed = note.clone().sealed(Some(&keys()));
        let line = serde_json::to_string(&sealed).unwrap();
        assert!(!line.contains("3331234567"), "{line}");
        assert_eq!(serde_json::from_str::<Write>(&line).unwrap(), sealed);
        assert_eq!((sealed.call(), sealed.clone().sealed(Some(&keys()))), (note.call(), sealed));
    }
}

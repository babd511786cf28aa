//! The four roles.

use std::fmt;
use std::str::FromStr;

/// What somebody is in the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Looks after the machine and the accounts; reads no case but with a reason.
    Administrator,
    /// Reads the audit log, and nothing else.
    Auditor,
    /// Answers for the service: roster, calls, cases.
    Coordinator,
    /// Is rung, and writes up cases.
    Responder,
}

/// No role is called so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "«{0}» non è un ruolo: scrivi responder (operatore), coordinator (coordinatore), \
     administrator (amministratore di sistema) o auditor (revisore)"
)]
pub struct UnknownRole(String);

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Administrator, Self::Auditor, Self::Coordinator, Self::Responder];

    /// The word on the command line and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
            Self::Coordinator => "coordinator",
            Self::Responder => "responder",
        }
    }

    /// As people read it.
    pub fn italian(self) -> &'static str {
        match self {
            Self::Administrator => "amministratore di sistema",
            Self::Auditor => "revisore",
            Self::Coordinator => "coordinatore",
            Self::Responder => "operatore",
        }
    }

    /// Whether a password alone is too little: who sees everybody's record, or makes
    /// accounts, gives a second factor too.
    pub fn needs_second_factor(self) -> bool {
        matches!(self, Self::Administrator | Self::Coordinator)
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let asked = text.trim().to_lowercase();
        let named = |role: &Self| role.word() == asked || role.italian() == asked;
        let short = |role: &Self| role.italian().split(' ').next() == Some(asked.as_str());
        let found = Self::ALL.into_iter().find(|role| named(role) || short(role));
        found.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_as_it_is_written_and_in_italian() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
            assert_eq!(role.italian().to_uppercase().parse(), Ok(role));
        }
        assert_eq!("amministratore".parse(), Ok(Role::Administrator));
        assert!("capo".parse::<Role>().unwrap_err().to_string().contains("«capo»"));
    }
}

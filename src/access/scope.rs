//! What other programs may be allowed.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// One kind of thing a program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read the call log, numbers masked.
    CallsRead,
    /// Read it with the callers' numbers.
    CallsReadPersonal,
    /// Read the cases, numbers masked.
    CasesRead,
    /// Read them with the numbers of callers and responders.
    CasesReadPersonal,
    /// Read where nobody is on duty.
    CoverageRead,
    /// Read who is on duty, and the tables of the roster, with telephones.
    RosterRead,
    /// Put tables of the roster in place of those there are.
    RosterWrite,
}

/// No scope is called so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("«{0}» non è un permesso: ci sono {all}", all = Scope::ALL.map(Scope::word).join(", "))]
pub struct UnknownScope(String);

impl Scope {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::CallsRead,
        Self::CallsReadPersonal,
        Self::CasesRead,
        Self::CasesReadPersonal,
        Self::CoverageRead,
        Self::RosterRead,
        Self::RosterWrite,
    ];

    /// The word on the command line, in the store and in the description of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::CallsRead => "calls:read",
            Self::CallsReadPersonal => "calls:read-personal",
            Self::CasesRead => "cases:read",
            Self::CasesReadPersonal => "cases:read-personal",
            Self::CoverageRead => "coverage:read",
            Self::RosterRead => "roster:read",
            Self::RosterWrite => "roster:write",
        }
    }

    /// Whether who was given this may do `wanted`: who reads more reads less, too.
    pub fn allows(self, wanted: Self) -> bool {
        self == wanted
            || matches!(
                (self, wanted),
                (Self::CallsReadPersonal, Self::CallsRead)
                    | (Self::CasesReadPersonal, Self::CasesRead)
            )
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let found = Self::ALL.into_iter().find(|scope| scope.word() == text.trim());
        found.ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written_and_allows_itself_alone_or_less() {
        for scope in Scope::ALL {
            assert_eq!(scope.word().parse(), Ok(scope));
            for wanted in Scope::ALL {
                let less = scope.word().strip_suffix("-personal") == Some(wanted.word());
                assert_eq!(scope.allows(wanted), scope == wanted || less, "{scope} {wanted}");
            }
        }
        let said = "calls:write".parse::<Scope>().unwrap_err().to_string();
        assert!(said.contains("«calls:write»") && said.contains("roster:write"), "{said}");
    }
}

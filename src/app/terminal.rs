//! Who sits at a terminal and reads, for the audit log.
//!
//! A name is looked up, never asked for. Law: whoever reads a case is written down as far as
//! the machine knows them.

use std::os::unix::fs::MetadataExt as _;

use super::config::Config;
use super::house::wall;
use crate::store::{Clerk, Deed, WriteRecordError};

/// Writes down what was done at this terminal. The database must be of this version, which
/// whoever has read it knows.
///
/// # Errors
/// When the database does not take it.
pub(super) async fn note(config: &Config, deeds: &[Deed]) -> Result<(), WriteRecordError> {
    let clerk = Clerk::new(&config.store_url)?;
    let noted = clerk.note_deeds(&who(), deeds, wall()).await;
    clerk.close().await;
    noted
}

/// «(riga di comando: ada)»: whoever logged in to the machine, even where `sudo` makes them
/// another; else whose process this is.
fn who() -> String {
    let logged_in = std::fs::read_to_string("/proc/self/loginuid");
    let logged_in = logged_in.ok().and_then(|uid| uid.trim().parse().ok());
    let uid = logged_in.filter(|uid| *uid != NOBODY_LOGGED_IN);
    let uid = uid.or_else(|| std::fs::metadata("/proc/self").ok().map(|process| process.uid()));
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = uid.map(|uid| name_of(uid, &users).unwrap_or_else(|| format!("utente {uid}")));
    format!("(riga di comando: {})", name.as_deref().unwrap_or("utente ignoto"))
}

/// The name of a user in the text of `/etc/passwd` (passwd(5)).
fn name_of(uid: u32, users: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid) && !name.is_empty()).then(|| name.to_owned())
    })
}

/// What the kernel says where nobody logged in: a service (proc(5)).
const NOBODY_LOGGED_IN: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_as_the_machine_names_them() {
        let users = "root:x:0:0:root:/root:/bin/sh\nrotta\nada:x:1001:1001:Ada,,,:/home/ada:\n";
        assert_eq!(name_of(0, users).as_deref(), Some("root"));
        assert_eq!(name_of(1001, users).as_deref(), Some("ada"));
        assert_eq!(name_of(1002, users), None);
        let who = who();
        assert!(who.starts_with("(riga di comando: ") && who.ends_with(')'), "{who}");
    }
}

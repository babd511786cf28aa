//! What can be done in the console, and which role may.

use super::Role;

/// One kind of thing that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Be there: the first page, one's own account, leaving.
    Enter,
    /// See the calls in progress.
    WatchCalls,
    /// Read the call log.
    ReadCalls,
    /// Take the call log away as a file.
    ExportCalls,
    /// Read the cases of one's own shifts and équipe.
    ReadCases,
    /// Write in a case.
    WriteCases,
    /// See a number unmasked.
    RevealNumber,
    /// Read a case without being of the service, for a reason that is shown.
    BreakGlass,
    /// See who read a case for a reason, and confirm having seen it.
    ConfirmGlass,
    /// Read the roster.
    ReadRoster,
    /// Offer and ask for turns, say that one cannot.
    AskForSwap,
    /// Change the roster.
    EditRoster,
    /// Read the monthly figures.
    ReadReports,
    /// Take away who was given what, by codice fiscale.
    ExportCasellario,
    /// Read plans and recordings.
    ReadPlans,
    /// Put recordings in place of others.
    EditPrompts,
    /// Make and change accounts.
    EditAccounts,
    /// Read the audit log.
    ReadAudit,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Enter,
        Self::WatchCalls,
        Self::ReadCalls,
        Self::ExportCalls,
        Self::ReadCases,
        Self::WriteCases,
        Self::RevealNumber,
        Self::BreakGlass,
        Self::ConfirmGlass,
        Self::ReadRoster,
        Self::AskForSwap,
        Self::EditRoster,
        Self::ReadReports,
        Self::ExportCasellario,
        Self::ReadPlans,
        Self::EditPrompts,
        Self::EditAccounts,
        Self::ReadAudit,
    ];
}

/// Whether somebody of this role may do this, at all. Whose record it is, is asked besides.
pub fn may(role: Role, act: Act) -> bool {
    use Act::{
        AskForSwap, BreakGlass, ConfirmGlass, EditAccounts, EditPrompts, EditRoster, Enter,
        ExportCalls, ExportCasellario, ReadAudit, ReadCalls, ReadCases, ReadPlans, ReadReports,
        ReadRoster, RevealNumber, WatchCalls, WriteCases,
    };
    match role {
        // The machine without the people: L. 119/2001 art. 1, provv. Garante 27-11-2008.
        Role::Administrator => matches!(
            act,
            Enter | WatchCalls | BreakGlass | ReadRoster | ReadPlans | EditPrompts | EditAccounts
        ),
        Role::Auditor => matches!(act, Enter | ReadAudit),
        Role::Coordinator => matches!(
            act,
            Enter
                | WatchCalls
                | ReadCalls
                | ExportCalls
                | ReadCases
                | WriteCases
                | RevealNumber
                | ConfirmGlass
                | ReadRoster
                | AskForSwap
                | EditRoster
                | ReadReports
                | ExportCasellario
                | ReadPlans
                | EditPrompts
        ),
        Role::Responder => matches!(
            act,
            Enter | WatchCalls | ReadCases | WriteCases | RevealNumber | ReadRoster | AskForSwap
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_may_what_the_table_says_and_nothing_else() {
        // A administrator, R auditor (revisore), C coordinator, O responder (operatore).
        let table = "\
            Enter            ARCO\n\
            WatchCalls       A-CO\n\
            ReadCalls        --C-\n\
            ExportCalls      --C-\n\
            ReadCases        --CO\n\
            WriteCases       --CO\n\
            RevealNumber     --CO\n\
            BreakGlass       A---\n\
            ConfirmGlass     --C-\n\
            ReadRoster       A-CO\n\
            AskForSwap       --CO\n\
            EditRoster       --C-\n\
            ReadReports      --C-\n\
            ExportCasellario --C-\n\
            ReadPlans        A-C-\n\
            EditPrompts      A-C-\n\
            EditAccounts     A---\n\
            ReadAudit        -R--\n";
        let roles = [
            ('A', Role::Administrator),
            ('R', Role::Auditor),
            ('C', Role::Coordinator),
            ('O', Role::Responder),
        ];
        let line = |act: Act| {
            let allowed = roles.map(|(letter, role)| if may(role, act) { letter } else { '-' });
            format!("{:<16} {}\n", format!("{act:?}"), allowed.iter().collect::<String>())
        };
        assert_eq!(Act::ALL.map(line).concat(), table);
    }
}

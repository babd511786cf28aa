//! Other programs are told that something happened, and ask for the rest themselves.
//!
//! What is told was put into the store's outbox in the transaction of what happened; here it
//! is only sent. Law: **no message names anybody** (L. 119/2001: a case's number, a service,
//! an instant), each is signed, comes once or more with the same id, and no receiver, however
//! dead, holds up a call or another receiver.

mod delays;
mod receiver;
mod secret;
mod send;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

pub use receiver::{ReadReceiverError, Receiver};
pub use secret::{ReadSecretError, Secret};

use crate::store::{Clerk, Message, Reader, WriteRecordError};
use crate::words::{Clock as _, SystemClock};

/// Something that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A call is over.
    CallEnded,
    /// Somebody has to call back, or decide about it.
    CallBackOwed,
    /// A case was opened.
    CaseOpened,
    /// The roster is another.
    RosterChanged,
    /// A case stands elsewhere.
    StageChanged,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::CallEnded,
        Self::CallBackOwed,
        Self::CaseOpened,
        Self::RosterChanged,
        Self::StageChanged,
    ];

    /// Its word, in the configuration, in messages and in the store's triggers.
    pub fn word(self) -> &'static str {
        match self {
            Self::CallEnded => "call.ended",
            Self::CallBackOwed => "case.call_back_owed",
            Self::CaseOpened => "case.opened",
            Self::RosterChanged => "roster.changed",
            Self::StageChanged => "case.stage_changed",
        }
    }
}

/// Tells every receiver what is in the outbox, for ever.
pub async fn keep(receivers: Vec<Receiver>, reader: Reader, clerk: Clerk, clock: SystemClock) {
    let clerk = Arc::new(clerk);
    let wanted: Vec<(String, Vec<&str>)> = receivers
        .iter()
        .map(|receiver| {
            (receiver.name.clone(), receiver.events.iter().map(|event| event.word()).collect())
        })
        .collect();
    let mut every = tokio::time::interval(LOOK_EVERY);
    let mut said = false;
    loop {
        every.tick().await;
        match clerk.set_webhooks(&wanted, clock.wall()).await {
            Ok(()) => break,
            Err(error) if !said => {
                said = true;
                tracing::error!(%error, "who is told of what cannot be written; it is tried again");
            }
            Err(_) => {}
        }
    }
    if !receivers.is_empty() {
        tracing::info!(webhooks = receivers.len(), "webhooks are told");
    }
    let mut all = JoinSet::new();
    for receiver in receivers {
        all.spawn(tell(receiver, reader.clone(), clerk.clone(), clock));
    }
    all.join_all().await;
}

/// One receiver; its messages in order, as long as it takes them.
async fn tell(receiver: Receiver, reader: Reader, clerk: Arc<Clerk>, clock: SystemClock) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        // As long as it goes well, one after the other; else one a second.
        while let Ok(Some(message)) = reader.next_message(&receiver.name, clock.wall()).await {
            match carry(&receiver, &message, &clerk, clock).await {
                Ok(Carried::Taken) => {}
                Ok(Carried::Refused) => break,
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be written");
                    break;
                }
            }
        }
    }
}

/// What became of one try.
enum Carried {
    Refused,
    Taken,
}

async fn carry(
    receiver: &Receiver,
    message: &Message,
    clerk: &Clerk,
    clock: SystemClock,
) -> Result<Carried, WriteRecordError> {
    let sent = send::send(receiver, message, clock.wall()).await;
    let Err(problem) = sent else {
        clerk.message_taken(message.message).await?;
        return Ok(Carried::Taken);
    };
    let wait = delays::after(message.attempts + 1);
    let next = wait.map(|wait| clock.wall() + wait);
    let (webhook, event) = (&receiver.name, &message.event);
    // Its number and not its id: at random that may look like a telephone's.
    let number = message.message;
    if next.is_some() {
        tracing::warn!(webhook, event, number, %problem, "a message was not taken");
    } else {
        tracing::error!(webhook, event, number, %problem, "a message was given up");
    }
    clerk.message_refused(message.message, &problem.to_string(), next).await?;
    Ok(Carried::Refused)
}

/// Between two looks at the outbox of a receiver.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_trigger_and_no_trigger_tells_of_another() {
        let migration = include_str!("../../migrations/sqlite/0007_programs.sql");
        let told: Vec<&str> = migration
            .split("instr(events, ' ")
            .skip(1)
            .filter_map(|rest| rest.split_once(" ')"))
            .map(|(word, _)| word)
            .collect();
        let mut words = Event::ALL.map(Event::word).to_vec();
        for word in &told {
            assert!(migration.contains(&format!("'{word}'")), "{word}");
        }
        let mut told = told;
        told.sort_unstable();
        words.sort_unstable();
        assert_eq!(told, words);
    }
}

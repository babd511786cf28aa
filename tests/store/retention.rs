//! Years pass: what is technical goes and leaves a receipt, a case never does.

use std::sync::Arc;

use chrono::{DateTime, Months, TimeDelta, Utc};
use polaris::case::course::{End, Move};
use polaris::case::{Addition, Fact, Outcome, Stage};
use polaris::store::{
    Append, Clerk, Draft, Folder, Invitation, Keyring, NumberState, Opening, Receipt, Store, Terms,
    append_to_case, keep_draft, purge, read_sealed_file, seal_clear,
};
use polaris::words::PhoneNumber;

use crate::place::{Place, case, christmas, numbered, opening, utc, within};

const TERMS: Terms = Terms { numbers: 24 };

struct Archive {
    place: Place,
    store: Store,
    keyring: Arc<Keyring>,
}

fn night() -> DateTime<Utc> {
    utc(2026, 12, 24, 19, 0)
}

fn months(count: u32) -> DateTime<Utc> {
    night().checked_add_months(Months::new(count)).unwrap()
}

impl Archive {
    async fn new() -> Self {
        let place = Place::new();
        let keyring = Arc::new(Keyring::new(&place.dir.path().join("polaris.key")));
        keyring.make(night()).unwrap();
        let store = place.open().await.seal_with(keyring.clone());
        Self { place, store, keyring }
    }

    /// A call with a message that somebody has to call back about.
    async fn call(&self) -> Opening {
        let opening = christmas();
        numbered(self.store.opening(opening.clone())).await;
        let file = format!("{}-1.wav", opening.case);
        let folder = self.place.data_dir.join("voicemail");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(&file), "RIFF").unwrap();
        let left = Fact::VoicemailLeft { file, seconds: 9 };
        self.store.note(opening.call, 1, night(), left);
        let ended = Fact::Ended { outcome: Outcome::Voicemail };
        self.store.note(opening.call, 2, night(), ended);
        within(self.store.flush()).await;
        seal_clear(&self.place.url, &self.place.data_dir, &self.keyring).await.unwrap();
        opening
    }

    async fn add(&self, opening: &Opening, expected: u32, addition: Addition) {
        let at = night() + TimeDelta::hours(1);
        let append =
            Append { case: opening.case, expected, author: "conte", at, addition: &addition };
        append_to_case(&self.place.url, &self.keyring, append).await.unwrap();
    }

    /// Heard, called back, archived.
    async fn close(&self, opening: &Opening) {
        use polaris::case::CallBackResult;
        self.add(opening, 0, Addition::VoicemailHeard).await;
        let (result, note) = (CallBackResult::Spoken, String::new());
        self.add(opening, 1, Addition::CallbackDone { result, note }).await;
        let (from, to) = (Stage::Segnalazione, Stage::Archiviata);
        let moved = Move { from, to, end: Some(End::Conclusa), reason: String::new() };
        self.add(opening, 2, Addition::Stage(moved)).await;
    }

    async fn purge(&self, at: DateTime<Utc>) -> Vec<(String, u64)> {
        let receipts = purge(&self.place.url, &self.place.data_dir, &TERMS, at).await.unwrap();
        receipts.into_iter().map(|Receipt { rule, count, .. }| (rule, count)).collect()
    }

    fn has_message(&self, opening: &Opening) -> bool {
        let name = format!("{}-1.wav", opening.case);
        read_sealed_file(&self.place.data_dir, Folder::Voicemail, &name, &self.keyring).is_ok()
    }
}

fn one(rule: &str) -> Vec<(String, u64)> {
    vec![(rule.to_owned(), 1)]
}

#[tokio::test]
async fn a_message_goes_thirty_days_after_it_was_heard_and_never_unheard() {
    let archive = Archive::new().await;
    let (heard, unheard) = (archive.call().await, archive.call().await);
    archive.close(&heard).await;
    let days = |days| night() + TimeDelta::hours(1) + TimeDelta::days(days);
    assert_eq!(archive.purge(days(30)).await, []);
    assert!(archive.has_message(&heard));
    assert_eq!(archive.purge(days(30) + TimeDelta::seconds(1)).await, one("messages"));
    assert!(!archive.has_message(&heard) && archive.has_message(&unheard));
    let row = case(&archive.store, "2026-0001").await;
    assert!(row.voicemail.is_some() && row.voicemail_expired.is_some());
    assert_eq!(archive.purge(months(12)).await, [], "it goes once");
    assert!(archive.has_message(&unheard), "nobody has heard it: it is still owed");
}

#[tokio::test]
async fn a_number_goes_after_its_months_and_can_still_be_searched_for() {
    let archive = Archive::new().await;
    let (closed, open) = (archive.call().await, archive.call().await);
    archive.close(&closed).await;
    assert_eq!(archive.purge(months(24)).await, one("messages"));
    let after = months(24) + TimeDelta::seconds(1);
    assert_eq!(archive.purge(after).await, one("numbers"));
    assert_eq!(archive.purge(after).await, []);
    let calls = archive.store.reader().calls().await.unwrap();
    let of = |opening: &Opening| calls.iter().find(|call| call.call == opening.call).unwrap();
    assert_eq!(
        (of(&closed).caller.as_ref(), of(&closed).caller_state),
        (None, NumberState::Expired)
    );
    let kept = of(&open).caller.as_ref().map(PhoneNumber::reveal);
    assert_eq!(kept, Some("+393331234567"), "its case is open");
    let found = archive.store.reader().cases_naming(&archive.keyring, "333 123 4567").await;
    assert_eq!(found.unwrap().len(), 2);
}

#[tokio::test]
async fn every_purge_leaves_a_receipt_that_the_chain_proves() {
    let archive = Archive::new().await;
    for _ in 0..230 {
        let opening = opening("polaris-br4", night());
        numbered(archive.store.opening(opening.clone())).await;
        let (from, to) = (Stage::Segnalazione, Stage::Archiviata);
        let moved = Move { from, to, end: Some(End::Muta), reason: String::new() };
        archive.add(&opening, 0, Addition::Stage(moved)).await;
    }
    let at = months(30);
    let counts = archive.purge(at).await;
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 230);
    assert!(counts.iter().all(|(_, count)| *count <= 100), "{counts:?}: one short step each");
    let reader = archive.store.reader();
    let receipts = reader.receipts(10).await.unwrap();
    assert_eq!(receipts.len(), counts.len());
    let audit = reader.audit(None, 10).await.unwrap();
    for receipt in &receipts {
        let row = audit.iter().find(|row| row.sequence == receipt.audit).unwrap();
        assert_eq!((row.act.as_str(), row.at), ("dati scaduti cancellati", at));
        assert!(row.detail.starts_with(&receipt.count.to_string()), "{}", row.detail);
        assert_eq!(receipt.older_than, months(6));
    }
    assert!(reader.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn what_was_never_saved_or_used_goes_and_what_people_wrote_stays_for_ever() {
    let archive = Archive::new().await;
    let written = archive.call().await;
    archive.close(&written).await;
    let draft = Draft { at: night(), base: 3, pairs: vec![("x".into(), "y".into())] };
    let whose = (written.case, "conte");
    keep_draft(&archive.place.url, &archive.keyring, whose, &draft).await.unwrap();
    let clerk = Clerk::new(&archive.place.url).unwrap();
    let account = polaris::store::NewAccount {
        name: "ada".into(),
        full_name: "Ada".into(),
        role: polaris::access::Role::Responder,
        services: Vec::new(),
        person: None,
    };
    let invitation = Invitation { token_hash: "x".into(), expires: night() };
    clerk.add_account(&account, &invitation, "conte", night()).await.unwrap();
    let row = archive.store.reader().account("ada").await.unwrap().unwrap();
    clerk.begin_session("visita", &row, night()).await.unwrap();
    let rules: Vec<String> =
        archive.purge(months(600)).await.into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, ["drafts", "invitations", "messages", "numbers", "sessions"]);
    let history =
        archive.store.reader().case_history(&archive.keyring, written.case).await.unwrap();
    assert_eq!(history.last, 3);
    let due = archive.store.reader().due(&TERMS, months(600), 10).await.unwrap();
    assert!(due.iter().all(|(_, count)| *count == 0), "{due:?}");
    let proposed = archive.store.reader().discardable(months(120)).await.unwrap();
    assert_eq!(proposed.len(), 1, "it is proposed, and stays");
    assert_eq!(proposed[0].ended_as.as_deref(), Some("conclusa"));
    assert!(archive.store.reader().discardable(night()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_purge_never_keeps_a_call_waiting() {
    let archive = Archive::new().await;
    for _ in 0..3 {
        let call = archive.call().await;
        archive.close(&call).await;
    }
    let calls = async {
        for _ in 0..20 {
            // `numbered` panics when an opening went to the journal.
            numbered(archive.store.opening(christmas())).await;
        }
    };
    let (purged, ()) = within(async { tokio::join!(archive.purge(months(30)), calls) }).await;
    assert_eq!(purged, [("messages".to_owned(), 3), ("numbers".to_owned(), 3)]);
}

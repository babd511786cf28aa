//! The statements that project what people write onto the columns of a case.

use sqlx::SqliteConnection;

use crate::case::CaseChange;
use crate::case::scheda::{Marks, OnSite};
use crate::store::instant;

/// Makes one change of a case. A table: one statement a variant.
pub(super) async fn write_change(
    connection: &mut SqliteConnection,
    case: &str,
    change: &CaseChange,
) -> Result<(), sqlx::Error> {
    let query = match change {
        CaseChange::Acknowledged(at) => {
            sqlx::query("update cases set acknowledged = ? where id = ?").bind(instant::text(*at))
        }
        CaseChange::CallBackOwed => sqlx::query("update cases set callback_owed = 1 where id = ?"),
        CaseChange::CallBackSettled(at) => {
            sqlx::query("update cases set callback_owed = 0, call_back_settled = ? where id = ?")
                .bind(instant::text(*at))
        }
        // Whoever confirmed before is not who gets it now.
        CaseChange::HandedOver(at) => {
            sqlx::query("update cases set handed_over = ?, acknowledged = null where id = ?")
                .bind(instant::text(*at))
        }
        CaseChange::Marks(marks) => return write_marks(connection, case, marks).await,
        CaseChange::Stage { stage, end, since, duplicate_of } => sqlx::query(
            "update cases set stage = ?, ended_as = ?, stage_since = ?, duplicate_of = ? \
             where id = ?",
        )
        .bind(stage.word())
        .bind(*end)
        .bind(instant::text(*since))
        .bind(duplicate_of.map(|number| number.to_string())),
        CaseChange::VoicemailHeard(at) => sqlx::query(
            "update cases set voicemail_heard = coalesce(voicemail_heard, ?) where id = ?",
        )
        .bind(instant::text(*at)),
    };
    query.bind(case).execute(connection).await.map(|_| ())
}

async fn write_marks(
    connection: &mut SqliteConnection,
    case: &str,
    marks: &Marks,
) -> Result<(), sqlx::Error> {
    let on_site = marks.on_site.map(|on_site| match on_site {
        OnSite::Goes => "goes",
        OnSite::Telephone => "telephone",
    });
    sqlx::query(
        "update cases set priority = ?, comune = ?, minors = ?, on_site = ?, departed = ?, \
         reached = ?, finished = ?, ordered = ?, prosecutor_told = ?, placed = ?, \
         prosecutor_sent = ?, call_back_told = ? where id = ?",
    )
    .bind(marks.priority)
    .bind(&marks.comune)
    .bind(marks.minors.map(|answer| answer.word()))
    .bind(on_site)
    .bind(marks.departed.map(instant::text))
    .bind(marks.arrived.map(instant::text))
    .bind(marks.finished.map(instant::text))
    .bind(marks.ordered.map(instant::text))
    .bind(marks.prosecutor_told.map(instant::text))
    .bind(marks.placed.map(instant::text))
    .bind(marks.prosecutor_sent.map(instant::text))
    .bind(marks.call_back)
    .bind(case)
    .execute(&mut *connection)
    .await?;
    let Some(category) = marks.category else { return Ok(()) };
    // The plan's words belong to the caller's key, not to what the responder found.
    sqlx::query(
        "update cases set label = case when category = ?1 then label end, category = ?1 \
         where id = ?2",
    )
    .bind(category.word())
    .bind(case)
    .execute(connection)
    .await
    .map(|_| ())
}

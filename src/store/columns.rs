//! The statements that project facts onto columns.

use sqlx::SqliteConnection;

use super::instant;
use super::seal::SealedNumber;
use crate::case::{Change, Fact};

/// Makes one change of a call. A table: one statement a variant.
pub(super) async fn write_change(
    connection: &mut SqliteConnection,
    call: &str,
    change: Change,
) -> Result<(), sqlx::Error> {
    let query = match change {
        Change::Answered(at) => {
            sqlx::query("update calls set answered = coalesce(answered, ?) where call = ?")
                .bind(instant::text(at))
        }
        Change::Category { category, label } => {
            let word = category.word();
            sqlx::query("update calls set category = ? where call = ?")
                .bind(word)
                .bind(call)
                .execute(&mut *connection)
                .await?;
            sqlx::query("update cases set category = ?, label = ? where call = ?")
                .bind(word)
                .bind(label)
        }
        Change::Key(digit) => {
            sqlx::query("update calls set keys = keys || ? where call = ?").bind(digit.to_string())
        }
        Change::Silent => sqlx::query("update calls set silent = 1 where call = ?"),
        Change::Accepted { responder, at } => {
            sqlx::query("update calls set accepted_by = ?, accepted = ? where call = ?")
                .bind(responder)
                .bind(instant::text(at))
        }
        Change::AcceptanceLost => {
            sqlx::query("update calls set accepted_by = null, accepted = null where call = ?")
        }
        Change::Ended { outcome, at } => {
            sqlx::query("update calls set outcome = ?, ended = ? where ended is null and call = ?")
                .bind(outcome.word())
                .bind(instant::text(at))
        }
        Change::CallBackSafe(safe) => {
            sqlx::query("update cases set callback_safe = ? where call = ?").bind(safe)
        }
        Change::CallBackNumber(number) => sqlx::query(
            "update cases set callback_number = ?, callback_key = null, \
                 callback_sealed = null, callback_hash = null where call = ?",
        )
        .bind(number.reveal().to_owned()),
        Change::CallBackOwed => sqlx::query("update cases set callback_owed = 1 where call = ?"),
        Change::CallBackOwedIfLost => sqlx::query(
            "update cases set callback_owed = 1 where call = ?2 \
             and (category in ('minors', 'violence') or exists (select 1 from entries \
             where entries.call = ?2 and kind in (select value from json_each(?1)) \
             and not (kind = 'rang' and 'in_hours' is (select kind from entries as before \
             where before.call = ?2 and before.sequence < entries.sequence \
             and before.kind in ('in_hours', 'rang') order by before.sequence desc limit 1))))",
        )
        .bind(serde_json::json!(Fact::LOOKED_FOR).to_string()),
        Change::Voicemail { file, seconds } => {
            sqlx::query("update cases set voicemail = ?, voicemail_seconds = ? where call = ?")
                .bind(file)
                .bind(seconds)
        }
        Change::AttemptRang { attempt, responder, phone, step, round, why, at } => sqlx::query(
            "insert into attempts (attempt, responder, phone, step, round, why, rang, call) \
             values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (call, attempt) do nothing",
        )
        .bind(attempt.0)
        .bind(responder)
        .bind(phone.reveal().to_owned())
        .bind(step)
        .bind(round)
        .bind(why)
        .bind(instant::text(at)),
        Change::AttemptAnswered { attempt, at } => {
            sqlx::query("update attempts set answered = ? where attempt = ? and call = ?")
                .bind(instant::text(at))
                .bind(attempt.0)
        }
        Change::AttemptEnded { attempt, outcome, at } => {
            sqlx::query("update attempts set outcome = ?, ended = ? where attempt = ? and call = ?")
                .bind(outcome.word())
                .bind(instant::text(at))
                .bind(attempt.0)
        }
    };
    query.bind(call).execute(connection).await.map(|_| ())
}

/// The number that was left to be called back at, sealed.
pub(super) async fn write_sealed_number(
    connection: &mut SqliteConnection,
    call: &str,
    left: &SealedNumber,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update cases set callback_number = null, callback_key = ?, callback_sealed = ?, \
         callback_hash = ? where call = ?",
    )
    .bind(left.key)
    .bind(&left.content)
    .bind(&left.hash)
    .bind(call)
    .execute(connection)
    .await
    .map(|_| ())
}

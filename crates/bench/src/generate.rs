//! Filling an empty database, behind the store's back: its operations would take hours.

#![expect(clippy::indexing_slicing, reason = "places that were drawn from the list's own length")]

use std::fmt::Write as _;
use std::time::Instant;

use latchkey_domain::AccountSid;
use latchkey_service::hash_of;
use sqlx::any::AnyArguments;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _, Row as _};

use crate::Outcome;
use crate::secrets::secret_of;
use crate::spread::{Lives, Made, NOW, Spread};

/// The most rows that one statement writes.
const BATCH: usize = 400;

/// The id of the nth service rep.
pub(crate) fn rep_id(number: usize) -> [u8; 16] {
    let mut id = [0x0b; 16];
    id[8..].copy_from_slice(&u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
    id
}

/// Fills it.
pub(crate) async fn fill(url: &str, tokens: u64, seed: u64, lives: Lives) -> Outcome<()> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await?;
    let is_sqlite = url.starts_with("sqlite");
    if is_sqlite {
        connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA foreign_keys = OFF").await?;
    }
    let begun = Instant::now();
    let mut spread = Spread::new(tokens, seed)?;
    let mut transaction = connection.begin().await?;
    add_reps(&mut transaction, spread.owners()).await?;
    let kinds = add_kinds(&mut transaction, &spread.sets).await?;
    let times = spread.times(tokens, lives);
    let mut batch = Vec::with_capacity(BATCH);
    for (number, created_at) in (1..).zip(times) {
        let made = spread.token(created_at, number, lives);
        let mut sid = *AccountSid::first_at(latchkey_domain::Timestamp::from_unix_seconds(created_at)).as_bytes();
        // Version and variant stay as in a UUIDv7; what follows makes it one of its kind.
        sid[6] = 0x70;
        sid[8..].copy_from_slice(&spread.bytes::<8>());
        sid[8] = 0x80 | (sid[8] & 0x3f);
        let secret = hash_of(&secret_of(AccountSid::from_bytes(sid)));
        batch.push((sid, *secret.as_bytes(), made));
        if batch.len() == BATCH {
            write(&mut transaction, &batch, &spread.sets, &kinds).await?;
            batch.clear();
        }
        if number % 100_000 == 0 {
            println!("{number} tokens after {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    write(&mut transaction, &batch, &spread.sets, &kinds).await?;
    transaction.commit().await?;
    connection.execute(if is_sqlite { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "ANALYZE" }).await?;
    println!("{tokens} tokens of {} service reps in {:.0} s", spread.owners(), begun.elapsed().as_secs_f64());
    Ok(())
}

/// Number 0 is the admin.
async fn add_reps(connection: &mut AnyConnection, owners: usize) -> Outcome<()> {
    for number in 0..=owners {
        let (email, name) = (format!("rep{number}@example.com"), format!("Rep {number}"));
        sqlx::query(
            "INSERT INTO service_rep (id, email, name, role, kind, appearance, password_hash, created_at, search_text) \
             VALUES ($1, $2, $3, $4, 'human', 'system', 'none', $5, $6)",
        )
        .bind(rep_id(number).to_vec())
        .bind(email.clone())
        .bind(name.clone())
        .bind(if number == 0 { "admin" } else { "rep" })
        .bind(NOW.unix_seconds())
        .bind(format!("{email} {name}").to_lowercase())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The ids of each set's kinds: made on the command line, and on the page.
async fn add_kinds(connection: &mut AnyConnection, sets: &[(String, bool)]) -> Outcome<Vec<[i64; 2]>> {
    let mut kinds = Vec::with_capacity(sets.len());
    for (scopes, all_scopes) in sets {
        let mut ids = [0; 2];
        for (id, source) in ids.iter_mut().zip(["command_line", "page"]) {
            let row =
                sqlx::query("INSERT INTO token_kind (scopes, all_scopes, source) VALUES ($1, $2, $3) RETURNING id")
                    .bind(scopes.clone())
                    .bind(i64::from(*all_scopes))
                    .bind(source)
                    .fetch_one(&mut *connection)
                    .await?;
            *id = row.try_get("id")?;
            for scope in scopes.split(' ') {
                sqlx::query("INSERT INTO token_kind_scope (scope, kind) VALUES ($1, $2)")
                    .bind(scope.to_owned())
                    .bind(*id)
                    .execute(&mut *connection)
                    .await?;
            }
        }
        kinds.push(ids);
    }
    Ok(kinds)
}

/// `($1, $2), ($3, $4)`.
fn rows(count: usize, columns: usize) -> String {
    let mut sql = String::new();
    for row in 0..count {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=columns {
            let _ = write!(sql, "{}${}", if column == 1 { "" } else { ", " }, row * columns + column);
        }
        sql.push(')');
    }
    sql
}

type Drawn = ([u8; 16], [u8; 32], Made);
type Query<'q> = sqlx::query::Query<'q, sqlx::Any, AnyArguments>;

async fn write(
    connection: &mut AnyConnection,
    batch: &[Drawn],
    sets: &[(String, bool)],
    kinds: &[[i64; 2]],
) -> Outcome<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO token (sid, owner, description, description_key, scopes, all_scopes, source, created_at, \
         expires_at, revoked_at, rate_limit, kind) VALUES {}",
        rows(batch.len(), 12)
    );
    let mut query: Query<'_> = sqlx::query(AssertSqlSafe(sql));
    for (sid, _, made) in batch {
        let (scopes, all_scopes) = &sets[made.scopes];
        query = query
            .bind(sid.to_vec())
            .bind(rep_id(made.owner + 1).to_vec())
            .bind(made.description.clone())
            .bind(made.description.to_lowercase())
            .bind(scopes.clone())
            .bind(i64::from(*all_scopes))
            .bind(if made.is_page { "page" } else { "command_line" })
            .bind(made.created_at)
            .bind(made.expires_at)
            .bind(made.revoked_at)
            .bind("default")
            .bind(kinds[made.scopes][usize::from(made.is_page)]);
    }
    query.execute(&mut *connection).await?;
    let mut secrets: Query<'_> =
        sqlx::query(AssertSqlSafe(format!("INSERT INTO token_secret (hash, sid) VALUES {}", rows(batch.len(), 2))));
    let mut uses: Query<'_> = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO token_last_used (sid, at, expires_at, revoked_at, kind, owner) VALUES {}",
        rows(batch.len(), 6)
    )));
    let mut texts: Query<'_> =
        sqlx::query(AssertSqlSafe(format!("INSERT INTO token_search (text, sid) VALUES {}", rows(batch.len(), 2))));
    for (sid, secret, made) in batch {
        secrets = secrets.bind(secret.to_vec()).bind(sid.to_vec());
        uses = uses.bind(sid.to_vec()).bind(made.used_at).bind(made.expires_at).bind(made.revoked_at);
        uses = uses.bind(kinds[made.scopes][usize::from(made.is_page)]).bind(rep_id(made.owner + 1).to_vec());
        let name = AccountSid::from_bytes(*sid).to_string().to_lowercase();
        texts = texts.bind(format!("{}\n{name}", made.description.to_lowercase())).bind(sid.to_vec());
    }
    secrets.execute(&mut *connection).await?;
    uses.execute(&mut *connection).await?;
    texts.execute(connection).await?;
    Ok(())
}

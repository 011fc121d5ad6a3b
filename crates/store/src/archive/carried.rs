//! What a database that is replaced hands on to what it becomes.
//!
//! Always: the number of its newest change, so that numbers never run backwards, and the nodes that serve from it, so
//! that they are waited for. Where it is asked for ([`Kept::apply`]): whatever was taken back since the copy. By what
//! is compared, no clock comes into it: what is revoked now and was not then has been revoked since.
//!
//! It all waits in temporary tables while the database is dropped and filled. Of those, and of the new ones, PostgreSQL
//! knows no sizes: what is not among a million rows is asked for by `NOT EXISTS`, since it would look through all of them
//! for each row for `NOT IN`.

use latchkey_domain::Timestamp;
use latchkey_service::ports::StoreResult;
use sqlx::AnyConnection;

use super::Archive;
use crate::failure::OrUnavailable as _;
use crate::row::Fields;

const KEEP: &str = "
    CREATE TEMP TABLE kept_revision AS SELECT latest FROM token_revision;
    CREATE TEMP TABLE kept_node AS SELECT * FROM node;
    CREATE TEMP TABLE kept_live AS SELECT sid, expires_at FROM token WHERE revoked_at IS NULL;
";

/// The tables of [`KEEP`] and [`KEEP_WHAT_ENDED`], given back.
const LET_GO: &str = "DROP TABLE kept_revision; DROP TABLE kept_node; DROP TABLE kept_live";
const LET_GO_OF_WHAT_ENDED: &str = "DROP TABLE kept_rep; DROP TABLE kept_token; DROP TABLE kept_secret; \
     DROP TABLE kept_policy; DROP TABLE kept_credential";

const HAND_ON: &str = "
    INSERT INTO node SELECT * FROM kept_node;
    UPDATE token_revision SET latest = (SELECT latest FROM kept_revision)
        WHERE latest < (SELECT latest FROM kept_revision);
    UPDATE token_revision SET forgotten = latest;
    DELETE FROM token_change;
";

const KEEP_WHAT_ENDED: &str = "
    CREATE TEMP TABLE kept_rep AS SELECT id, role, disabled_at, password_hash FROM service_rep;
    CREATE TEMP TABLE kept_token AS SELECT sid, owner, maker, expires_at, revoked_at, rate_limit FROM token;
    CREATE TEMP TABLE kept_secret AS SELECT hash, sid, not_after FROM token_secret;
    CREATE TEMP TABLE kept_policy AS SELECT * FROM policy;
    CREATE TEMP TABLE kept_credential AS SELECT * FROM external_account_credential;
    CREATE UNIQUE INDEX kept_rep_id ON kept_rep (id);
    CREATE UNIQUE INDEX kept_token_sid ON kept_token (sid);
    CREATE UNIQUE INDEX kept_secret_hash ON kept_secret (hash);
";

/// Live tokens of which the file knows nothing.
const LOST: &str = "
    SELECT CAST(COUNT(*) AS BIGINT) AS number FROM kept_live
    WHERE expires_at > $1 AND NOT EXISTS (SELECT 1 FROM token WHERE token.sid = kept_live.sid)
";

/// What the file has and the database has not, and can never have had: tokens and service reps are not removed. (Who was
/// invited and has not come is.)
const FOREIGN: &str = "
    SELECT CAST(
        (SELECT COUNT(*) FROM token WHERE NOT EXISTS (SELECT 1 FROM kept_token WHERE kept_token.sid = token.sid))
        + (SELECT COUNT(*) FROM service_rep WHERE (kind = 'system' OR password_hash IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM kept_rep WHERE kept_rep.id = service_rep.id))
        AS BIGINT) AS number
";

/// Tokens that were revoked since.
const REVOKE: &str = "
    UPDATE token SET revoked_at = (SELECT revoked_at FROM kept_token WHERE kept_token.sid = token.sid)
    WHERE revoked_at IS NULL AND sid IN (SELECT sid FROM kept_token WHERE revoked_at IS NOT NULL)
";

/// Service reps who were disabled since.
const DISABLE: &str = "
    UPDATE service_rep SET disabled_at = (SELECT disabled_at FROM kept_rep WHERE kept_rep.id = service_rep.id)
    WHERE disabled_at IS NULL AND id IN (SELECT id FROM kept_rep WHERE disabled_at IS NOT NULL)
";

/// Whoever is not there any longer: their invitation was withdrawn.
const DISABLE_WITHDRAWN: &str = "
    UPDATE service_rep SET disabled_at = $1
    WHERE disabled_at IS NULL AND NOT EXISTS (SELECT 1 FROM kept_rep WHERE kept_rep.id = service_rep.id)
";

/// Whoever is no admin any longer, and whose password is another one: the one of then may be why.
const ROLES_AND_PASSWORDS: &str = "
    UPDATE service_rep SET role = 'rep'
        WHERE role = 'admin' AND id IN (SELECT id FROM kept_rep WHERE role = 'rep');
    UPDATE service_rep SET password_hash = (SELECT password_hash FROM kept_rep WHERE kept_rep.id = service_rep.id)
        WHERE id IN (SELECT id FROM kept_rep WHERE password_hash IS NOT NULL);
";

/// Tokens that were moved to somebody else, if they were there.
const MOVE: &str = "
    UPDATE token SET
        owner = (SELECT owner FROM kept_token WHERE kept_token.sid = token.sid),
        maker = (SELECT service_rep.id FROM kept_token JOIN service_rep ON service_rep.id = kept_token.maker
            WHERE kept_token.sid = token.sid)
    WHERE EXISTS (SELECT 1 FROM kept_token JOIN service_rep ON service_rep.id = kept_token.owner
        WHERE kept_token.sid = token.sid AND kept_token.owner <> token.owner)
";

/// The rest of those that were moved: whose they are now, there is nobody to say.
const REVOKE_MOVED: &str = "
    UPDATE token SET revoked_at = $1 WHERE revoked_at IS NULL AND EXISTS (
        SELECT 1 FROM kept_token WHERE kept_token.sid = token.sid AND kept_token.owner <> token.owner)
";

/// Ends, limits and secrets of tokens, and what of a token stands with its last use.
const NARROW: &str = "
    UPDATE token SET expires_at = (SELECT expires_at FROM kept_token WHERE kept_token.sid = token.sid)
        WHERE EXISTS (SELECT 1 FROM kept_token
            WHERE kept_token.sid = token.sid AND kept_token.expires_at < token.expires_at);
    UPDATE token SET rate_limit = (SELECT rate_limit FROM kept_token WHERE kept_token.sid = token.sid)
        WHERE EXISTS (SELECT 1 FROM kept_token
            WHERE kept_token.sid = token.sid AND kept_token.rate_limit <> token.rate_limit);
    UPDATE token_last_used SET
        owner = (SELECT owner FROM token WHERE token.sid = token_last_used.sid),
        expires_at = (SELECT expires_at FROM token WHERE token.sid = token_last_used.sid),
        revoked_at = (SELECT revoked_at FROM token WHERE token.sid = token_last_used.sid)
        WHERE sid IN (SELECT sid FROM kept_token);
    DELETE FROM token_secret
        WHERE NOT EXISTS (SELECT 1 FROM kept_secret WHERE kept_secret.hash = token_secret.hash);
    UPDATE token_secret SET not_after = (SELECT not_after FROM kept_secret WHERE kept_secret.hash = token_secret.hash)
        WHERE EXISTS (SELECT 1 FROM kept_secret WHERE kept_secret.hash = token_secret.hash
            AND COALESCE(kept_secret.not_after, -1) <> COALESCE(token_secret.not_after, -1));
    INSERT INTO token_secret (hash, sid, not_after) SELECT hash, sid, not_after FROM kept_secret
        WHERE sid IN (SELECT sid FROM token)
            AND NOT EXISTS (SELECT 1 FROM token_secret WHERE token_secret.hash = kept_secret.hash);
";

/// The policy of today, and vendors' credentials as they are today: those that were forgotten or replaced stay so. The
/// version goes on, so that nobody saves a form that was made of the other policy.
const POLICY_AND_CREDENTIALS: &str = "
    UPDATE kept_policy SET
        version = 1 + (SELECT MAX(version) FROM (SELECT version FROM kept_policy UNION SELECT version FROM policy) AS v),
        chosen_by = (SELECT id FROM service_rep WHERE id = kept_policy.chosen_by);
    DELETE FROM policy;
    INSERT INTO policy SELECT * FROM kept_policy;
    DELETE FROM external_account_credential;
    INSERT INTO external_account_credential SELECT * FROM kept_credential
        WHERE account IN (SELECT id FROM external_account);
";

/// What lets people in, and may have been ended or used up since: they sign in anew, and ask for links anew.
const END_SESSIONS: &str = "DELETE FROM session; DELETE FROM account_link; DELETE FROM set_up_code";

/// What has happened since a copy was taken, as far as times tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Happened {
    /// Tokens that were made and are not revoked: a restore does not bring them back. Not those of the copy's own second,
    /// which may be in it.
    pub made: u64,
    /// What was taken back.
    pub taken_back: TakenBack,
}

/// What was taken back since, and holds in the database that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TakenBack {
    /// Tokens that were revoked, or moved to somebody who was not there yet.
    pub tokens: u64,
    /// Service reps who were disabled, or whose invitation was withdrawn.
    pub reps: u64,
}

/// What is kept of the database that is replaced.
pub(super) struct Kept {
    what_ended: bool,
}

impl Kept {
    /// Sets it aside; with `what_ended` also what was taken back since.
    pub(super) async fn of(connection: &mut AnyConnection, what_ended: bool) -> StoreResult<Self> {
        run(connection, KEEP).await?;
        if what_ended {
            run(connection, KEEP_WHAT_ENDED).await?;
        }
        Ok(Self { what_ended })
    }

    /// How many live tokens are lost, once the file is taken in and before [`Kept::hand_on`].
    pub(super) async fn lost(&self, connection: &mut AnyConnection, now: Timestamp) -> StoreResult<u64> {
        let query = sqlx::query(LOST).persistent(false).bind(now.unix_seconds());
        let row = query.fetch_one(&mut *connection).await.or_unavailable()?;
        let lost: i64 = Fields::of(&row, "a count").number("number")?;
        Ok(u64::try_from(lost).unwrap_or_default())
    }

    /// Hands on what makes running servers follow.
    pub(super) async fn hand_on(&self, connection: &mut AnyConnection) -> StoreResult<()> {
        run(connection, HAND_ON).await?;
        run(connection, LET_GO).await
    }

    /// Ends sessions and links, which a copy would bring back.
    pub(super) async fn end_sessions(&self, connection: &mut AnyConnection) -> StoreResult<()> {
        run(connection, END_SESSIONS).await
    }

    /// Lets what was taken back since stay so; `None` where the database that is replaced is none that the file's
    /// could have become: it lacks some of its tokens or service reps, which are never removed. (Who was invited and
    /// has not come is: that is an invitation withdrawn.)
    pub(super) async fn apply(&self, connection: &mut AnyConnection, now: Timestamp) -> StoreResult<Option<TakenBack>> {
        if !self.what_ended {
            return Ok(Some(TakenBack::default()));
        }
        let row = sqlx::query(FOREIGN).fetch_one(&mut *connection).await.or_unavailable()?;
        if Fields::of(&row, "token").number("number")? > 0 {
            return Ok(None);
        }
        let reps = count(connection, DISABLE, None).await? + count(connection, DISABLE_WITHDRAWN, Some(now)).await?;
        run(connection, ROLES_AND_PASSWORDS).await?;
        let revoked = count(connection, REVOKE, None).await?;
        count(connection, MOVE, None).await?;
        let moved = count(connection, REVOKE_MOVED, Some(now)).await?;
        run(connection, NARROW).await?;
        run(connection, POLICY_AND_CREDENTIALS).await?;
        run(connection, LET_GO_OF_WHAT_ENDED).await?;
        Ok(Some(TakenBack { tokens: revoked + moved, reps }))
    }
}

/// What has happened after the copy was taken, as far as times tell: for the question what is to stay so.
pub(super) async fn since(connection: &mut AnyConnection, archive: &Archive) -> StoreResult<Happened> {
    let mut counted = [0; 3];
    for (counted, sql) in counted.iter_mut().zip([
        "SELECT CAST(COUNT(*) AS BIGINT) AS number FROM token WHERE revoked_at IS NULL AND created_at > $1",
        "SELECT CAST(COUNT(*) AS BIGINT) AS number FROM token WHERE revoked_at >= $1",
        "SELECT CAST(COUNT(*) AS BIGINT) AS number FROM service_rep WHERE disabled_at >= $1",
    ]) {
        let row = sqlx::query(sql).bind(archive.taken_at().unix_seconds()).fetch_one(&mut *connection).await;
        *counted = Fields::of(&row.or_unavailable()?, "a count").number("number")?;
    }
    let [made, tokens, reps] = counted.map(|number: i64| u64::try_from(number).unwrap_or_default());
    Ok(Happened { made, taken_back: TakenBack { tokens, reps } })
}

async fn run(connection: &mut AnyConnection, statements: &'static str) -> StoreResult<()> {
    sqlx::raw_sql(statements).execute(connection).await.or_unavailable()?;
    Ok(())
}

async fn count(connection: &mut AnyConnection, sql: &'static str, at: Option<Timestamp>) -> StoreResult<u64> {
    let query = sqlx::query(sql).persistent(false);
    let query = match at {
        Some(at) => query.bind(at.unix_seconds()),
        None => query,
    };
    Ok(query.execute(connection).await.or_unavailable()?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_looked_for_in_all_rows_for_each_row() {
        let statements =
            [KEEP, KEEP_WHAT_ENDED, HAND_ON, LOST, REVOKE, DISABLE, DISABLE_WITHDRAWN, ROLES_AND_PASSWORDS];
        let more = [MOVE, REVOKE_MOVED, NARROW, POLICY_AND_CREDENTIALS, FOREIGN];
        assert!(statements.iter().chain(&more).all(|statement| !statement.contains("NOT IN")));
    }
}

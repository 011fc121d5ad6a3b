//! What an admin asks of the audit log, as it stands in an address.

use chrono::NaiveDate;
use latchkey_domain::{AccountSid, DAY, Email, RepId, Timestamp};

use super::{AuditCursor, AuditFilter};
use crate::ports::StoreResult;
use crate::{AuditAction, AuditActor, AuditGroup, AuditSubject, Service};

/// The longest request id or address that is looked for, in bytes.
const MAX_TEXT: usize = 200;

/// What was typed into the filters. Empty where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Who: a service rep's e-mail address, a token's Account SID, [`AuditQuery::COMMAND_LINE`],
    /// [`AuditQuery::NOBODY`] or [`AuditQuery::POLICY`].
    pub actor: String,
    /// Did what: the code of an action, or of a group of them.
    pub action: String,
    /// To what: a service rep's e-mail address, or a token's Account SID.
    pub subject: String,
    /// The first day, in UTC, as 2026-11-24.
    pub from: String,
    /// The last day, in UTC.
    pub to: String,
    /// From where.
    pub address: String,
    /// In which request.
    pub request_id: String,
    /// After which entry.
    pub after: String,
}

impl AuditQuery {
    /// Stands for the operators on the command line.
    pub const COMMAND_LINE: &str = "command-line";
    /// Stands for whoever was not known.
    pub const NOBODY: &str = "nobody";
    /// The value that stands for the policy.
    pub const POLICY: &str = "policy";

    /// The filters by their names in an address, in the order of the form.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("actor", &self.actor),
            ("action", &self.action),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
            ("address", &self.address),
            ("request_id", &self.request_id),
        ]
    }

    /// Reads the filters by their names in an address.
    pub fn read(mut value: impl FnMut(&str) -> Option<String>) -> Self {
        let mut text = |name| value(name).unwrap_or_default().trim().to_owned();
        Self {
            actor: text("actor"),
            action: text("action"),
            subject: text("subject"),
            from: text("from"),
            to: text("to"),
            address: text("address"),
            request_id: text("request_id"),
            after: text("after"),
        }
    }
}

/// What is asked, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UnderstoodQuery {
    /// The filter.
    pub filter: AuditFilter,
    /// The entry after which to go on.
    pub after: Option<AuditCursor>,
    /// The filters that were left out because they make no sense, each in a sentence.
    pub notes: Vec<String>,
}

impl Service {
    /// Makes sense of what was typed. What makes none is left out, with a note.
    pub(super) async fn understand(&self, query: &AuditQuery) -> StoreResult<UnderstoodQuery> {
        let mut understood = UnderstoodQuery::default();
        let UnderstoodQuery { filter, after, notes } = &mut understood;
        if query.actor == AuditQuery::COMMAND_LINE {
            filter.actor = Some(AuditActor::CommandLine);
        } else if query.actor == AuditQuery::NOBODY {
            filter.actor = Some(AuditActor::Anonymous);
        } else if query.actor == AuditQuery::POLICY {
            filter.actor = Some(AuditActor::Policy);
        } else if let Some(one) = self.one_of(&query.actor, "Who", notes).await? {
            filter.actor = match one {
                AuditSubject::Rep(id) => Some(AuditActor::Rep(id)),
                AuditSubject::Token(sid) => Some(AuditActor::Token(sid)),
                AuditSubject::ExternalAccount(_) | AuditSubject::Nothing => None,
            };
        }
        filter.subject = self.one_of(&query.subject, "To what", notes).await?;
        let actions =
            read(&query.action, actions, notes, || "What: there is no such action. It was left out.".to_owned());
        filter.actions = actions.unwrap_or_default();
        // No longer than a sentence can bear: browsers send days, and others anything.
        let no_day = |label, text: &str| {
            let text: String = text.chars().take(20).collect();
            move || format!("{label}: write a day as 2026-11-24, not \u{201c}{text}\u{201d}. It was left out.")
        };
        filter.from = read(&query.from, day, notes, no_day("From", &query.from));
        let last = read(&query.to, day, notes, no_day("To", &query.to));
        filter.before = last.map(|last| last.plus_seconds(DAY));
        if filter.from.zip(filter.before).is_some_and(|(from, before)| from >= before) {
            filter.before = None;
            notes.push("To: this day comes before the first one, so it was left out.".to_owned());
        }
        let text = |text: &str| (text.len() <= MAX_TEXT && !text.contains('\0')).then(|| text.to_owned());
        let too_long = |label| move || format!("{label}: no entry has this. It was left out.");
        filter.address = read(&query.address, text, notes, too_long("Address"));
        filter.request_id = read(&query.request_id, text, notes, too_long("Request id"));
        *after = read(
            &query.after,
            |text| text.parse().ok(),
            notes,
            || "The place to go on from cannot be read: this is the beginning.".to_owned(),
        );
        Ok(understood)
    }

    /// The service rep or the token of this name.
    async fn one_of(&self, text: &str, label: &str, notes: &mut Vec<String>) -> StoreResult<Option<AuditSubject>> {
        if text.is_empty() {
            return Ok(None);
        }
        if let Ok(sid) = text.parse::<AccountSid>() {
            return Ok(Some(AuditSubject::Token(sid)));
        }
        // As exports name service reps, and the only name that is left of those who are gone. Entries about an external
        // service account are found by its id in the same way: no two things have one id.
        if let Ok(id) = text.parse::<RepId>() {
            return Ok(Some(AuditSubject::Rep(id)));
        }
        let Ok(email) = Email::parse(text) else {
            notes.push(format!("{label}: write an e-mail address or an Account SID. It was left out."));
            return Ok(None);
        };
        let rep = self.store.rep_by_email(&email).await?;
        if rep.is_none() {
            notes.push(format!("{label}: there is no service rep with this address. It was left out."));
        }
        Ok(rep.map(|rep| AuditSubject::Rep(rep.id)))
    }
}

/// The actions of a code: one's own, or a group's.
fn actions(code: &str) -> Option<Vec<AuditAction>> {
    let group = AuditGroup::parse(code).map(|group| group.actions().to_vec());
    group.or_else(|| AuditAction::parse(code).map(|action| vec![action]))
}

/// When the day that is written as 2026-11-24 begins, in UTC.
#[must_use]
pub fn day(text: &str) -> Option<Timestamp> {
    let begin = text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?;
    Some(Timestamp::from_unix_seconds(begin.and_utc().timestamp()))
}

/// The value of a text, where there is one; a note where there is one that cannot be read.
fn read<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
    notes: &mut Vec<String>,
    note: impl FnOnce() -> String,
) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let value = parse(text);
    if value.is_none() {
        notes.push(note());
    }
    value
}

//! Confirming a token: would the calls that the integration makes be let in?
//!
//! One check for each route of each scope that is needed, by the judgement that a gateway's question meets
//! ([`Service::inspect`] with the scope that [`latchkey_domain::Need`] finds for the route), and one for
//! `GET /api/v1/token`. From where the integration will call is not known, so that address rules are not asked. Nothing
//! is forwarded, counted, or noted as a use.

use latchkey_domain::external_account::ExternalAccountId;
use latchkey_domain::{
    AccountSid, AuthToken, MalformedAuthToken, Need, PlainText, Presented, PresentedSid, Refusal, Route, ScopeName,
    ScopeSet, Timestamp, UsedFrom, Verdict,
};

use crate::ports::{AccountRecord, StoreResult};
use crate::{AuditAction, Caller, Known, Outcome, Service};

/// How a token stands, route by route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// `GET /api/v1/token`, which needs no scope.
    pub token: Verdict,
    /// Each scope that is needed, in the catalog's order.
    pub scopes: Vec<ScopeCheck>,
    /// The instant that this is true for.
    pub at: Timestamp,
}

/// How a token stands with a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeCheck {
    /// The scope.
    pub scope: ScopeName,
    /// Its name on pages.
    pub label: String,
    /// Each of its routes; one check without a route for a scope that opens none.
    pub routes: Vec<RouteCheck>,
}

/// How a token stands with a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteCheck {
    /// The route, as the catalog has it.
    pub route: Option<Route>,
    /// The verdict.
    pub verdict: Verdict,
}

impl Confirmation {
    /// Whether every call would be let in.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.token == Verdict::Active && self.scopes.iter().all(ScopeCheck::is_green)
    }

    /// The reason for a verdict, in a sentence.
    #[must_use]
    pub const fn reason(verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Active => "It would be let in.",
            Verdict::Unknown => "The token is unknown.",
            Verdict::Revoked => "The token was revoked.",
            Verdict::Expired => "The token has expired.",
            Verdict::OwnerDisabled => "The token's owner is disabled.",
            Verdict::AddressRefused => "The token may not be used from there.",
            Verdict::MissingScope => "The token does not have the scope, or its owner may not grant it any more.",
        }
    }
}

impl ScopeCheck {
    /// Whether every call that needs it would be let in.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.first_red().is_none()
    }

    /// The reason why it is red, in a sentence, or that it is not.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        Confirmation::reason(self.first_red().unwrap_or(Verdict::Active))
    }

    fn first_red(&self) -> Option<Verdict> {
        self.routes.iter().map(|check| check.verdict).find(|verdict| *verdict != Verdict::Active)
    }
}

impl Service {
    /// Confirms the token that an account has, by its Auth Token typed in again. `None` where what was typed is
    /// another token's, or nobody's.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is no such account or it has no
    /// token, or where the database fails.
    pub async fn confirm_account_token(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        secret: &PlainText,
    ) -> Outcome<Option<Confirmation>> {
        let (record, integration) = self.account_record(caller, id).await?;
        let (sid, _) = record.token.ok_or(Refusal::NotFound)?;
        let Ok(presented) = read_pasted(secret) else { return Ok(None) };
        let found = self.look_up(&presented).await?.credential;
        if found.is_none_or(|known| known.sid != sid) || !presented.sid.allows(sid) {
            return Ok(None);
        }
        let confirmation = self.confirm_by_secret(&presented, integration.needed(&record.scopes)).await?;
        self.note_confirmation(caller, &record, sid, &confirmation).await?;
        Ok(Some(confirmation))
    }

    /// Confirms a token by its secret.
    pub(super) async fn confirm_by_secret(
        &self,
        presented: &Presented,
        needed: &ScopeSet,
    ) -> StoreResult<Confirmation> {
        let token = self
            .inspect(presented, self.need(OWN_ROUTE.0, OWN_ROUTE.1, None).as_ref(), UsedFrom::Anywhere)
            .await?
            .verdict;
        let mut scopes = Vec::with_capacity(needed.len());
        for question in self.questions(needed) {
            let mut routes = Vec::with_capacity(question.routes.len());
            for (route, need) in question.routes {
                let verdict = self.inspect(presented, need.as_ref(), UsedFrom::Anywhere).await?.verdict;
                routes.push(RouteCheck { route, verdict });
            }
            scopes.push(ScopeCheck { scope: question.scope, label: question.label, routes });
        }
        Ok(Confirmation { token, scopes, at: self.now() })
    }

    /// The same by what is known of a token, without its secret.
    pub(super) fn judge_token(&self, known: &Known, needed: &ScopeSet, now: Timestamp) -> Confirmation {
        let facts = known.facts();
        let judge =
            |need: Option<&ScopeName>| Verdict::of(Some(&facts), PresentedSid::Absent, need, UsedFrom::Anywhere, now);
        let token = judge(self.need(OWN_ROUTE.0, OWN_ROUTE.1, None).as_ref());
        let scopes = self.questions(needed).into_iter().map(|question| {
            let routes = question.routes.into_iter();
            let routes = routes.map(|(route, need)| RouteCheck { route, verdict: judge(need.as_ref()) }).collect();
            ScopeCheck { scope: question.scope, label: question.label, routes }
        });
        Confirmation { token, scopes: scopes.collect(), at: now }
    }

    /// Writes down whether a token was confirmed.
    pub(super) async fn note_confirmation(
        &self,
        caller: &Caller,
        record: &AccountRecord,
        sid: AccountSid,
        confirmation: &Confirmation,
    ) -> StoreResult<()> {
        let green = confirmation.scopes.iter().filter(|check| check.is_green()).count();
        let detail = format!("scopes that would be let in: {green} of {}", confirmation.scopes.len());
        let audit = self.account_entry(caller, AuditAction::ExternalAccountConfirmed, record, &detail);
        self.store.note_confirmation(record.id, sid, &record.scopes, confirmation.is_green(), &audit).await?;
        Ok(())
    }

    /// What is asked of a token that needs these scopes, in the catalog's order; scopes that have left it come last.
    fn questions(&self, needed: &ScopeSet) -> Vec<Question> {
        let known = self.catalog.scopes().iter().filter(|scope| needed.contains(&scope.name)).map(|scope| {
            let need_of = |route: &Route| {
                // Any one segment stands for a parameter.
                let segments =
                    route.path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
                let path: Vec<&str> = segments.collect();
                (Some(route.clone()), self.need(route.method.as_str(), &path.join("/"), Some(&scope.name)))
            };
            let mut routes: Vec<_> = scope.routes.iter().map(need_of).collect();
            if routes.is_empty() {
                routes.push((None, Some(scope.name.clone())));
            }
            Question { scope: scope.name.clone(), label: scope.label.clone(), routes }
        });
        let gone = needed.iter().filter(|name| self.catalog.scope(name).is_none()).map(|name| Question {
            scope: name.clone(),
            label: name.to_string(),
            routes: vec![(None, Some(name.clone()))],
        });
        known.chain(gone).collect()
    }

    /// The scope that a call needs; `otherwise` where it would lead nowhere, which no route of the catalog does.
    fn need(&self, method: &str, path: &str, otherwise: Option<&ScopeName>) -> Option<ScopeName> {
        Need::of(&self.catalog, method, path).map_or(otherwise, |need| need.scope).cloned()
    }
}

/// The route that every token may call.
const OWN_ROUTE: (&str, &str) = ("GET", "/api/v1/token");

/// What is asked about one scope: its routes, with the scope that each needs.
struct Question {
    scope: ScopeName,
    label: String,
    routes: Vec<(Option<Route>, Option<ScopeName>)>,
}

/// Reads what somebody pasted: an Auth Token, or an Account SID and an Auth Token with a colon between.
pub(super) fn read_pasted(pasted: &PlainText) -> Result<Presented, MalformedAuthToken> {
    let text = pasted.expose().trim();
    let (sid, secret) = match text.rsplit_once(':') {
        Some((sid, secret)) => {
            (sid.trim().parse().map_or(PresentedSid::Unreadable, PresentedSid::Given), secret.trim())
        }
        None => (PresentedSid::Absent, text),
    };
    Ok(Presented { sid, token: AuthToken::parse(secret.as_bytes())? })
}

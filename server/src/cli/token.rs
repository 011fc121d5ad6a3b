//! `latchkey token …`

use clap::{ArgGroup, Args, Subcommand};
use latchkey_domain::{
    AccountSid, Lifetime, Refusal, ScopeChoice, ScopeName, ScopeSet, Timestamp, TokenDraft, TokenForm, TokenRateLimit,
    TokenStatus,
};
use latchkey_service::ports::{TokenFilter, TokenRecord, TokenSource};
use latchkey_service::{AuditActor, Service, TokenOwner};
use serde::Serialize;

use super::failure::{Exit, Failed};
use super::output;
use super::setting::Sources;

/// Make, list and revoke tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token for a service rep; its Auth Token is printed, this once.
    Add(Add),
    /// List tokens, the newest first, one JSON object a line.
    List(List),
    /// Revoke a token; from when this returns, no call with it succeeds.
    Revoke(Revoke),
    /// Set how many calls a token may make; a running server heeds it from the token's next call on.
    Limit(Limit),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("scope_choice").required(true).args(["scope", "all_scopes"]))]
pub(super) struct Add {
    /// The owner's address
    #[arg(long, value_name = "EMAIL", env = "LATCHKEY_REP")]
    rep: String,
    /// What the token is for
    #[arg(long, env = "LATCHKEY_DESCRIPTION")]
    description: String,
    /// How long it lives
    #[arg(long, env = "LATCHKEY_EXPIRES", value_parser = Lifetime::ALL.map(Lifetime::code))]
    expires: String,
    /// What it may do; repeat the flag for more
    #[arg(long, env = "LATCHKEY_SCOPE", value_delimiter = ',')]
    scope: Vec<String>,
    /// Let it do all that the catalog has today, except what only admins may grant
    #[arg(long, env = "LATCHKEY_ALL_SCOPES", value_parser = clap::builder::FalseyValueParser::new())]
    all_scopes: bool,
    /// A network or an address that it may be used from, as 203.0.113.0/24; repeat the flag for more
    #[arg(long, value_name = "CIDR", env = "LATCHKEY_ADDRESS", value_delimiter = ',')]
    address: Vec<String>,
    /// How many calls it may make, as 100/5s, off, or default for the server's limit
    #[arg(long, value_name = "LIMIT", env = "LATCHKEY_TOKEN_RATE_LIMIT", default_value = "default")]
    token_rate_limit: TokenRateLimit,
}

#[derive(Debug, Args)]
pub(super) struct Limit {
    /// The token's Account SID
    #[arg(value_name = "SID")]
    account_sid: AccountSid,
    /// How many calls it may make, as 100/5s, off, or default for the server's limit
    #[arg(value_name = "LIMIT")]
    rate_limit: TokenRateLimit,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only the tokens of this owner
    #[arg(long, value_name = "EMAIL", env = "LATCHKEY_REP")]
    rep: Option<String>,
    /// Those too that are expired or revoked
    #[arg(long, env = "LATCHKEY_ALL", value_parser = clap::builder::FalseyValueParser::new())]
    all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The token's Account SID
    #[arg(value_name = "SID")]
    account_sid: AccountSid,
}

#[derive(Serialize)]
struct Issued<'a> {
    account_sid: AccountSid,
    auth_token: &'a str,
    description: &'a str,
    scopes: &'a ScopeSet,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    account_sid: AccountSid,
    description: &'a str,
    service_rep: &'a str,
    scopes: &'a ScopeSet,
    all_scopes: bool,
    status: TokenStatus,
    created_at: String,
    expires_at: String,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
    rate_limit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Revoked<'a> {
    account_sid: AccountSid,
    description: &'a str,
    /// Whether it had expired or been revoked before, so that nothing was left to do.
    had_ended: bool,
}

#[derive(Serialize)]
struct Limited {
    account_sid: AccountSid,
    rate_limit: String,
}

impl Token {
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        match self {
            Self::Add(add) => add.run(sources).await,
            Self::List(list) => list.run(sources).await,
            Self::Revoke(revoke) => revoke.run(sources).await,
            Self::Limit(limit) => limit.run(sources).await,
        }
    }
}

impl Add {
    async fn run(self, sources: &Sources) -> Result<(), Failed> {
        let open = sources.open().await?;
        let draft = self.draft(&open.service)?;
        let missing = no_rep(&self.rep);
        let of = |failure| Failed::of(failure, &missing);
        let rep = open.service.rep_named(&self.rep).await.map_err(of)?;
        if !rep.is_enabled() {
            return Err(Failed::new(Exit::Refused, format!("the service rep {} is disabled", rep.email)));
        }
        let origin = open.origin();
        let owner = TokenOwner {
            rep: &rep,
            actor: AuditActor::CommandLine,
            source: TokenSource::CommandLine,
            rate_limit: self.token_rate_limit,
            origin: &origin,
            maker: None,
        };
        let issued = open.service.issue(owner, &draft, None).await.map_err(of)?;
        open.store.close().await;
        let printed = output::json(&Issued {
            account_sid: issued.token.sid,
            auth_token: issued.secret.expose(),
            description: &issued.token.description,
            scopes: &issued.token.scopes,
            expires_at: issued.token.expires_at.to_rfc3339(),
            addresses: issued.token.addresses.as_ref().map(|rules| rules.iter().collect()),
        });
        printed.map_err(|failed| {
            let line = format!(
                "{}; the token {} was made, and nobody has seen its Auth Token: revoke it",
                failed.line, issued.token.sid
            );
            Failed::new(failed.exit, line)
        })
    }

    fn draft(&self, service: &Service) -> Result<TokenDraft, Failed> {
        let known =
            |name: &&String| name.parse::<ScopeName>().is_ok_and(|name| service.catalog().scope(&name).is_some());
        if let Some(unknown) = self.scope.iter().find(|name| !known(name)) {
            let line = format!("the catalog has no scope {unknown:?}; `latchkey catalog` shows those it has");
            return Err(Failed::new(Exit::Refused, line));
        }
        let scope_choice = if self.all_scopes { ScopeChoice::ALL_CODE } else { ScopeChoice::SELECTED_CODE };
        let form = TokenForm {
            form_id: String::new(),
            description: self.description.clone(),
            expiration: self.expires.clone(),
            scope_choice: scope_choice.to_owned(),
            scopes: self.scope.clone(),
            addresses: self.address.join(","),
        };
        form.parse().map_err(|errors| Failed::of(Refusal::Invalid(errors).into(), ""))
    }
}

impl List {
    async fn run(self, sources: &Sources) -> Result<(), Failed> {
        let open = sources.open().await?;
        let owner = match &self.rep {
            None => None,
            Some(email) => {
                let rep = open.service.rep_named(email).await;
                Some(rep.map_err(|failure| Failed::of(failure, &no_rep(email)))?.id)
            }
        };
        let now = open.service.now();
        let filter = TokenFilter { owner, live_at: (!self.all).then_some(now) };
        let tokens = open.service.tokens(filter, u32::MAX).await.map_err(|failure| Failed::of(failure, ""));
        open.store.close().await;
        tokens?.iter().try_for_each(|token| print(token, now))
    }
}

impl Revoke {
    async fn run(self, sources: &Sources) -> Result<(), Failed> {
        let open = sources.open().await?;
        let sid = self.account_sid;
        let revoked = open.service.revoke_any_token(sid, &open.origin()).await;
        open.store.close().await;
        let revoked = revoked.map_err(|failure| Failed::of(failure, &format!("there is no token {sid}")))?;
        output::json(&Revoked { account_sid: sid, description: &revoked.description, had_ended: revoked.had_ended })
    }
}

impl Limit {
    async fn run(self, sources: &Sources) -> Result<(), Failed> {
        let open = sources.open().await?;
        let (account_sid, rate_limit) = (self.account_sid, self.rate_limit);
        let limited = open.service.limit_token(account_sid, rate_limit, &open.origin()).await;
        open.store.close().await;
        limited.map_err(|failure| Failed::of(failure, &format!("there is no token {account_sid}")))?;
        output::json(&Limited { account_sid, rate_limit: rate_limit.to_string() })
    }
}

fn print(token: &TokenRecord, now: Timestamp) -> Result<(), Failed> {
    output::json(&Listed {
        account_sid: token.sid,
        description: &token.description,
        service_rep: &token.owner_email,
        scopes: &token.scopes,
        all_scopes: token.all_scopes,
        status: TokenStatus::at(now, token.expires_at, token.revoked_at),
        created_at: token.created_at.to_rfc3339(),
        expires_at: token.expires_at.to_rfc3339(),
        revoked_at: token.revoked_at.map(Timestamp::to_rfc3339),
        last_used_at: token.last_used_at.map(Timestamp::to_rfc3339),
        rate_limit: token.rate_limit.to_string(),
        addresses: token.addresses.as_ref().map(|rules| rules.iter().collect()),
    })
}

fn no_rep(email: &str) -> String {
    format!("there is no service rep {email}")
}

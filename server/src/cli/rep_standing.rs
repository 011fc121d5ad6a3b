//! `latchkey rep disable`, `enable` and `reset-password`.

use clap::Args;
use latchkey_domain::PlainText;
use latchkey_service::ports::{LinkIssue, Rep, RepChange};
use latchkey_service::{Authority, LinkOffer};
use serde::Serialize;

use super::failure::{Exit, Failed};
use super::setting::{Open, Sources};
use super::{output, public_url};

/// Where a server is reached that was started without a word about that.
const THIS_MACHINE: &str = "http://127.0.0.1:3000";

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The service rep's address
    #[arg(value_name = "EMAIL")]
    email: String,
}

#[derive(Debug, Args)]
pub(super) struct ResetPassword {
    #[command(flatten)]
    rep: Named,
    /// Where people reach Latchkey; the link begins with it
    #[arg(
        long,
        value_name = "URL",
        env = "LATCHKEY_PUBLIC_URL",
        default_value = THIS_MACHINE,
        value_parser = public_url::parse
    )]
    public_url: String,
}

#[derive(Serialize)]
struct DisabledRep<'a> {
    email: &'a str,
    enabled: bool,
    /// Whether it was not so before.
    changed: bool,
    ended_sessions: u64,
    stopped_tokens: u64,
}

#[derive(Serialize)]
struct EnabledRep<'a> {
    email: &'a str,
    enabled: bool,
    /// Whether it was not so before.
    changed: bool,
    restored_tokens: u64,
}

#[derive(Serialize)]
struct Offered<'a> {
    email: &'a str,
    link: String,
    expires_at: String,
}

impl Named {
    /// Ends the sessions of a service rep and stops their tokens; in a running server too, when this returns.
    pub(super) async fn disable(self, sources: &Sources) -> Result<(), Failed> {
        let open = sources.open().await?;
        let rep = self.find(&open).await?;
        let changed = open.service.disable_rep(Authority::Operator(&open.origin()), rep.id).await;
        open.store.close().await;
        let change = changed.map_err(|failure| Failed::of(failure, ""))?;
        let (changed, ended_sessions, stopped_tokens) = self.counts(change)?;
        output::json(&DisabledRep { email: &rep.email, enabled: false, changed, ended_sessions, stopped_tokens })
    }

    /// Lets a service rep and their tokens in again.
    pub(super) async fn enable(self, sources: &Sources) -> Result<(), Failed> {
        let open = sources.open().await?;
        let rep = self.find(&open).await?;
        let changed = open.service.enable_rep(Authority::Operator(&open.origin()), rep.id).await;
        open.store.close().await;
        let change = changed.map_err(|failure| Failed::of(failure, ""))?;
        let (changed, _, restored_tokens) = self.counts(change)?;
        output::json(&EnabledRep { email: &rep.email, enabled: true, changed, restored_tokens })
    }

    async fn find(&self, open: &Open) -> Result<Rep, Failed> {
        open.service.rep_named(&self.email).await.map_err(|failure| Failed::of(failure, &self.missing()))
    }

    fn missing(&self) -> String {
        format!("there is no service rep {}", self.email)
    }

    fn counts(&self, change: RepChange) -> Result<(bool, u64, u64), Failed> {
        match change {
            RepChange::Changed { ended_sessions, live_tokens } => Ok((true, ended_sessions, live_tokens)),
            RepChange::Unchanged => Ok((false, 0, 0)),
            RepChange::LastAdmin => {
                let line = format!("{} is the last admin who can sign in; make another one first", self.email);
                Err(Failed::new(Exit::Refused, line))
            }
            RepChange::NotAllowed | RepChange::NotFound => Err(Failed::new(Exit::NotFound, self.missing())),
        }
    }
}

impl ResetPassword {
    /// Prints a link by which somebody chooses another password. Until it is used nothing changes for them.
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        let open = sources.open().await?;
        let rep = self.rep.find(&open).await?;
        let nothing = PlainText::default();
        let offer = open.service.offer_password_reset(Authority::Operator(&open.origin()), rep.id, &nothing).await;
        open.store.close().await;
        let refused = |why: &str| Err(Failed::new(Exit::Refused, format!("{} {why}", rep.email)));
        match offer.map_err(|failure| Failed::of(failure, ""))? {
            LinkOffer::Offered(link) => {
                if self.public_url == THIS_MACHINE {
                    output::tell("The link opens on this machine only. Where people reach Latchkey: --public-url URL.");
                }
                output::json(&Offered {
                    email: &rep.email,
                    link: format!("{}{}", self.public_url, latchkey_app::account_link(&link)),
                    expires_at: link.expires_at.to_rfc3339(),
                })
            }
            LinkOffer::Refused(LinkIssue::Disabled) => refused("is disabled; enable the account first"),
            LinkOffer::Refused(LinkIssue::SystemRep) => refused("is a service, which has no password"),
            LinkOffer::Refused(LinkIssue::NotAccepted) => {
                refused("has not accepted the invitation; an admin can invite them again on the page")
            }
            LinkOffer::Refused(LinkIssue::Issued | LinkIssue::Accepted | LinkIssue::NotFound) => {
                Err(Failed::new(Exit::NotFound, self.rep.missing()))
            }
        }
    }
}

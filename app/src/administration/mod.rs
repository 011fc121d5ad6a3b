//! What the server gives to the pages of administration. It finds out and decides; the pages only show.

mod all_tokens;
mod policy;

use latchkey_domain::view::{NewTokenFormView, NewTokenView};
use latchkey_domain::{Refusal, TokenForm};
use latchkey_service::ports::{LinkPurpose, Rep, RepFilter, RepOverview};
use latchkey_service::{AccountLink, AuditPage, InviteForm, PreviewedMove, RepDetails, RepListing, SystemRepForm};

use crate::paths;

pub(crate) use all_tokens::address;
pub use all_tokens::{AllTokensPage, AnyTokenPage, RevocationPage};
pub use policy::PolicyPage;

/// A page of administration, with all that it shows.
#[derive(Debug, Clone)]
pub enum AdministrationPage {
    /// Every service rep.
    Reps(RepsPage),
    /// The form that invites a person.
    Invite(InvitePage),
    /// The form that adds a service.
    NewSystemRep(NewSystemRepPage),
    /// One service rep, and what can be done.
    Rep(Box<RepPage>),
    /// Moving one's tokens to another.
    Move(Box<MovePage>),
    /// Choosing whose token is to be made.
    TokenOwner(TokenOwnerPage),
    /// The form for another's token.
    NewToken(Box<NewTokenForPage>),
    /// Another's token, with the one showing of its secret.
    TokenAdded(TokenAddedPage),
    /// Everybody's tokens.
    AllTokens(Box<AllTokensPage>),
    /// Anybody's token.
    AnyToken(Box<AnyTokenPage>),
    /// Revoking several tokens.
    Revocation(Box<RevocationPage>),
    /// What was done by whom.
    AuditLog(Box<AuditLogPage>),
    /// What admins allow.
    Policy(Box<PolicyPage>),
}

/// The list of service reps.
#[derive(Debug, Clone)]
pub struct RepsPage {
    /// Who is listed.
    pub listing: RepListing,
    /// By which filter.
    pub filter: RepFilter,
    /// At most how many.
    pub rows: u32,
    /// What in the address made no sense and was left out.
    pub ignored: Vec<&'static str>,
    /// What has just been done.
    pub notice: Option<Said>,
}

/// A sentence about what has become of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether it was done.
    pub done: bool,
    /// The sentence.
    pub sentence: String,
}

/// The form that invites a person.
#[derive(Debug, Clone)]
pub struct InvitePage {
    /// What was typed.
    pub form: InviteForm,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// Whether making an admin needs the password now.
    pub asks_password: bool,
}

/// The form that adds a service.
#[derive(Debug, Clone)]
pub struct NewSystemRepPage {
    /// What was typed.
    pub form: SystemRepForm,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// Who can be an owner.
    pub people: Vec<RepOverview>,
}

/// One service rep.
#[derive(Debug, Clone)]
pub struct RepPage {
    /// The service rep.
    pub details: RepDetails,
    /// A link that was just made: the one showing of its code.
    pub link: Option<ShownLink>,
    /// What has just been done, or was not.
    pub notice: Option<Said>,
    /// Which form was refused, and why.
    pub refused: Option<(RepAction, Refusal)>,
}

/// A link for somebody to choose a password by.
#[derive(Debug, Clone)]
pub struct ShownLink {
    /// The link.
    pub link: AccountLink,
    /// Scheme and authority that it begins with.
    pub base_url: String,
}

/// What can be done with a service rep on their page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is said by its code")]
pub enum RepAction {
    Disable,
    Enable,
    MakeAdmin,
    MakeRep,
    ResetPassword,
    InviteAgain,
    Withdraw,
}

impl RepAction {
    /// Every action.
    pub const ALL: [Self; 7] = [
        Self::Disable,
        Self::Enable,
        Self::MakeAdmin,
        Self::MakeRep,
        Self::ResetPassword,
        Self::InviteAgain,
        Self::Withdraw,
    ];

    /// The value of the form's field `action`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::MakeAdmin => "make-admin",
            Self::MakeRep => "make-rep",
            Self::ResetPassword => "reset-password",
            Self::InviteAgain => "invite-again",
            Self::Withdraw => "withdraw",
        }
    }

    /// The action with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

/// Moving one service rep's tokens to another.
#[derive(Debug, Clone)]
pub struct MovePage {
    /// Whose tokens.
    pub details: RepDetails,
    /// The address that was typed.
    pub to: String,
    /// Who can be chosen.
    pub reps: Vec<RepOverview>,
    /// What would become of it, once somebody is chosen.
    pub preview: Option<PreviewedMove>,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// What was not done, and why.
    pub notice: Option<Said>,
}

/// Choosing whose token is to be made.
#[derive(Debug, Clone)]
pub struct TokenOwnerPage {
    /// Who was found.
    pub listing: RepListing,
    /// For which text.
    pub text: String,
    /// That whoever was chosen can have none.
    pub unfit: bool,
}

/// The form for another's token.
#[derive(Debug, Clone)]
pub struct NewTokenForPage {
    /// Whose it will be.
    pub owner: Rep,
    /// What is offered.
    pub offered: NewTokenFormView,
    /// What was typed.
    pub form: Option<TokenForm>,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
}

/// Another's token, just made.
#[derive(Debug, Clone)]
pub struct TokenAddedPage {
    /// Whose it is.
    pub owner: Rep,
    /// Who made it.
    pub maker: String,
    /// The token and its secret.
    pub token: NewTokenView,
}

/// The audit log.
#[derive(Debug, Clone)]
pub struct AuditLogPage {
    /// What was found.
    pub found: AuditPage,
    /// Who can be suggested where somebody is asked for.
    pub people: Vec<RepOverview>,
    /// That an export was asked for after the session had ended.
    pub nothing_was_exported: bool,
}

/// The page that a link for choosing a password leads to.
#[derive(Debug, Clone)]
pub struct AccountLinkPage {
    /// What the link is for.
    pub purpose: LinkPurpose,
    /// Whose it is; nobody's where it opens nothing.
    pub holder: Option<Rep>,
    /// Why the form was refused.
    pub refusal: Option<Refusal>,
}

impl AdministrationPage {
    /// The page's heading.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Reps(_) => paths::title(paths::SERVICE_REPS).to_owned(),
            Self::Invite(_) | Self::NewSystemRep(_) => paths::title(paths::NEW_REP).to_owned(),
            Self::Rep(page) => page.details.overview.rep.name.clone(),
            Self::Move(page) => format!("Move the tokens of {}", page.details.overview.rep.name),
            Self::TokenOwner(_) | Self::NewToken(_) => paths::title(paths::NEW_TOKEN_FOR).to_owned(),
            Self::AllTokens(_) => paths::title(paths::ALL_TOKENS).to_owned(),
            Self::AnyToken(page) => page.found.token.token.description.clone(),
            Self::Revocation(page) => page.title().to_owned(),
            Self::AuditLog(_) => paths::title(paths::AUDIT_LOG).to_owned(),
            Self::Policy(_) => paths::title(paths::POLICY).to_owned(),
            Self::TokenAdded(page) => format!("A token for {}", page.owner.name),
        }
    }

    /// Whether it shows a secret, this once: such a page runs no script.
    #[must_use]
    pub fn shows_secret(&self) -> bool {
        match self {
            Self::Rep(page) => page.link.is_some(),
            Self::TokenAdded(_) => true,
            _ => false,
        }
    }
}

/// The address that a link for choosing a password has below the site's own.
#[must_use]
pub fn account_link(link: &AccountLink) -> String {
    let page = match link.purpose {
        LinkPurpose::Invite => paths::INVITE,
        LinkPurpose::Reset => paths::RESET_PASSWORD,
    };
    format!("{page}?code={}", link.code.expose())
}

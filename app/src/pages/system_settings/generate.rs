//! Generating an account's token: whose it is and how long it lives; then the one showing of its secret, with what
//! the token turned out to open.

use latchkey_domain::view::ScopeView;
use latchkey_domain::{Description, Field};
use leptos::prelude::*;

use super::super::new_token::{AddressesField, ExpirationField};
use super::checks::Checks;
use super::{Problems, Suggestions, TextInput, noticed};
use crate::components::{FormState, Notice, Page, RevealPanel, TextField};
use crate::paths;
use crate::system_settings::{
    GenerateTokenPage, SystemSettingsPage, TokenGeneratedPage, WizardAction, caption_of, is_draft,
};

/// The step to which a draft's token belongs.
const BACK: &str = "?step=additional";

#[component]
pub(super) fn GenerateTokenView(page: GenerateTokenPage) -> impl IntoView {
    let title = SystemSettingsPage::GenerateToken(Box::new(page.clone())).title();
    let GenerateTokenPage { account, offer, typed, problems, refusal, notice, has_credentials, now } = page;
    let state = FormState::new("", refusal.as_ref());
    let path = paths::external_account(account.id);
    let (back, back_label) = if is_draft(&account) {
        (format!("{path}{BACK}"), "Back to the set-up")
    } else {
        (path.clone(), "Back to the account")
    };
    // What a draft's token was pasted as stays; every other is ended.
    let replaces = account.token.as_ref().filter(|token| token.is_generated || !is_draft(&account)).map(|token| {
        let sentence = format!("It takes the place of {}, which is revoked at once.", caption_of(token));
        view! { <p class="notice warn">{sentence}</p> }
    });
    let reads = offer.credential_scope.filter(|_| has_credentials).map(|scope| {
        view! { <ReadsCredentials scope=scope checked=typed.reads_credentials/> }
    });
    let may_ask = offer.asks_password && (offer.is_sensitive || reads.is_some());
    let password = may_ask.then(|| {
        let hint = if offer.is_sensitive {
            "A scope that it needs is sensitive: confirm that it is you."
        } else {
            "Only for a token that reads credentials: confirm that it is you."
        };
        view! {
            <TextField
                state=state
                field=Field::CurrentPassword
                label="Your password"
                kind="password"
                autocomplete="current-password"
                hint=hint
                required=offer.is_sensitive
            />
        }
    });
    let other = refusal.filter(|refusal| !matches!(refusal, latchkey_domain::Refusal::Invalid(_)));
    let other = other.map(|refusal| view! { <p class="notice bad" role="alert">{refusal.sentence()}</p> });
    view! {
        <Page title=title about="It gets exactly the scopes that the integration needs." path=paths::ONE_EXTERNAL_ACCOUNT parent=paths::EXTERNAL_ACCOUNTS>
            <Notice message=Signal::stored(noticed(notice))/>
            {other}
            {replaces}
            <form class="card" method="post" action=path novalidate>
                <input type="hidden" name="step" value="token"/>
                <input type="hidden" name="version" value=typed.version/>
                <div class="pad rows">
                    <Problems problems=problems.clone()/>
                    <div class="settings">
                        <TextInput
                            id=OWNER
                            label="Owner"
                            value=typed.owner
                            hint="The address of a service rep. A service’s token outlives any one person."
                            list="owners"
                            problems=problems
                        />
                        <ExpirationField
                            state=state
                            chosen=typed.expiration
                            now=now
                            longest=offer.longest
                            note=offer.expiration_note
                        />
                        <TextField
                            state=state
                            field=Field::Description
                            label="Description"
                            hint="What lists of tokens call it."
                            value=typed.description
                            max_length=Description::MAX_LENGTH
                        />
                        <AddressesField state=state offered=offer.addresses typed=typed.addresses/>
                        {password}
                    </div>
                    <ScopeNames scopes=offer.scopes/>
                    {reads}
                    <Suggestions id="owners" reps=offer.owners/>
                </div>
                <div class="foot">
                    <a class="btn quiet" href=back>{back_label}</a>
                    <button type="submit" class="btn primary" name="action" value=WizardAction::Issue.code()>"Generate"</button>
                </div>
            </form>
        </Page>
    }
}

/// The name and id of the field for the owner.
const OWNER: &str = "token_owner";

#[component]
fn ScopeNames(scopes: Vec<ScopeView>) -> impl IntoView {
    let names = scopes.into_iter().map(|scope| {
        let tag = scope.sensitive.then(|| view! { " " <span class="tag">"sensitive"</span> });
        view! { <li><strong>{scope.label}</strong>{tag}<span class="sub">{scope.description}</span></li> }
    });
    view! {
        <section aria-labelledby="scopes-title">
            <h2 id="scopes-title">"What it may do"</h2>
            <ul class="plain-list">{names.collect_view()}</ul>
        </section>
    }
}

/// The choice to let the token read what belongs to the vendor.
#[component]
fn ReadsCredentials(scope: ScopeView, checked: bool) -> impl IntoView {
    view! {
        <div class="field">
            <label class="check"><input type="checkbox" name="reads_credentials" value="on" checked=checked aria-describedby="reads-hint"/>{scope.label}</label>
            <span class="hint" id="reads-hint">{scope.description}</span>
        </div>
    }
}

#[component]
pub(super) fn TokenGeneratedView(page: TokenGeneratedPage) -> impl IntoView {
    let title = SystemSettingsPage::TokenGenerated(Box::new(page.clone())).title();
    let TokenGeneratedPage { account, token, confirmation } = page;
    let path = paths::external_account(account.id);
    let confirmation = match confirmation {
        Some(confirmation) => view! { <Checks confirmation=confirmation/> }.into_any(),
        None => view! {
            <p class="notice warn">"The token was made, and could not be confirmed just now. Paste its Auth Token into its field in a moment: that confirms it."</p>
        }
        .into_any(),
    };
    let (onward, label) = if is_draft(&account) {
        (format!("{path}{BACK}"), "Go on with the set-up")
    } else {
        (path, "Back to the account")
    };
    view! {
        <Page title=title about="It is in its field already: nothing has to be pasted." path=paths::ONE_EXTERNAL_ACCOUNT parent=paths::EXTERNAL_ACCOUNTS>
            <RevealPanel token=token live=false/>
            <section class="section" aria-labelledby="confirmation-title">
                <h2 id="confirmation-title">"Confirmation"</h2>
                <p>"Each call that the integration makes, asked of the rules that decide real calls."</p>
                {confirmation}
                <div class="foot"><a class="btn primary" href=onward>{label}</a></div>
            </section>
        </Page>
    }
}

#[cfg(test)]
mod tests {
    use latchkey_domain::external_account::AccountField;

    use super::*;

    #[test]
    fn the_owners_field_is_called_what_its_problems_say() {
        assert_eq!(OWNER, AccountField::TokenOwner.name());
    }
}

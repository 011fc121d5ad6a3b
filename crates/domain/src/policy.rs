//! The policy: the rules by which admins keep everybody's tokens in bounds.
//!
//! It holds for tokens that are made from then on. What it takes from tokens that are there already is said where each
//! rule is: scopes that become the admins' stop counting at once, tokens that are not used are revoked in time; all
//! else stays as it is until somebody revokes it.

use crate::{AddressRules, Catalog, DAY, FieldErrors, FieldProblem, Grant, Lifetime, NetworksProblem, Role, ScopeSet};

/// Whether tokens carry address rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressUse {
    /// None does.
    None,
    /// A token may.
    May,
    /// Every token does.
    Must,
}

impl AddressUse {
    /// Every one, in the form's order.
    pub const ALL: [Self; 3] = [Self::None, Self::May, Self::Must];

    /// The value in forms and in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::May => "may",
            Self::Must => "must",
        }
    }

    /// The words in the form and in the audit log.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "Tokens carry no address rules",
            Self::May => "Tokens may carry address rules",
            Self::Must => "Tokens must carry address rules",
        }
    }

    /// The one with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }
}

/// After how many days without use a token is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdleDays(u16);

impl IdleDays {
    /// The fewest days.
    pub const LEAST: u16 = 30;
    /// The most days.
    pub const MOST: u16 = 365;

    /// So many days; `None` where that is not between [`IdleDays::LEAST`] and [`IdleDays::MOST`].
    #[must_use]
    pub fn new(days: i64) -> Option<Self> {
        u16::try_from(days).ok().filter(|days| (Self::LEAST..=Self::MOST).contains(days)).map(Self)
    }

    /// The days.
    #[must_use]
    pub const fn days(self) -> u16 {
        self.0
    }

    /// The time, in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::from(self.0) * DAY
    }
}

/// The rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How long a new token lives at most.
    pub longest: Lifetime,
    /// Whether a new token may be given All Scopes.
    pub all_scopes: bool,
    /// Sensitive scopes that only admins may grant, beside those that the catalog reserves for them. It holds for
    /// tokens that are there already: where a rep owns one, these scopes do not count in it.
    pub admin_scopes: ScopeSet,
    /// After how long without use a token is revoked; never, for `None`.
    pub idle: Option<IdleDays>,
    /// Whether new tokens carry address rules.
    pub addresses: AddressUse,
    /// Where the rules of new tokens have to lie; anywhere, for `None`.
    pub networks: Option<AddressRules>,
}

impl Default for Policy {
    /// What holds until an admin says otherwise.
    fn default() -> Self {
        Self {
            longest: Lifetime::OneYear,
            all_scopes: true,
            admin_scopes: ScopeSet::default(),
            idle: None,
            addresses: AddressUse::May,
            networks: None,
        }
    }
}

impl Policy {
    /// The scopes that a service rep of this role may give to a token, and that count in the tokens they own.
    #[must_use]
    pub fn grantable_by(&self, catalog: &Catalog, role: Role) -> ScopeSet {
        let granted = catalog.grantable_by(role);
        match role {
            Role::Admin => granted,
            Role::Rep => granted.iter().filter(|name| !self.admin_scopes.contains(name)).cloned().collect(),
        }
    }

    /// What All Scopes means today, whoever asks: what every rep may grant.
    #[must_use]
    pub fn all_scopes_of(&self, catalog: &Catalog) -> ScopeSet {
        self.grantable_by(catalog, Role::Rep)
    }

    /// Whether a new token may live for so many days.
    #[must_use]
    pub const fn allows_days(&self, days: i64) -> bool {
        days <= self.longest.days()
    }

    /// Reads the address rules of a new token, and holds them against the policy.
    ///
    /// # Errors
    /// What is wrong with them, or why the policy does not allow them.
    pub fn address_rules(&self, typed: &str) -> Result<Option<AddressRules>, FieldProblem> {
        if self.addresses == AddressUse::None {
            let is_empty = typed.trim().is_empty();
            return if is_empty { Ok(None) } else { Err(FieldProblem::AddressesNotAllowed) };
        }
        let rules = AddressRules::parse(typed).map_err(FieldProblem::Addresses)?;
        match (&rules, &self.networks) {
            (None, _) if self.addresses == AddressUse::Must => Err(FieldProblem::AddressesMissing),
            (Some(rules), Some(outer)) if !rules.are_within(outer) => Err(FieldProblem::AddressesOutside),
            _ => Ok(rules),
        }
    }

    /// Whether a scope can be reserved for admins: the catalog has it, it is sensitive, and reps may grant it
    /// otherwise.
    fn can_reserve(catalog: &Catalog, name: &crate::ScopeName) -> bool {
        catalog.scope(name).is_some_and(|scope| scope.sensitive && scope.grant == Grant::Rep)
    }
}

/// The policy's form, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyForm {
    /// The code of the longest lifetime.
    pub longest: String,
    /// Whether All Scopes was ticked.
    pub all_scopes: bool,
    /// The names of the ticked scopes.
    pub admin_scopes: Vec<String>,
    /// Whether tokens without use are to be revoked.
    pub is_idle_on: bool,
    /// After how many days.
    pub idle_days: String,
    /// The code of an [`AddressUse`].
    pub addresses: String,
    /// Networks.
    pub networks: String,
}

impl PolicyForm {
    /// The form that would give this policy.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        Self {
            longest: policy.longest.code().to_owned(),
            all_scopes: policy.all_scopes,
            admin_scopes: policy.admin_scopes.iter().map(ToString::to_string).collect(),
            is_idle_on: policy.idle.is_some(),
            idle_days: policy.idle.map(|idle| idle.days().to_string()).unwrap_or_default(),
            addresses: policy.addresses.code().to_owned(),
            networks: policy.networks.as_ref().map(AddressRules::to_string).unwrap_or_default(),
        }
    }

    /// Reads the form. A scope that `before` reserves stays reserved where it is still ticked, whatever has become of
    /// it in the catalog.
    ///
    /// # Errors
    /// Every field that is wrong or contradicts another.
    pub fn parse(&self, catalog: &Catalog, before: &Policy) -> Result<Policy, FieldErrors> {
        let mut errors = FieldErrors::default();
        let longest = errors.take(Lifetime::parse(&self.longest).ok_or(FieldProblem::LongestUnknown));
        let admin_scopes = errors.take(self.parse_admin_scopes(catalog, before));
        let idle = errors.take(self.parse_idle());
        let addresses = errors.take(AddressUse::parse(&self.addresses).ok_or(FieldProblem::AddressUseUnknown));
        let networks = errors.take(AddressRules::parse(&self.networks).map_err(FieldProblem::PolicyNetworks));
        if addresses == Some(AddressUse::None) && !self.networks.trim().is_empty() {
            errors.add(FieldProblem::NetworksWithoutRules);
        }
        let (Some(longest), Some(admin_scopes), Some(idle), Some(addresses), Some(networks), true) =
            (longest, admin_scopes, idle, addresses, networks, errors.is_empty())
        else {
            return Err(errors);
        };
        let policy = Policy { longest, all_scopes: self.all_scopes, admin_scopes, idle, addresses, networks };
        if policy.all_scopes_of(catalog).is_empty() {
            return Err(FieldErrors::one(FieldProblem::AdminScopesLeaveNothing));
        }
        Ok(policy)
    }

    fn parse_admin_scopes(&self, catalog: &Catalog, before: &Policy) -> Result<ScopeSet, FieldProblem> {
        let names = self.admin_scopes.iter().map(|name| name.parse());
        let names: ScopeSet = names.collect::<Result<_, _>>().map_err(|_| FieldProblem::AdminScopeUnfit)?;
        let fits = |name| Policy::can_reserve(catalog, name) || before.admin_scopes.contains(name);
        if names.iter().all(fits) { Ok(names) } else { Err(FieldProblem::AdminScopeUnfit) }
    }

    fn parse_idle(&self) -> Result<Option<IdleDays>, FieldProblem> {
        if !self.is_idle_on {
            return Ok(None);
        }
        let typed = self.idle_days.trim();
        let is_plain = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit());
        let days = typed.parse().ok().filter(|_| is_plain).and_then(IdleDays::new);
        days.map(Some).ok_or(FieldProblem::IdleDaysInvalid)
    }
}

impl NetworksProblem {
    /// What to tell the person: what is wrong and what to do.
    pub(crate) fn sentence(self) -> String {
        match self {
            Self::Malformed(number) => {
                format!(
                    "Entry {number} is no network: write an address like 203.0.113.7, or a network like 10.0.0.0/8."
                )
            }
            Self::HostBits(number) => {
                format!("Entry {number} goes on beyond its length: write 10.0.0.0/8 rather than 10.1.2.3/8.")
            }
            Self::Unusable(number) => format!("No call can come from entry {number}: remove it."),
            Self::TooMany => format!("Name {} networks at most.", AddressRules::MOST),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Field, Scope, ScopeName};

    fn catalog() -> Catalog {
        let scope = |label: &str, sensitive, grant| Scope {
            name: ScopeName::from_label(label).unwrap(),
            label: label.to_owned(),
            description: "What it opens.".to_owned(),
            sensitive,
            grant,
            routes: Vec::new(),
        };
        Catalog::new(vec![
            scope("Task Read", false, Grant::Rep),
            scope("Employee Read", true, Grant::Rep),
            scope("E-Verify Write", true, Grant::Rep),
            scope("Token Introspect", true, Grant::Admin),
        ])
        .unwrap()
    }

    fn form() -> PolicyForm {
        PolicyForm {
            longest: "180d".to_owned(),
            all_scopes: false,
            admin_scopes: vec!["e-verify-write".to_owned()],
            is_idle_on: true,
            idle_days: " 45 ".to_owned(),
            addresses: "must".to_owned(),
            networks: "10.0.0.0/8".to_owned(),
        }
    }

    fn problems(form: &PolicyForm) -> Vec<FieldProblem> {
        form.parse(&catalog(), &Policy::default()).err().map(|errors| errors.iter().collect()).unwrap_or_default()
    }

    #[test]
    fn a_filled_in_form_becomes_a_policy_and_back() {
        let policy = form().parse(&catalog(), &Policy::default()).unwrap();
        assert_eq!(policy.longest, Lifetime::Days180);
        assert_eq!(policy.idle.map(IdleDays::days), Some(45));
        assert_eq!(policy.admin_scopes.to_string(), "e-verify-write");
        for policy in [policy, Policy::default()] {
            assert_eq!(PolicyForm::of(&policy).parse(&catalog(), &Policy::default()), Ok(policy));
        }
    }

    #[test]
    fn an_empty_form_is_wrong_everywhere_at_once() {
        let expected = [FieldProblem::LongestUnknown, FieldProblem::AddressUseUnknown];
        assert_eq!(problems(&PolicyForm::default()), expected);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let with = |change: &dyn Fn(&mut PolicyForm)| {
            let mut form = form();
            change(&mut form);
            problems(&form)
        };
        assert_eq!(with(&|_| ()), []);
        for days in ["", "29", "366", "-45", "+45", "45.0", "4 5", "99999999999999999999"] {
            assert_eq!(with(&|form| days.clone_into(&mut form.idle_days)), [FieldProblem::IdleDaysInvalid], "{days:?}");
        }
        for days in ["30", "365"] {
            assert_eq!(with(&|form| days.clone_into(&mut form.idle_days)), [], "{days:?}");
        }
        let without = |form: &mut PolicyForm| "none".clone_into(&mut form.addresses);
        assert_eq!(with(&without), [FieldProblem::NetworksWithoutRules]);
        let networks = |text: &'static str| with(&|form| text.clone_into(&mut form.networks));
        assert_eq!(networks("10.0.0.0/8 x"), [FieldProblem::PolicyNetworks(NetworksProblem::Malformed(2))]);
        assert_eq!(networks("224.0.0.0/4"), [FieldProblem::PolicyNetworks(NetworksProblem::Unusable(1))]);
        let scopes =
            |names: &[&str]| with(&|form| form.admin_scopes = names.iter().map(|&name| name.to_owned()).collect());
        for unfit in ["task-read", "token-introspect", "no-such", "No Such", ""] {
            assert_eq!(scopes(&[unfit]), [FieldProblem::AdminScopeUnfit], "{unfit:?}");
        }
        assert_eq!(scopes(&["employee-read", "e-verify-write"]), []);
    }

    #[test]
    fn reps_are_left_something_to_grant() {
        let all_sensitive = Catalog::new(vec![Scope {
            name: "employee-read".parse().unwrap(),
            label: "Employee Read".to_owned(),
            description: "What it opens.".to_owned(),
            sensitive: true,
            grant: Grant::Rep,
            routes: Vec::new(),
        }])
        .unwrap();
        let form = PolicyForm { admin_scopes: vec!["employee-read".to_owned()], ..form() };
        let errors = form.parse(&all_sensitive, &Policy::default()).unwrap_err();
        assert_eq!(errors.at(Field::AdminScopes), Some(FieldProblem::AdminScopesLeaveNothing));
    }

    #[test]
    fn what_was_reserved_stays_so_whatever_the_catalog_says() {
        let before = Policy { admin_scopes: "gone-read task-read".parse().unwrap(), ..Policy::default() };
        let form = PolicyForm::of(&before);
        assert_eq!(form.parse(&catalog(), &before), Ok(before.clone()));
        assert!(form.parse(&catalog(), &Policy::default()).is_err());
    }

    #[test]
    fn reserved_scopes_are_the_admins_and_no_part_of_all_scopes() {
        let policy = form().parse(&catalog(), &Policy::default()).unwrap();
        let names = |role| policy.grantable_by(&catalog(), role).to_string();
        assert_eq!(names(Role::Rep), "employee-read task-read");
        assert_eq!(names(Role::Admin), "e-verify-write employee-read task-read token-introspect");
        assert_eq!(policy.all_scopes_of(&catalog()).to_string(), "employee-read task-read");
    }

    #[test]
    fn a_tokens_rules_are_held_against_the_policy() {
        let of = |addresses, networks: &str| Policy {
            addresses,
            networks: AddressRules::parse(networks).unwrap(),
            ..Policy::default()
        };
        let written = |policy: &Policy, typed: &str| {
            policy.address_rules(typed).map(|rules| rules.as_ref().map(AddressRules::to_string).unwrap_or_default())
        };
        let must = of(AddressUse::Must, "10.0.0.0/8");
        assert_eq!(written(&must, "10.1.0.0/16").as_deref(), Ok("10.1.0.0/16"));
        assert_eq!(written(&must, "  "), Err(FieldProblem::AddressesMissing));
        assert_eq!(written(&must, "10.1.0.0/16 192.0.2.7"), Err(FieldProblem::AddressesOutside));
        assert_eq!(written(&must, "x"), Err(FieldProblem::Addresses(NetworksProblem::Malformed(1))));
        let may = of(AddressUse::May, "10.0.0.0/8");
        assert_eq!(written(&may, "").as_deref(), Ok(""));
        assert_eq!(written(&may, "192.0.2.7"), Err(FieldProblem::AddressesOutside));
        let none = of(AddressUse::None, "");
        assert_eq!(written(&none, " ").as_deref(), Ok(""));
        assert_eq!(written(&none, "192.0.2.7"), Err(FieldProblem::AddressesNotAllowed));
    }

    proptest! {
        #[test]
        fn any_form_gets_an_answer(
            longest in any::<String>(),
            idle_days in any::<String>(),
            addresses in "none|may|must|.*",
            networks in any::<String>(),
            admin_scopes in any::<Vec<String>>(),
        ) {
            let form = PolicyForm { longest, all_scopes: true, admin_scopes, is_idle_on: true, idle_days, addresses, networks };
            let _ = form.parse(&catalog(), &Policy::default());
        }
    }
}

//! The main areas of the pages behind the sign-in: what the top bar and the side bar lead to, by role.

use latchkey_domain::Role;

use crate::paths;

/// A main area: an entry of the top bar, with the pages of its side bar.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Area {
    /// Its name in the top bar.
    pub(crate) label: &'static str,
    /// What its side bar is headed.
    pub(crate) sections_label: &'static str,
    /// The pages of its side bar. The first is where the top bar leads.
    pub(crate) sections: &'static [&'static str],
    /// Whether it is for admins alone.
    for_admins: bool,
}

const AREAS: [Area; 3] = [
    Area {
        label: "Settings",
        sections_label: "User Settings",
        sections: &[paths::GENERAL, paths::TOKENS, paths::DIAGNOSTICS],
        for_admins: false,
    },
    Area {
        label: "Administration",
        sections_label: "Administration",
        sections: &[paths::ALL_TOKENS, paths::SERVICE_REPS, paths::POLICY, paths::AUDIT_LOG],
        for_admins: true,
    },
    Area {
        label: "System Settings",
        sections_label: "System Settings",
        sections: &[paths::EXTERNAL_ACCOUNTS],
        for_admins: true,
    },
];

impl Area {
    /// Where the top bar leads.
    pub(crate) fn landing(&self) -> &'static str {
        self.sections.first().copied().unwrap_or(paths::TOKENS)
    }

    /// The page of its side bar that the page at this path belongs to.
    pub(crate) fn section_of(&self, path: &str) -> Option<&'static str> {
        let leads_to =
            |section: &str| path.strip_prefix(section).is_some_and(|below| below.is_empty() || below.starts_with('/'));
        self.sections.iter().copied().find(|section| leads_to(section))
    }
}

/// The areas that people of this role may use.
pub(crate) fn of_role(role: Role) -> impl Iterator<Item = &'static Area> {
    AREAS.iter().filter(move |area| role == Role::Admin || !area.for_admins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area_at(path: &str, role: Role) -> Option<&'static str> {
        of_role(role).find(|area| area.section_of(path).is_some()).map(|area| area.label)
    }

    #[test]
    fn a_page_belongs_to_the_section_above_it() {
        let section = |path| AREAS.iter().find_map(|area| area.section_of(path));
        for below in [paths::TOKENS, paths::NEW_TOKEN, "/settings/personal-access-tokens/LK1"] {
            assert_eq!(section(below), Some(paths::TOKENS), "{below}");
        }
        assert_eq!(section("/settings/personal-access-tokens-of-old"), None);
    }

    #[test]
    fn reps_have_no_administration() {
        assert_eq!(area_at(paths::SERVICE_REPS, Role::Admin), Some("Administration"));
        assert_eq!(area_at(paths::SERVICE_REPS, Role::Rep), None);
        assert_eq!(area_at(paths::NEW_EXTERNAL_ACCOUNT, Role::Admin), Some("System Settings"));
        assert_eq!(area_at(paths::NEW_EXTERNAL_ACCOUNT, Role::Rep), None);
        assert_eq!(area_at(paths::GENERAL, Role::Rep), Some("Settings"));
    }

    #[test]
    fn what_is_for_admins_lies_where_only_admins_may_go() {
        for area in &AREAS {
            assert!(area.sections.iter().all(|path| paths::is_for_admins(path) == area.for_admins), "{}", area.label);
        }
    }
}

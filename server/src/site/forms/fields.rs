//! The fields of a posted form.

use latchkey_domain::{Field, PlainText};
use zeroize::Zeroize;

/// The fields of a form or a query (`application/x-www-form-urlencoded`), in order. Wiped when dropped: some
/// hold passwords.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the fields. What is not UTF-8 is read with replacement characters, which no check lets pass.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The text of a field; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.find(name).unwrap_or_default().to_owned()
    }

    /// The text of one of the domain's fields.
    pub(crate) fn typed(&self, field: Field) -> String {
        self.text(field.name())
    }

    /// The text of a field that is secret.
    pub(crate) fn secret(&self, name: &str) -> PlainText {
        PlainText::new(self.text(name))
    }

    /// The texts of all fields of one name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// Wipes the fields whose names are such.
    pub(crate) fn forget(&mut self, is_secret: impl Fn(&str) -> bool) {
        for (_, value) in self.0.iter_mut().filter(|(name, _)| is_secret(name)) {
            value.zeroize();
        }
        self.0.retain(|(name, _)| !is_secret(name));
    }

    /// Names and texts of all fields whose names begin with `prefix`, which is left out.
    pub(crate) fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order() {
        let fields = Fields::read(b"description=E%2DVerify+now&scopes%5B%5D=a&scopes%5B%5D=b&description=later");
        assert_eq!(fields.typed(Field::Description), "E-Verify now");
        assert_eq!(fields.all("scopes[]"), ["a", "b"]);
        assert_eq!(fields.text("missing"), "");
        assert_eq!(Fields::read(b"a.x=1&b.y=2&a.=3").below("a.").collect::<Vec<_>>(), [("x", "1"), ("", "3")]);
        assert_eq!(Fields::read(b"a=%FF").text("a"), "\u{fffd}");
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let mut fields = Fields::read(b"name=Ann&password=x&password=y");
        fields.forget(|name| name == "password");
        assert_eq!((fields.text("name").as_str(), fields.all("password").len()), ("Ann", 0));
    }
}

//! Everybody's tokens: the list, one of them, and revoking several.

mod any_token;
mod filters;
mod list;
mod revocation;
mod table;

pub(super) use any_token::AnyTokenView;
pub(super) use list::AllTokensView;
pub(super) use revocation::RevocationView;

/// A number as people read it: "10,000".
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 token", "10,000 tokens".
fn tokens(count: u64) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{} tokens", grouped(count)) }
}

/// The same of what was counted so far: "10,000+ tokens", where there may be more.
pub(super) fn least(count: u64, is_least: bool) -> String {
    if is_least { format!("{}+ tokens", grouped(count)) } else { tokens(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}

//! What is answered to arguments that make no sense.

use std::process::ExitCode;

use clap::error::ErrorKind;

use super::failure::{Exit, one_line};
use super::output;

/// Prints help or the version where that is what was asked for; otherwise says in one line what is wrong.
pub(super) fn answer(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match output::text(&error.render().to_string()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failed) => failed.exit.into(),
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output::tell(error.render().to_string().trim_end());
            Exit::Usage.into()
        }
        _ => {
            output::complain(&in_one_line(&error.render().to_string()));
            Exit::Usage.into()
        }
    }
}

/// The first paragraph of clap's message, which says what is wrong; usage and hints follow it.
fn in_one_line(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or_default();
    let what = one_line(paragraph.strip_prefix("error: ").unwrap_or(paragraph));
    format!("{what} (--help says more)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_missing_arguments_make_one_line() {
        let message = "error: these are missing:\n  --email <E>\n  --name <N>\n\nUsage: latchkey rep add\n";
        assert_eq!(in_one_line(message), "these are missing: --email <E> --name <N> (--help says more)");
    }
}

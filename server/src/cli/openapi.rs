//! `latchkey openapi`

use clap::Args;

use super::failure::{Broken as _, Failed};
use super::setting::Sources;
use super::{output, public_url};
use crate::openapi;

#[derive(Debug, Args)]
pub(super) struct Openapi {
    /// Where vendors reach Latchkey.
    #[arg(
        long,
        help = "Where vendors reach Latchkey, as https://pat.example.com",
        value_name = "URL",
        env = "LATCHKEY_PUBLIC_URL",
        value_parser = public_url::parse
    )]
    public_url: Option<String>,
}

impl Openapi {
    /// Prints the contract for the catalog in use.
    pub(super) fn run(self, sources: &Sources) -> Result<(), Failed> {
        let catalog = sources.read_catalog(&sources.catalog_text()?)?;
        let document = openapi::document(&catalog, self.public_url.as_deref());
        output::text(&openapi::text(&document).broken(|error| format!("the contract could not be written: {error}"))?)
    }
}

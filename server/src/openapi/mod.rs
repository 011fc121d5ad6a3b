//! The contract of the vendor API as an OpenAPI 3.1 document, and the pages that show it.
//!
//! It is made once, at the start, of the catalog in use (`document`): Latchkey's own routes (`own_paths`), the
//! catalog's (`catalog_paths`), the answers and schemas that they share (`answers`, `schemas`). Programs get it at
//! `/api/openapi.json` (`served`), operators from `latchkey openapi`, people as a page (`reference`): the page is
//! made of the document and of nothing else, so it cannot say something different.

mod answers;
mod catalog_paths;
mod document;
mod examples;
mod operation;
mod own_paths;
mod reference;
mod schemas;
mod served;

pub use document::{document, text};
pub(crate) use served::router;
pub use served::{PAGES, PATH};

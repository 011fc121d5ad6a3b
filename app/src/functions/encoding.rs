//! How functions answer: JSON.
//!
//! The same as the framework's own JSON answers, but read as text. Data that comes with a page is read as text
//! too, so the browser holds one JSON reader instead of two.

use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};

/// JSON, read as text.
pub struct TextualJson;

/// A function's answer in JSON.
pub type Answer = Post<TextualJson>;

impl ContentType for TextualJson {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for TextualJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for TextualJson {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for TextualJson {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        std::str::from_utf8(&bytes).map_err(serde_json::Error::custom).and_then(serde_json::from_str)
    }
}

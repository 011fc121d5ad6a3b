//! The contract of the vendor API as its page shows it. The server makes it of the OpenAPI document.

/// The operations that are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// What was searched for; empty where all is shown.
    pub needle: String,
    /// How many operations there are in all.
    pub total: usize,
    /// Those that are shown, by resource.
    pub groups: Vec<ReferenceGroup>,
}

/// The operations on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceGroup {
    /// An id that no other element of the page has.
    pub id: String,
    /// The resource.
    pub name: String,
    /// A sentence about it, or nothing.
    pub about: String,
    /// The operations, in order of path.
    pub operations: Vec<ReferenceOperation>,
}

/// A method and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceOperation {
    /// Its id in the document.
    pub id: String,
    /// The method.
    pub method: String,
    /// The path, with its parameters in braces.
    pub path: String,
    /// What it does, in a few words.
    pub summary: String,
    /// What it does, in paragraphs.
    pub about: String,
    /// The scope that a token needs.
    pub scope: Option<String>,
    /// Whether a token is needed at all.
    pub needs_token: bool,
    /// What can be sent.
    pub parameters: Vec<ReferenceParameter>,
    /// What can come back.
    pub answers: Vec<ReferenceAnswer>,
    /// A line that a shell can run.
    pub curl: String,
}

/// Something that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceParameter {
    /// Its name.
    pub name: String,
    /// Where it stands: `path`, `query`, `header`, or a body's media type.
    pub place: String,
    /// Whether it has to be there.
    pub required: bool,
    /// What it means.
    pub about: String,
}

/// Something that can come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceAnswer {
    /// The status.
    pub status: String,
    /// What it means, in paragraphs.
    pub about: String,
}

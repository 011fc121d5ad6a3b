//! The catalog's routes: what each does in the record store follows from its method and its path.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_domain::{Catalog, Method, Scope};
use latchkey_service::{MAX_PAGE, MAX_RECORDS};
use serde_json::json;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{HttpMethod, ObjectBuilder, Paths, Required};

use crate::api::RecordAction;

use super::answers::{authenticated, content, shared};
use super::examples;
use super::operation::{Needs, operation, parameter, with_refusals};

/// What stands before the names of collections.
const PREFIX: &str = "/api/v1/";

/// What the contract says of each.
impl RecordAction {
    /// The first word of the operation's id.
    const fn verb(self, method: Method) -> &'static str {
        match (self, method) {
            (Self::Search, _) => "search",
            (Self::List, _) => "list",
            (Self::Create, _) => "create",
            (Self::Read, _) => "read",
            (Self::Replace, _) => "replace",
            (Self::Delete, _) => "delete",
            (Self::NotImplemented, Method::Get) => "get",
            (Self::NotImplemented, Method::Post) => "post",
            (Self::NotImplemented, Method::Put) => "put",
            (Self::NotImplemented, Method::Patch) => "patch",
            (Self::NotImplemented, Method::Delete) => "remove",
        }
    }

    fn summary(self, collection: &str) -> String {
        match self {
            Self::Search => "Search all collections".to_owned(),
            Self::List => format!("List {collection}"),
            Self::Create => format!("Add a record to {collection}"),
            Self::Read => format!("Read a record of {collection}"),
            Self::Replace => format!("Replace a record of {collection}"),
            Self::Delete => format!("Delete a record of {collection}"),
            Self::NotImplemented => format!("A call to the upstream's {collection}"),
        }
    }
}

/// Adds the routes; the tags that they stand under come back, in the catalog's order.
pub(super) fn add_to(paths: &mut Paths, catalog: &Catalog) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut templates: BTreeMap<String, &str> = BTreeMap::new();
    for scope in catalog.scopes() {
        let resource = resource(&scope.label);
        if !scope.routes.is_empty() && tags.iter().all(|tag| tag.name != resource) {
            tags.push(TagBuilder::new().name(resource).build());
        }
        for route in &scope.routes {
            // Two templates that differ in the names of their parameters alone are one path.
            let path = *templates.entry(shape(&route.path)).or_insert(&route.path);
            let id = unused_id(
                &mut ids,
                &format!(
                    "{}_{}",
                    RecordAction::of(route.method, path, path.ends_with('}')).verb(route.method),
                    slug(path)
                ),
            );
            let described = describe(route.method, path, &id, resource, scope);
            paths.add_path_operation(path, vec![http_method(route.method)], described);
        }
    }
    tags
}

fn describe(method: Method, path: &str, id: &str, resource: &str, scope: &Scope) -> OperationBuilder {
    let kind = RecordAction::of(method, path, path.ends_with('}'));
    let summary = kind.summary(&collection(path));
    let begun = operation(id, resource, &summary, &scope.description, Needs::Scope(scope.name.as_str()));
    let begun = path_parameters(path).fold(begun, OperationBuilder::parameter);
    let described = match kind {
        RecordAction::List => paged(begun).response("200", shared("RecordList")),
        RecordAction::Search => {
            let needle =
                parameter(ParameterIn::Query, "q", "The text to search for, 1 to 200 characters.", "Northwind");
            paged(begun.parameter(needle.required(Required::True))).response("200", shared("SearchResults"))
        }
        RecordAction::Create => with_body(begun).response("201", shared("RecordCreated")),
        RecordAction::Read => begun.response("200", shared("Record")),
        RecordAction::Replace => with_body(begun.parameter(if_match(Required::True))).response("200", shared("Record")),
        RecordAction::Delete => begun.parameter(if_match(Required::False)).response("204", shared("Done")),
        RecordAction::NotImplemented => begun.response("200", authenticated("The upstream's answer.")),
    };
    let refusals: &[u16] = match kind {
        RecordAction::List | RecordAction::Search => &[502, 504],
        RecordAction::Create => &[408, 409, 413, 415, 502, 504],
        RecordAction::Read => &[404, 502, 504],
        RecordAction::Replace => &[404, 408, 412, 413, 415, 428, 502, 504],
        RecordAction::Delete => &[404, 412, 502, 504],
        RecordAction::NotImplemented => &[501, 502, 504],
    };
    with_refusals(described, refusals)
}

fn paged(operation: OperationBuilder) -> OperationBuilder {
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(MAX_PAGE))
        .default(Some(json!(50)));
    let limit = ParameterBuilder::new()
        .name("limit")
        .parameter_in(ParameterIn::Query)
        .description(Some(format!("How many records an answer has at most, 1 to {MAX_PAGE}.")))
        .schema(Some(limit))
        .example(Some(json!(50)));
    let after = ParameterBuilder::new()
        .name("after")
        .parameter_in(ParameterIn::Query)
        .description(Some("The value of `next` in the answer before."))
        .schema(Some(record_id()))
        .example(Some(json!(examples::ID)));
    operation.parameter(limit).parameter(after)
}

fn with_body(operation: OperationBuilder) -> OperationBuilder {
    let about =
        format!("The record's content: a JSON object of at most 64 KiB. A collection holds {MAX_RECORDS} records.");
    let body = RequestBodyBuilder::new()
        .description(Some(about))
        .required(Some(Required::True))
        .content("application/json", content("RecordData", examples::record_data()));
    operation.request_body(Some(body.build()))
}

fn if_match(required: Required) -> Parameter {
    let about = "Which version is meant: the record's `ETag`, or `*` for any.";
    parameter(ParameterIn::Header, "If-Match", about, "\"1\"").required(required).build()
}

fn record_id() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{32}$"))
}

fn path_parameters(path: &str) -> impl Iterator<Item = Parameter> {
    let last = path.rsplit('/').next();
    names_in(path).map(move |name| {
        let names_record = last.is_some_and(|last| last.trim_matches(['{', '}']) == name);
        let about = if names_record { "The record's id." } else { "A part of the path." };
        let written = parameter(ParameterIn::Path, name, about, examples::ID);
        if names_record { written.schema(Some(record_id())).build() } else { written.build() }
    })
}

fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// A scope's label without what it lets one do: "Job Order Candidate Read" is about job order candidates.
fn resource(label: &str) -> &str {
    label.strip_suffix(" Read").or_else(|| label.strip_suffix(" Write")).unwrap_or(label)
}

/// The name of a path's collection in words.
fn collection(path: &str) -> String {
    let last = path.rsplit('/').find(|segment| !segment.starts_with('{')).unwrap_or_default();
    last.replace(['-', '_'], " ")
}

fn slug(path: &str) -> String {
    let segments = path.strip_prefix(PREFIX).unwrap_or(path).split('/').filter(|segment| !segment.is_empty());
    let words = segments.map(|segment| match segment.strip_prefix('{') {
        Some(name) => format!("by_{}", name.trim_end_matches('}')),
        None => segment.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect(),
    });
    words.collect::<Vec<_>>().join("_")
}

fn shape(path: &str) -> String {
    path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

/// The id, or the id with a number where another route has it already.
fn unused_id(ids: &mut BTreeSet<String>, wanted: &str) -> String {
    let numbered = (2_u32..).map(|number| format!("{wanted}_{number}"));
    let free = std::iter::once(wanted.to_owned()).chain(numbered).find(|id| !ids.contains(id)).unwrap_or_default();
    ids.insert(free.clone());
    free
}

const fn http_method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Patch => HttpMethod::Patch,
        Method::Delete => HttpMethod::Delete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_of_method_and_path_and_never_twice() {
        let mut ids = BTreeSet::new();
        assert_eq!(slug("/api/v1/job-boards/{id}"), "job_boards_by_id");
        assert_eq!(slug("/v2/a/{b}/c"), "v2_a_by_b_c");
        assert_eq!(unused_id(&mut ids, "list_a"), "list_a");
        assert_eq!(unused_id(&mut ids, "list_a"), "list_a_2");
        assert_eq!(unused_id(&mut ids, "list_a"), "list_a_3");
    }

    #[test]
    fn collections_and_resources_have_names_in_words() {
        assert_eq!(collection("/api/v1/job-boards/{id}"), "job boards");
        assert_eq!(resource("Job Board Write"), "Job Board");
        assert_eq!(resource("Universal Search"), "Universal Search");
    }
}

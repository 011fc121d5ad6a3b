//! The document as the page shows it: operations by resource, those that a reader searched for.

use std::fmt::Write as _;

use latchkey_app::{Reference, ReferenceAnswer, ReferenceGroup, ReferenceOperation, ReferenceParameter};
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// The longest text to search for, in characters. What is longer is cut off.
const MAX_NEEDLE: usize = 100;

/// What the page shows for a request with this query.
pub(super) fn shown(document: &Value, query: &str) -> Reference {
    let needle = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q");
    let needle: String = needle.map(|(_, value)| value.trim().chars().take(MAX_NEEDLE).collect()).unwrap_or_default();
    let words: Vec<String> = needle.split_whitespace().map(str::to_lowercase).collect();
    let operations = operations(document);
    let total = operations.len();
    let tags = document.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let groups = tags.iter().filter_map(|tag| {
        let name = text(tag, "name");
        let here = operations.iter().filter(|(tag, operation)| *tag == name && has_all(&name, operation, &words));
        let operations: Vec<_> = here.map(|(_, operation)| operation.clone()).collect();
        let group = ReferenceGroup { id: anchor(&name), about: text(tag, "description"), name, operations };
        (!group.operations.is_empty()).then_some(group)
    });
    Reference { groups: groups.collect(), total, needle }
}

fn has_all(tag: &str, operation: &ReferenceOperation, words: &[String]) -> bool {
    let ReferenceOperation { method, path, summary, scope, .. } = operation;
    let scope = scope.as_deref().unwrap_or_default();
    let all = format!("{tag} {method} {path} {summary} {scope}").to_lowercase();
    words.iter().all(|word| all.contains(word))
}

/// Every operation, with its tag.
fn operations(document: &Value) -> Vec<(String, ReferenceOperation)> {
    let paths = document.get("paths").and_then(Value::as_object);
    let pairs = paths.into_iter().flatten().flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| Some((*method, path.as_str(), item.get(*method)?)))
    });
    pairs.map(|(method, path, found)| (tag_of(found), operation(document, method, path, found))).collect()
}

fn tag_of(operation: &Value) -> String {
    operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn operation(document: &Value, method: &str, path: &str, found: &Value) -> ReferenceOperation {
    let list = |name: &str| found.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut parameters: Vec<ReferenceParameter> = list("parameters").iter().map(parameter).collect();
    if let Some((media_type, _)) = body(found) {
        let about = found.pointer("/requestBody/description").and_then(Value::as_str);
        parameters.push(ReferenceParameter {
            name: "body".to_owned(),
            place: media_type.to_owned(),
            required: true,
            about: about.unwrap_or("The form's fields: `token`, and `token_type_hint` if you like.").to_owned(),
        });
    }
    let answers = found.get("responses").and_then(Value::as_object);
    ReferenceOperation {
        id: text(found, "operationId"),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(found, "summary"),
        about: text(found, "description"),
        scope: list("x-required-scopes").first().and_then(Value::as_str).map(str::to_owned),
        needs_token: !list("security").is_empty(),
        parameters,
        answers: answers.into_iter().flatten().map(|(status, answer)| answer_of(document, status, answer)).collect(),
        curl: curl(method, path, found),
    }
}

fn parameter(found: &Value) -> ReferenceParameter {
    ReferenceParameter {
        name: text(found, "name"),
        place: text(found, "in"),
        required: found.get("required").and_then(Value::as_bool).unwrap_or_default(),
        about: text(found, "description"),
    }
}

fn answer_of(document: &Value, status: &str, answer: &Value) -> ReferenceAnswer {
    let shared = answer.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    let answer = shared.and_then(|pointer| document.pointer(pointer)).unwrap_or(answer);
    ReferenceAnswer { status: status.to_owned(), about: text(answer, "description") }
}

/// A line that a shell can run, with its variables.
fn curl(method: &str, path: &str, found: &Value) -> String {
    let mut line = "curl".to_owned();
    if method != "get" {
        // Writing to a text cannot fail.
        let _ = write!(line, " -X {}", method.to_uppercase());
    }
    if found.get("security").and_then(Value::as_array).is_some_and(|schemes| !schemes.is_empty()) {
        line.push_str(" -u \"$ACCOUNT_SID:$AUTH_TOKEN\"");
    }
    let mut target = path.replace("{id}", "$ID").replace("{path}", "api/v1/orders");
    let mut separator = '?';
    for parameter in found.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        let (name, example) = (text(parameter, "name"), parameter.get("example").map(plain).unwrap_or_default());
        match text(parameter, "in").as_str() {
            "header" => {
                let _ = write!(line, " \\\n  -H '{name}: {example}'");
            }
            "query" if name != "after" => {
                let _ = write!(target, "{separator}{name}={example}");
                separator = '&';
            }
            _ => {}
        }
    }
    match body(found) {
        Some(("application/json", example)) => {
            let _ = write!(line, " \\\n  -H 'Content-Type: application/json' -d '{example}'");
        }
        Some(_) => line.push_str(" \\\n  --data-urlencode \"token=$TOKEN\""),
        None => {}
    }
    let _ = write!(line, " \\\n  \"$LATCHKEY_URL{target}\"");
    line
}

/// The first form of a request's body, and its example.
fn body(found: &Value) -> Option<(&str, &Value)> {
    let (media_type, content) = found.pointer("/requestBody/content")?.as_object()?.iter().next()?;
    Some((media_type, content.get("example").unwrap_or(&Value::Null)))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn anchor(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    format!("group-{}", letters.collect::<String>())
}

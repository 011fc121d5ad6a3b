//! One style sheet out of many.
//!
//! `style/index.css` names the others in their order, one `@import "name.css";` a line, and holds nothing else. A
//! browser that reads it directly sees the same page as one that gets our joined sheet; a sheet that nobody imports
//! is a mistake, and an error here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::fingerprint::{self, has_extension};

/// The file that gives the order.
const INDEX: &str = "index.css";

/// Joins the sheets of `directory` in the order of its index. None if there is no such directory or index yet.
pub(crate) fn join(directory: &Path) -> Result<Option<String>> {
    let index_path = directory.join(INDEX);
    if !index_path.is_file() {
        return Ok(None);
    }
    let names = imports(&read(&index_path)?).with_context(|| format!("{} is wrong", index_path.display()))?;
    let listed: BTreeSet<&str> = names.iter().map(String::as_str).chain([INDEX]).collect();
    for file in fingerprint::files_below(directory)? {
        if has_extension(&file, "css") && !listed.contains(file.as_str()) {
            bail!("style/{file} is not imported by style/{INDEX}");
        }
    }
    let mut joined = String::new();
    for name in &names {
        let sheet = read(&directory.join(name))?;
        for line in without_comments(&sheet).lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            joined.push_str(line);
            joined.push('\n');
        }
    }
    Ok(Some(joined))
}

/// A sheet as browsers need it. No string in our sheets holds the marks of a comment.
fn without_comments(sheet: &str) -> String {
    let mut kept = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((before, comment)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// The names that an index imports, in order.
fn imports(index: &str) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (number, line) in (1..).zip(index.lines()) {
        let line = line.trim();
        let is_comment = line.starts_with("/*") && line.ends_with("*/");
        if line.is_empty() || is_comment {
            continue;
        }
        let name = line
            .strip_prefix("@import \"")
            .and_then(|rest| rest.strip_suffix("\";"))
            .filter(|name| has_extension(name, "css") && !name.contains(['"', ':', '\\']) && !name.contains(".."))
            .with_context(|| format!("line {number} is not of the form `@import \"name.css\";`: {line}"))?;
        if names.iter().any(|earlier| earlier == name) {
            bail!("line {number} imports {name} a second time");
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_stay_behind() {
        assert_eq!(without_comments("/* a */ b { } /* c\n d */e"), " b { } e");
        assert_eq!(without_comments("a /* never closed"), "a ");
    }

    fn style(files: &[(&str, &str)]) -> Result<Option<String>> {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, content) in files {
            fs::write(directory.path().join(name), content).expect("a file");
        }
        join(directory.path())
    }

    #[test]
    fn sheets_follow_each_other_in_the_order_of_the_index() {
        let joined = style(&[
            ("a.css", "a { color: red }\n\n"),
            ("b.css", "b { color: blue }"),
            ("index.css", "/* order matters */\n@import \"b.css\";\n\n@import \"a.css\";\n"),
        ]);
        assert_eq!(joined.expect("a sheet").as_deref(), Some("b { color: blue }\na { color: red }\n"));
    }

    #[test]
    fn without_an_index_there_is_no_sheet() {
        assert_eq!(style(&[]).expect("nothing"), None);
    }

    #[test]
    fn a_sheet_that_nobody_imports_is_an_error() {
        let error = style(&[("lost.css", ""), ("index.css", "")]).expect_err("an error");
        assert_eq!(error.to_string(), "style/lost.css is not imported by style/index.css");
    }

    #[test]
    fn an_import_of_nothing_is_an_error() {
        let error = style(&[("index.css", "@import \"gone.css\";")]).expect_err("an error");
        assert!(error.to_string().contains("gone.css cannot be read"), "{error}");
    }

    #[test]
    fn anything_but_an_import_is_refused_by_line() {
        for wrong in
            ["body { margin: 0 }", "@import url(a.css);", "@import \"../a.css\";", "@import \"http://a/b.css\";"]
        {
            let error = imports(&format!("@import \"a.css\";\n{wrong}\n")).expect_err("an error");
            assert!(error.to_string().starts_with("line 2 "), "{error}");
        }
        let error = imports("@import \"a.css\";\n@import \"a.css\";").expect_err("an error");
        assert_eq!(error.to_string(), "line 2 imports a.css a second time");
    }
}

//! Holds the colours of `style/tokens.css` to WCAG 2.2 in both themes: text 4.5:1, control borders and focus rings 3:1.
//! A colour that no pair names fails too, and so does a colour written outside the tokens: each has to be thought about.

use std::{collections::BTreeMap, fs, path::PathBuf};

use palette::{FromColor, IntoColor, LinSrgb, Oklch, Srgb, color_difference::Wcag21RelativeContrast};

/// What is read, on what it lies.
const TEXT: &[(&str, &[&str])] = &[
    ("text", &["bg", "surface", "raised", "sunken", "hover", "accent-soft"]),
    ("muted", &["bg", "surface", "raised", "sunken", "hover", "accent-soft"]),
    ("accent", &["bg", "surface", "raised", "sunken", "hover", "accent-soft"]),
    ("on-accent", &["accent", "accent-hover"]),
    ("good", &["good-soft"]),
    ("warn", &["warn-soft"]),
    ("bad", &["bad-soft", "bg", "surface", "raised"]),
    ("on-danger", &["danger", "danger-hover"]),
    ("on-tip", &["tip"]),
];

/// What shows where a control is, and in which state: borders, filled buttons, focus rings, spinners, against what lies beside them.
const CONTROLS: &[(&str, &[&str])] = &[
    ("line-strong", &["bg", "surface", "raised", "sunken", "hover", "accent-soft"]),
    ("muted", &["surface", "sunken", "hover"]),
    ("accent", &["bg", "surface", "raised", "sunken", "hover", "accent-soft", "good-soft", "warn-soft", "bad-soft"]),
    ("accent-hover", &["bg", "surface", "raised", "sunken"]),
    ("danger", &["bg", "surface", "raised", "sunken"]),
    ("danger-hover", &["bg", "surface", "raised", "sunken"]),
    ("good", &["surface", "sunken"]),
    ("bad", &["bg", "surface", "raised"]),
    ("tip", &["bg", "surface", "raised", "sunken", "accent-soft"]),
];

/// Colours that carry no meaning.
const DECORATIVE: &[(&str, &str)] = &[
    ("line", "parts rows and panels that their spacing parts already, and edges disabled controls"),
    ("shadow", "lifts a card that has an edge"),
    ("shade", "lifts a menu, dialog or tooltip that has an edge"),
    ("dim", "darkens the page behind a dialog, which is out of use meanwhile"),
];

/// The sRGB gamut's edge may be missed by rounding, not by more: beyond it browsers choose the colour, not the token.
const GAMUT_SLACK: f64 = 0.002;

type Outcome<T> = Result<T, String>;
/// A colour in the light and in the dark theme.
type Themes = [LinSrgb<f64>; 2];

fn style() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../style")
}

fn read(path: &PathBuf) -> Outcome<String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, comment)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    Ok(plain + rest)
}

/// Every declaration of a rule's body: `(property, value)`.
fn declarations(css: &str) -> impl Iterator<Item = (&str, &str)> {
    css.split(['{', '}', ';']).filter_map(|part| part.split_once(':')).map(|(name, value)| (name.trim(), value.trim()))
}

fn names_a_colour(value: &str) -> bool {
    ["light-dark(", "oklch(", "oklab(", "lch(", "lab(", "rgb(", "rgba(", "hsl(", "hsla(", "hwb(", "color(", "#"]
        .iter()
        .any(|form| value.contains(form))
}

fn number(text: &str) -> Outcome<f64> {
    let (digits, scale) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 0.01));
    digits.parse::<f64>().map(|n| n * scale).map_err(|e| format!("{text}: {e}"))
}

/// `oklch(L% C H)` or `#hex`, as linear sRGB.
fn colour(text: &str) -> Outcome<LinSrgb<f64>> {
    if text.starts_with('#') {
        let parsed: Srgb<u8> = text.parse().map_err(|e| format!("{text}: {e:?}"))?;
        return Ok(parsed.into_format::<f64>().into_linear());
    }
    let inside = text.strip_prefix("oklch(").and_then(|t| t.strip_suffix(')'));
    let parts: Vec<&str> =
        inside.ok_or_else(|| format!("{text}: neither oklch() nor #hex"))?.split_whitespace().collect();
    let [l, c, h] = parts.as_slice() else { return Err(format!("{text}: three numbers expected")) };
    let oklch: Oklch<f64> = Oklch::new(number(l)?, number(c)?, number(h)?);
    let exact: LinSrgb<f64> = palette::convert::FromColorUnclamped::from_color_unclamped(oklch);
    let encoded: Srgb<f64> = Srgb::from_linear(exact);
    if [encoded.red, encoded.green, encoded.blue].iter().any(|part| !(-GAMUT_SLACK..=1.0 + GAMUT_SLACK).contains(part))
    {
        return Err(format!("{text}: outside sRGB ({:.4} {:.4} {:.4})", encoded.red, encoded.green, encoded.blue));
    }
    Ok(LinSrgb::from_color(oklch))
}

/// `light-dark(a, b)`, or one colour for both.
fn themes(value: &str) -> Outcome<Themes> {
    let Some(inside) = value.strip_prefix("light-dark(").and_then(|v| v.strip_suffix(')')) else {
        return colour(value).map(|both| [both, both]);
    };
    let (light, dark) = inside.split_once(',').ok_or_else(|| format!("{value}: two colours expected"))?;
    Ok([colour(light.trim())?, colour(dark.trim())?])
}

/// Every custom property that holds a colour, as written.
fn tokens() -> Outcome<BTreeMap<String, String>> {
    let css = read(&style().join("tokens.css"))?;
    let mut found = BTreeMap::new();
    for (name, value) in declarations(&css).filter(|(_, value)| names_a_colour(value)) {
        let name =
            name.strip_prefix("--").ok_or_else(|| format!("{name}: {value}: a colour outside a custom property"))?;
        if found.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(format!("--{name} stands twice: a theme's colours are told apart by light-dark() alone"));
        }
    }
    Ok(found)
}

fn is_decorative(name: &str) -> bool {
    DECORATIVE.iter().any(|(decorative, _)| *decorative == name)
}

fn meaningful(tokens: &BTreeMap<String, String>) -> Outcome<BTreeMap<&str, Themes>> {
    tokens
        .iter()
        .filter(|(name, _)| !is_decorative(name))
        .map(|(name, value)| Ok((name.as_str(), themes(value).map_err(|e| format!("--{name}: {e}"))?)))
        .collect()
}

/// Says of each pair that falls short by how much.
fn too_weak(pairs: &[(&str, &[&str])], least: f64, colours: &BTreeMap<&str, Themes>) -> Vec<String> {
    let mut weak = Vec::new();
    for (over, unders) in pairs {
        for under in *unders {
            let (Some(a), Some(b)) = (colours.get(over), colours.get(under)) else {
                weak.push(format!("--{over} on --{under}: no such token"));
                continue;
            };
            for ((theme, a), b) in ["light", "dark"].iter().zip(a).zip(b) {
                let (a, b): (Srgb<f64>, Srgb<f64>) = ((*a).into_color(), (*b).into_color());
                let ratio = a.relative_contrast(b);
                if ratio < least {
                    weak.push(format!("--{over} on --{under}, {theme}: {ratio:.2}, at least {least} needed"));
                }
            }
        }
    }
    weak
}

/// The other files of the style, by name.
fn other_files() -> Outcome<Vec<(String, String)>> {
    let entries = fs::read_dir(style()).map_err(|e| e.to_string())?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "css") && name != "tokens.css" {
            files.push((name, read(&path)?));
        }
    }
    Ok(files)
}

fn none(faults: &[String]) -> Outcome<()> {
    if faults.is_empty() { Ok(()) } else { Err(format!("\n  {}", faults.join("\n  "))) }
}

#[test]
fn text_stands_off_what_it_lies_on() -> Outcome<()> {
    none(&too_weak(TEXT, 4.5, &meaningful(&tokens()?)?))
}

#[test]
fn controls_and_focus_rings_stand_off_what_is_beside_them() -> Outcome<()> {
    none(&too_weak(CONTROLS, 3.0, &meaningful(&tokens()?)?))
}

#[test]
fn every_colour_is_in_a_pair_or_is_decoration() -> Outcome<()> {
    let named = |name: &str| TEXT.iter().chain(CONTROLS).any(|(over, unders)| *over == name || unders.contains(&name));
    let tokens = tokens()?;
    let unnamed = tokens.keys().filter(|name| !named(name) && !is_decorative(name));
    let gone = DECORATIVE.iter().filter(|(name, _)| !tokens.contains_key(*name));
    let faults = unnamed
        .map(|name| format!("--{name}: say on what it lies, in TEXT or CONTROLS"))
        .chain(gone.map(|(name, _)| format!("--{name}: no such token")));
    none(&faults.collect::<Vec<_>>())
}

#[test]
fn every_colour_is_a_token_and_every_token_is_used() -> Outcome<()> {
    let files = other_files()?;
    let mut faults = Vec::new();
    for (file, css) in &files {
        let written = declarations(css).filter(|(_, value)| names_a_colour(value));
        faults.extend(written.map(|(property, value)| format!("{file}: {property}: {value}: make it a token")));
    }
    let all = read(&style().join("tokens.css"))? + &files.into_iter().map(|(_, css)| css).collect::<String>();
    let unused = tokens()?.into_keys().filter(|name| !all.contains(&format!("var(--{name})")));
    faults.extend(unused.map(|name| format!("--{name}: used nowhere")));
    none(&faults)
}

/// A rule that sets both the text and what it lies on speaks of a pair, and the pair has to be among those checked.
#[test]
fn every_pair_that_one_rule_sets_is_checked() -> Outcome<()> {
    let colours = meaningful_names()?;
    let token = |value: &str| {
        let name = value.strip_prefix("var(--")?.split(')').next()?;
        colours.iter().find(|known| *known == name).cloned()
    };
    let mut faults = Vec::new();
    for (file, css) in other_files()? {
        for rule in css.split('}') {
            let body = rule.rsplit('{').next().unwrap_or_default();
            let find = |wanted: &[&str]| {
                declarations(body).find(|(property, _)| wanted.contains(property)).and_then(|(_, value)| token(value))
            };
            let (Some(over), Some(under)) = (find(&["color"]), find(&["background", "background-color"])) else {
                continue;
            };
            if !TEXT.iter().any(|(name, unders)| *name == over && unders.contains(&under.as_str())) {
                faults.push(format!("{file}: --{over} on --{under} is not in TEXT"));
            }
        }
    }
    none(&faults)
}

fn meaningful_names() -> Outcome<Vec<String>> {
    Ok(tokens()?.into_keys().filter(|name| !is_decorative(name)).collect())
}

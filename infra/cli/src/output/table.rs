//! Values as aligned columns: a list has a header and a line per row, an object a line per member.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::json::Json;
use crate::terminal::clean;

/// A column is not cut below this width.
const NARROWEST: usize = 8;

const GAP: usize = 2;

/// A value as a table; `width` is the terminal's, where cells that do not fit are cut.
pub fn table(value: &Json, columns: &[&str], width: Option<usize>, colours: bool) -> String {
    match value {
        Json::Null => String::new(),
        Json::Array(rows) if rows.iter().any(|row| !row.is_scalar()) => list(rows, columns, width, colours),
        Json::Array(rows) => rows.iter().map(|row| cell(row) + "\n").collect(),
        Json::Object(_) => {
            let mut members = Vec::new();
            flatten(value, "", &mut members);
            aligned(&members.into_iter().map(|(name, value)| vec![name, value]).collect::<Vec<_>>(), None, false)
        }
        scalar => cell(scalar),
    }
}

fn list(rows: &[Json], columns: &[&str], width: Option<usize>, colours: bool) -> String {
    let names: Vec<&str> = if columns.is_empty() { own_columns(rows) } else { columns.to_vec() };
    let header = names.iter().map(|name| name.to_uppercase()).collect();
    let line = |row: &Json| names.iter().map(|name| at(row, name).map(cell).unwrap_or_default()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(header).chain(rows.iter().map(line)).collect();
    aligned(&lines, width, colours)
}

/// The members of the rows, in their order; an array is a row of its items.
fn own_columns(rows: &[Json]) -> Vec<&str> {
    let mut names = Vec::new();
    for row in rows {
        let Json::Object(members) = row else { continue };
        for (name, value) in members {
            if !matches!(value, Json::Object(_)) && !names.contains(&name.as_str()) {
                names.push(name.as_str());
            }
        }
    }
    if names.is_empty() { vec!["value"] } else { names }
}

/// A member at a dotted path; `value` of what is no object is itself.
fn at<'a>(row: &'a Json, path: &str) -> Option<&'a Json> {
    match row {
        Json::Object(_) => path.split('.').try_fold(row, |at, name| at.get(name)),
        other => (path == "value").then_some(other),
    }
}

/// The members of an object, those of its objects with dotted names.
fn flatten(value: &Json, above: &str, into: &mut Vec<(String, String)>) {
    let Json::Object(members) = value else { return };
    for (name, member) in members {
        let name = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match member {
            Json::Object(inner) if !inner.is_empty() => flatten(member, &name, into),
            other => into.push((clean(&name), cell(other))),
        }
    }
}

/// A value on one line; `null` is empty.
fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Text(text) => clean(text),
        Json::Array(items) if items.iter().all(Json::is_scalar) => items.iter().map(cell).collect::<Vec<_>>().join(","),
        Json::Object(members) if members.iter().all(|(_, value)| value.is_scalar()) => {
            let pair = |(name, value): &(String, Json)| format!("{}={}", clean(name), cell(value));
            members.iter().map(pair).collect::<Vec<_>>().join(",")
        }
        other => other.compact(),
    }
}

/// Lines of cells with a gap between the columns; with colours the first line is bold.
fn aligned(lines: &[Vec<String>], width: Option<usize>, colours: bool) -> String {
    let count = lines.iter().map(Vec::len).max().unwrap_or_default();
    let widest = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.width()).max();
    let mut widths: Vec<usize> = (0..count).map(|column| widest(column).unwrap_or_default()).collect();
    if let Some(width) = width {
        shrink(&mut widths, width);
    }
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).map(|(cell, width)| fitted(cell, *width));
        let text = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
        let text = text.trim_end();
        out += &if colours && number == 0 { format!("\x1b[1m{text}\x1b[0m\n") } else { format!("{text}\n") };
    }
    out
}

/// Takes from the widest column until the line fits, or no column can give more.
fn shrink(widths: &mut [usize], width: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > width {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

/// A cell of exactly this width.
fn fitted(cell: &str, width: usize) -> String {
    let own = cell.width();
    if own <= width {
        return format!("{cell}{}", " ".repeat(width - own));
    }
    let mut text = String::new();
    let mut used = 1;
    for character in cell.chars() {
        used += character.width().unwrap_or_default();
        if used > width {
            break;
        }
        text.push(character);
    }
    text.push('…');
    let used = text.width();
    text + &" ".repeat(width.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let rows = json(r#"[{"id":"a","name":"東京","m":{"x":1}},{"id":"bcd","name":null,"tags":["p","q"]}]"#);
        assert_eq!(table(&rows, &[], None, false), "ID   NAME  TAGS\na    東京\nbcd        p,q\n");
        assert_eq!(table(&rows, &["name", "m.x"], None, false), "NAME  M.X\n東京  1\n\n");
    }

    #[test]
    fn on_a_narrow_terminal_the_widest_column_is_cut() {
        let rows = json(&format!(r#"[{{"id":"{}","name":"{}"}}]"#, "i".repeat(10), "n".repeat(40)));
        let shown = table(&rows, &["id", "name"], Some(30), false);
        assert!(shown.lines().all(|line| line.width() <= 30), "{shown}");
        assert!(shown.contains(&"i".repeat(10)) && shown.contains("n…"), "{shown}");
        let tiny = table(&rows, &["id", "name"], Some(3), true);
        assert!(tiny.starts_with("\x1b[1mID") && tiny.contains("iiiiiii…  nnnnnnn…"), "{tiny}");
    }

    #[test]
    fn an_object_is_a_line_per_member() {
        let object =
            json(r#"{"id":"x","settings":{"a":true,"b":{"c":2}},"labels":{},"note":"1\u001b[2J\n2","none":null}"#);
        let shown =
            "id            x\nsettings.a    true\nsettings.b.c  2\nlabels\nnote          1\u{fffd}[2J\u{fffd}2\nnone\n";
        assert_eq!(table(&object, &[], Some(20), true), shown);
        assert_eq!(table(&json("[1,\"a\"]"), &[], None, false), "1\na\n");
        assert_eq!(table(&json("[[1,2],[3]]"), &[], None, false), "VALUE\n1,2\n3\n");
    }
}

//! The stage `reference`: a real browser renders the page of `cargo xtask docs` with every operation of infra/openapi.yaml, without network
//! access and without errors.

use std::{path::PathBuf, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{process::Command, time};

use super::{Context, skip_part};
use crate::{Result, docs, progress::step, tools, tree};

/// The names under which Chromium is installed.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Far more than the usual ten seconds.
const MAX_TIME: Duration = Duration::from_secs(120);

/// Renders the page and looks for each operation in its DOM.
pub async fn reference(_: &Context) -> Result<()> {
    let Some(browser) = BROWSERS.iter().find_map(|name| tools::on_path(name)) else {
        return skip_part(
            "Chromium is not installed: the page of `cargo xtask docs` is not tested (Debian: apt-get install chromium)",
        );
    };
    let page = tree::root().join("target/docs/index.html");
    docs::write(&page)?;
    let rendered = step("rendering the reference in Chromium", render(browser, page)).await?;
    let missing: Vec<String> = operations(&docs::document()?)
        .into_iter()
        .filter(|operation| !operation.is_in(&rendered.dom))
        .map(|operation| operation.anchor)
        .collect();
    if !missing.is_empty() {
        return Err(format!("the page does not show {}", missing.join(", ")));
    }
    if !rendered.errors.is_empty() {
        return Err(format!("the page's console has errors:\n{}", rendered.errors.join("\n")));
    }
    Ok(())
}

/// The rendered page: its DOM without scripts, and the errors and warnings of its console.
struct Rendered {
    dom: String,
    errors: Vec<String>,
}

async fn render(browser: PathBuf, page: PathBuf) -> Result<Rendered> {
    let mut command = Command::new(browser);
    // Scripts have ten seconds of virtual time, and no host name resolves. The sandbox does not work for root in a container.
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--virtual-time-budget=10000"]);
    command.args(["--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND"]);
    command.arg(format!("file://{}", page.display())).stdin(Stdio::null()).kill_on_drop(true);
    let output = time::timeout(MAX_TIME, command.output()).await;
    let output = output.map_err(|_| format!("Chromium did not end within {} s", MAX_TIME.as_secs()))?;
    let output = output.map_err(|error| format!("Chromium does not start: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("Chromium failed ({}):\n{log}", output.status));
    }
    Ok(Rendered { dom: without_scripts(&String::from_utf8_lossy(&output.stdout)), errors: errors(&log) })
}

/// A page without its scripts, which contain the document itself.
fn without_scripts(dom: &str) -> String {
    let mut parts = dom.split("<script");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| page + part.split_once("</script>").map_or("", |(_, after)| after))
}

/// The errors and warnings of the page's console.
fn errors(log: &str) -> Vec<String> {
    let is_error = |line: &&str| line.contains(":CONSOLE") && !line.contains("INFO:CONSOLE");
    let is_refused =
        |line: &&str| line.contains(":CONSOLE") && (line.contains("Refused to") || line.contains("Uncaught"));
    log.lines().filter(|line| is_error(line) || is_refused(line)).map(str::to_owned).collect()
}

/// An operation in the page's list.
#[derive(Debug, PartialEq)]
struct Entry {
    /// The end of the link to it: `/POST/v1/customers`.
    anchor: String,
    summary: String,
}

impl Entry {
    fn is_in(&self, dom: &str) -> bool {
        dom.contains(&format!("{}\"", self.anchor)) && dom.contains(&format!(">{}<", self.summary))
    }
}

fn operations(document: &Value) -> Vec<Entry> {
    const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let entry = |path: &str, method: &str, operation: &Value| {
        // Escaped as in HTML.
        let summary = operation.get("summary").and_then(Value::as_str).unwrap_or_default();
        let summary = summary.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        Entry { anchor: format!("/{}{path}", method.to_uppercase()), summary }
    };
    paths
        .flat_map(|(path, item)| METHODS.iter().filter_map(move |method| Some(entry(path, method, item.get(method)?))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_by_link_and_summary_outside_of_scripts() {
        let document = docs::document().unwrap();
        let operations = operations(&document);
        assert!(operations.len() > 25 && operations.iter().all(|operation| !operation.summary.is_empty()));
        let operation = Entry { anchor: "/GET/a".to_owned(), summary: "List".to_owned() };
        for (dom, expected) in [
            (r##"<a href="#tag/x/GET/a"><div>List</div></a>"##, true),
            (r##"<a href="#tag/x/GET/ab"><div>List</div></a>"##, false),
            (r##"<a href="#tag/x/GET/a"><div>Lists</div></a>"##, false),
            (r##"<p>a</p><script>"/GET/a">List<</script>"##, false),
        ] {
            assert_eq!(operation.is_in(&without_scripts(dom)), expected, "{dom}");
        }
    }

    #[test]
    fn a_console_line_about_a_refused_request_is_an_error() {
        let log = "[1:2:0/0.1:INFO:CONSOLE:3464] \"version\"\n[1:2:ERROR:CONSOLE:1] \"x\"\n[1:2:INFO:CONSOLE:1] \"Refused to connect\"\nERROR:bus";
        assert_eq!(errors(log).len(), 2);
    }
}

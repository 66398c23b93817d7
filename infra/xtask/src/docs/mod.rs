//! `cargo xtask docs`: the API reference as one HTML page, made of infra/openapi.yaml and Scalar's renderer (the crate
//! `scalar_api_reference`). It loads nothing else: its Content-Security-Policy forbids it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use serde_json::{Value, json};

use crate::{Result, progress::print, tree};

/// The API reference as one HTML page that needs no network.
#[derive(Args)]
pub struct Options {
    /// Write the page to this file.
    #[arg(long, value_name = "FILE", default_value = "target/docs/index.html")]
    out: PathBuf,
}

/// Writes the page and prints its path.
pub fn run(options: &Options) -> Result<ExitCode> {
    write(&options.out)?;
    print(&options.out.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the page to a file.
pub fn write(file: &Path) -> Result<()> {
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", file.display());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(file, page()?).map_err(failed)
}

/// The page.
pub fn page() -> Result<String> {
    let script =
        scalar_api_reference::get_asset("scalar.js").ok_or("the crate scalar_api_reference has no scalar.js")?;
    let script = String::from_utf8(script).map_err(|error| format!("scalar.js: {error}"))?;
    Ok(rendered(&script, &document()?))
}

/// The OpenAPI document.
pub fn document() -> Result<Value> {
    let path = tree::openapi();
    let failed = |error: String| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
    serde_norway::from_str(&text).map_err(|error| failed(error.to_string()))
}

fn rendered(script: &str, document: &Value) -> String {
    // Nothing that contacts a server of the renderer's vendor: no fonts, telemetry, proxy or assistant.
    let configuration = json!({
        "content": document,
        "defaultOpenAllTags": true,
        "withDefaultFonts": false,
        "telemetry": false,
        "proxyUrl": "",
        "agent": { "disabled": true },
        "mcp": { "disabled": true },
        "hideClientButton": true,
        "showDeveloperTools": "never",
    });
    // Only "</script" can end a script element: "<" is escaped in JSON, and "</" in the strings of a script.
    let configuration = configuration.to_string().replace('<', "\\u003c");
    let script = script.replace("</script", "<\\/script");
    include_str!("page.html").replace("CONFIGURATION", &configuration).replace("SCRIPT", &script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_document_nor_the_script_can_end_its_element() {
        let page = rendered("f('</script>')", &json!({ "info": { "title": "</script><b>" } }));
        assert_eq!(page.matches("</script>").count(), 2, "{page}");
        assert!(page.contains(r"f('<\/script>')") && page.contains(r"\u003c/script>\u003cb>"), "{page}");
    }
}

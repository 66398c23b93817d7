//! The problem registry as HTML. Links are relative, so that they work under any base path.

use super::problem::ProblemType;

/// The page of `/problems`.
pub fn list(problems: &[ProblemType]) -> String {
    let row = |problem: &ProblemType| {
        let slug = escaped(problem.slug);
        format!(
            "<tr><th scope=\"row\"><a href=\"problems/{slug}\">{slug}</a></th><td>{}</td><td>{}</td></tr>\n",
            statuses(problem).join("<br>"),
            escaped(problem.when)
        )
    };
    let rows: String = problems.iter().map(row).collect();
    page(
        "Problems",
        "<a href=\"openapi.json\">API reference (OpenAPI)</a>",
        &format!(
            "<p>Every kind of problem that this API answers with.</p>\n<table>\n\
             <thead><tr><th scope=\"col\">Slug</th><th scope=\"col\">Status</th><th scope=\"col\">When</th></tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table>"
        ),
    )
}

/// The page of `/problems/{slug}`.
pub fn entry(problem: &ProblemType, problem_type: &str) -> String {
    let statuses: String = statuses(problem).iter().map(|status| format!("<li>{status}</li>")).collect();
    let retry = match problem.retry {
        "later" => "The same request may succeed later.",
        _ => "The same request fails again.",
    };
    page(
        problem.slug,
        "<a href=\"../problems\">All problems</a> <a href=\"../openapi.json\">API reference (OpenAPI)</a>",
        &format!(
            "<ul>{statuses}</ul>\n<h2>When</h2>\n<p>{}</p>\n<h2>What to do</h2>\n<p>{}</p>\n<p>{retry}</p>\n\
             <h2>Type</h2>\n<p><code>{}</code></p>",
            escaped(problem.when),
            escaped(problem.action),
            escaped(problem_type)
        ),
    )
}

/// `404 Not found`, for each status.
fn statuses(problem: &ProblemType) -> Vec<String> {
    problem.statuses.iter().map(|(status, title)| format!("{status} {}", escaped(title))).collect()
}

fn page(title: &str, links: &str, content: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} - Tenancy API</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<nav aria-label=\"API\">{links}</nav>\n<main>\n<h1>{title}</h1>\n{content}\n\
         </main>\n</body>\n</html>\n"
    )
}

const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    nav a{margin-right:1rem}table{border-collapse:collapse}tbody th{white-space:nowrap}\
    th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #8888}\
    code{overflow-wrap:anywhere}";

/// Escapes a text for HTML content and attribute values.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::problem_types;

    /// Panics if elements are not properly nested.
    fn check_nesting(html: &str) {
        const VOID: [&str; 2] = ["meta", "br"];
        let mut open = Vec::new();
        for tag in html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
            let name = tag.split(' ').next().unwrap();
            match name.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed), "{html}"),
                None if name.starts_with('!') || VOID.contains(&name) => {}
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?} in {html}");
    }

    #[test]
    fn elements_are_closed() {
        check_nesting(&list(problem_types()));
        for problem in problem_types() {
            check_nesting(&entry(problem, "https://api.example.com/problems/x"));
        }
    }

    #[test]
    fn texts_are_escaped() {
        let problem = ProblemType {
            slug: "<&>",
            statuses: &[(400, "<b>")],
            when: "\"'<script>alert(1)</script>",
            retry: "later",
            action: "a & b",
        };
        let base_url = "https://x/\"><script>";
        for page in [list(std::slice::from_ref(&problem)), entry(&problem, base_url)] {
            assert!(!page.contains("<script") && !page.contains("<b>") && page.contains("&lt;&amp;&gt;"), "{page}");
            check_nesting(&page);
        }
    }
}

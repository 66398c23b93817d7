//! The problem registry as it is served, so that a problem's `type` resolves.

use super::problem::{ProblemType, problem_types, type_url};
use super::request::Request;
use super::response::{Response, document};
use serde::Serialize;

#[derive(Serialize)]
struct ProblemTypeView {
    object: &'static str,
    slug: &'static str,
    r#type: String,
    statuses: Vec<StatusView>,
    when: &'static str,
    retry: &'static str,
    action: &'static str,
}

#[derive(Serialize)]
struct StatusView {
    status: u16,
    title: &'static str,
}

#[derive(Serialize)]
struct ProblemList {
    object: &'static str,
    data: Vec<ProblemTypeView>,
}

fn view(request: &Request, problem: &ProblemType) -> ProblemTypeView {
    ProblemTypeView {
        object: "problem_type",
        slug: problem.slug,
        r#type: type_url(request.base_url(), problem.slug),
        statuses: problem.statuses.iter().map(|(status, title)| StatusView { status: *status, title }).collect(),
        when: problem.when,
        retry: problem.retry,
        action: problem.action,
    }
}

/// The problem with this slug.
pub fn problem_type(slug: &str) -> Option<&'static ProblemType> {
    problem_types().iter().find(|problem| problem.slug == slug)
}

/// Every problem.
pub fn problem_list(request: &Request) -> Response {
    let data = problem_types().iter().map(|problem| view(request, problem)).collect();
    document(&ProblemList { object: "list", data })
}

/// One problem: JSON, or a page where a browser asks.
pub fn problem_page(request: &Request, problem: &ProblemType) -> Response {
    let response = if prefers_html(request.header("accept").unwrap_or_default()) {
        Response::new(200).text("text/html; charset=utf-8", html(problem))
    } else {
        document(&view(request, problem))
    };
    response.with("vary", "accept")
}

/// Browsers name `text/html` and do not name JSON.
fn prefers_html(accept: &str) -> bool {
    let names = |media_type: &str| {
        accept
            .split(',')
            .any(|range| range.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(media_type)))
    };
    names("text/html") && !names("application/json")
}

/// The registry's texts are this service's own and hold no markup.
fn html(problem: &ProblemType) -> String {
    let titles: String =
        problem.statuses.iter().map(|(status, title)| format!("<li><strong>{status}</strong> {title}</li>")).collect();
    let ProblemType { slug, when, retry, action, .. } = problem;
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{slug}</title>\
         <style>body{{font:1rem/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}}</style>\
         <h1>{slug}</h1><ul>{titles}</ul><h2>When</h2><p>{when}</p><h2>What to do</h2><p>{action}</p>\
         <p>Retry: {retry}.</p></html>"
    )
}

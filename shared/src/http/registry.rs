//! Serves the problem registry, so that the `type` of a problem resolves.

use super::page;
use super::problem::{ProblemType, problem_types, type_url};
use super::request::Request;
use super::response::{Response, document};
use lambda_http::http::StatusCode;
use lambda_http::http::header::{ACCEPT, VARY};
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

/// The problem type with this slug.
pub fn problem_type(slug: &str) -> Option<&'static ProblemType> {
    problem_types().iter().find(|problem| problem.slug == slug)
}

/// All problem types: HTML for a browser, otherwise JSON.
pub fn problem_list(request: &Request) -> Response {
    negotiated(
        request,
        || page::list(problem_types()),
        || {
            let data = problem_types().iter().map(|problem| view(request, problem)).collect();
            document(&ProblemList { object: "list", data })
        },
    )
}

/// One problem type: HTML for a browser, otherwise JSON.
pub fn problem_page(request: &Request, problem: &ProblemType) -> Response {
    let view = view(request, problem);
    negotiated(request, || page::entry(problem, &view.r#type), || document(&view))
}

/// A public document in the media type that the caller prefers.
fn negotiated(request: &Request, page: impl FnOnce() -> String, json: impl FnOnce() -> Response) -> Response {
    let response = if prefers_html(request.header(ACCEPT).unwrap_or_default()) {
        Response::new(StatusCode::OK).with_text("text/html; charset=utf-8", page())
    } else {
        json()
    };
    response.public().with_header(VARY, "accept")
}

/// Browsers accept `text/html`, and JSON not explicitly or with a lower weight (RFC 9110, section 12.5.1).
fn prefers_html(accept: &str) -> bool {
    weight(accept, "text/html") > weight(accept, "application/json")
}

/// The weight of a media type in thousandths; 0 if it is not listed.
fn weight(accept: &str, media_type: &str) -> u32 {
    let range = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
        let given = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = given.map_or(Some(1.0), |text| text.parse::<f32>().ok());
        // An invalid weight is ignored.
        is_it.then(|| {
            weight.filter(|weight| (0.0..=1.0).contains(weight)).map_or(1000, |weight| (weight * 1000.0) as u32)
        })
    };
    accept.split(',').filter_map(range).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_for_those_who_prefer_it() {
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html",
            "application/json;q=0.1, text/html",
            "text/html, application/json;q=0.5",
            "TEXT/HTML;level=1;q=0.2,application/json; q=0",
        ] {
            assert!(prefers_html(accept), "{accept}");
        }
        for accept in ["", "*/*", "text/html;q=0", "text/html, application/json", "application/json, text/html;q=0.9"] {
            assert!(!prefers_html(accept), "{accept}");
        }
    }
}

//! `GET /problems/{slug}`: one problem type, as JSON or HTML (contract section 2.10).

use tenancy::http::{self, Request, Response, Result};

fn main() {
    http::serve_public(get_problem)
}

fn get_problem(request: &Request) -> Result<Response> {
    let problem = request.path("slug", http::problem_type)?;
    Ok(http::problem_page(request, problem))
}

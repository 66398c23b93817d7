//! `GET /problems`: all problem types (contract section 2.10).

use tenancy::http::{self, Request, Response, Result};

fn main() {
    http::serve_public(list_problems)
}

fn list_problems(request: &Request) -> Result<Response> {
    Ok(http::problem_list(request))
}

//! `GET /problems`: every problem that this API answers with (contract section 2.10).

use tenancy::http::{self, Request, Response, Result};

fn main() {
    http::serve_public(list_problems)
}

fn list_problems(request: &Request) -> Result<Response> {
    Ok(http::problem_list(request))
}

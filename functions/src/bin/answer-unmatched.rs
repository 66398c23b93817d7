//! `$default`: requests that match no route: 404, or 405 with `Allow` (contract section 2.1).

use tenancy::http::{self, Request, Response, Result, Route};

const ROUTES: &[Route] = include!(concat!(env!("OUT_DIR"), "/routes.rs"));

fn main() {
    http::serve_public(answer_unmatched)
}

fn answer_unmatched(request: &Request) -> Result<Response> {
    http::unmatched(request, ROUTES)
}

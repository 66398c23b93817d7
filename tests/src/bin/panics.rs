//! A function that panics unless it is asked for something fine: case I5. It is not deployed.

use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(panic_unless_fine)
}

async fn panic_unless_fine(request: Request, _: &Store) -> Result<Response> {
    assert_eq!(request.route_path(), "/tenants/fine", "on purpose");
    Ok(http::no_content())
}

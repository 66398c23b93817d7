//! `GET /tenants/by-external-id/{external_id}`: the tenant that has an external id (contract section 4.2).

use functions::get_tenant_by_external_id;
use tenancy::http;

fn main() {
    http::serve(get_tenant_by_external_id)
}

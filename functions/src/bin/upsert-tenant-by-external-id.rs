//! `PUT /tenants/by-external-id/{external_id}`: create or change a tenant (contract section 4.2).

use functions::upsert_tenant_by_external_id;
use tenancy::http;

fn main() {
    http::serve(upsert_tenant_by_external_id)
}

//! `PUT /tenants/by-external-id/{external_id}`: make a tenant or change it: provisioning (contract section 4.2).

use functions::upsert_tenant_by_external_id;
use tenancy::http;

fn main() {
    http::serve(upsert_tenant_by_external_id)
}

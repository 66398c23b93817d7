//! `DELETE /tenants/by-external-id/{external_id}`: deprovision a tenant with its attachments (contract section 4.2).

use functions::delete_tenant_by_external_id;
use tenancy::http;

fn main() {
    http::serve(delete_tenant_by_external_id)
}

//! Scheduled every minute: release the repositories of deprovisioned tenants (contract section 4.2). It has no route.

use tenancy::http;
use tenancy::store::Store;

fn main() {
    http::serve_sweep(Store::sweep_deprovisioned_tenants)
}

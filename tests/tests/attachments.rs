//! `/tenants/{tenant_id}/repositories…` (contract section 5.2): one module per route.

mod attachments {
    mod attach;
    mod detach;
    mod list;
}

use tests::{App, Exchange, Value};

/// A tenant and some repositories, none of them attached.
struct World {
    app: App,
    key: String,
    tenant: String,
    repositories: Vec<String>,
}

impl World {
    async fn new(repositories: usize) -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
        let mut world = Self { app, key, tenant, repositories: Vec::new() };
        for n in 0..repositories {
            let repository = world.app.new_repository(&world.key, &format!("r{n}")).await;
            world.repositories.push(repository["id"].as_str().unwrap().to_owned());
        }
        world
    }

    fn path(&self, repository: usize) -> String {
        format!("/tenants/{}/repositories/{}", self.tenant, self.repositories[repository])
    }

    async fn attach(&self, repository: usize, body: Value) -> Exchange {
        self.app.with_key(&self.key, "PUT", &self.path(repository)).json(body).send().await
    }

    async fn detach(&self, repository: usize) -> Exchange {
        self.app.with_key(&self.key, "DELETE", &self.path(repository)).send().await
    }

    async fn patch(&self, body: Value) -> Exchange {
        self.app.with_key(&self.key, "PATCH", &format!("/tenants/{}", self.tenant)).json(body).send().await
    }

    async fn tenant(&self) -> Exchange {
        self.app.with_key(&self.key, "GET", &format!("/tenants/{}", self.tenant)).send().await.expect_status(200)
    }

    async fn list(&self, query: &str) -> Value {
        let path = format!("/tenants/{}/repositories?{query}", self.tenant);
        self.app.with_key(&self.key, "GET", &path).send().await.expect_status(200).json()
    }
}

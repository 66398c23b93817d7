//! Gateways that answer every request by themselves, each for a reason of its own: what clients meet when an API is throttled, broken,
//! slow, or asked for too much.

use crate::app::App;
use crate::world::{functions_folder, template};
use local::gateway::{Backend, Bytes, Gateway, Options, Throttle};
use local::lambda::{self, Lambda};
use std::time::Duration;

/// One gateway per answer.
pub struct Refusing(Vec<(u16, Gateway)>);

impl Refusing {
    /// Starts them. What passes the throttle or the size would reach the functions of `app`.
    pub async fn start(app: &App) -> Self {
        // A function ends at its start where it finds no configuration.
        let broken = lambda::Options::new(functions_folder());
        let broken = Lambda::start(broken).await.expect("the Runtime API starts");
        let crashing = move |_: String, event: Bytes| {
            let broken = broken.clone();
            async move { broken.invoke("get-tenant", event).await }
        };
        let silent = |_: String, _: Bytes| std::future::pending();
        let throttle = Some(Throttle { rate: 0, burst: 0 });
        let impatient = Options { integration_timeout: Duration::from_millis(100), ..Options::default() };
        Self(vec![
            (413, app.another_gateway(Options { max_event: 0, ..Options::default() }).await),
            (429, app.another_gateway(Options { throttle, ..Options::default() }).await),
            (500, start(crashing, Options::default()).await),
            (503, start(silent, impatient).await),
        ])
    }

    /// Each status and the gateway that answers with it.
    pub fn gateways(&self) -> &[(u16, Gateway)] {
        &self.0
    }
}

async fn start(backend: impl Backend, options: Options) -> Gateway {
    let listen = ([127, 0, 0, 1], 0).into();
    Gateway::start_with(listen, template(), backend, options).await.expect("the gateway starts")
}

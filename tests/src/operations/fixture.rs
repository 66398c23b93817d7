//! A customer with one of everything: what the paths of the operations name, and the keys of its callers.

use super::{Caller, Example, Operation, examples, operation};
use crate::{App, Call, Exchange, Value, json};
use std::collections::BTreeMap;

/// The values of path parameters, by their names in infra/openapi.yaml.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<&'static str, String>);

impl Names {
    /// One value.
    #[track_caller]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("tests/src/operations/fixture.rs has no value for {{{name}}}"))
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// The same but for one value.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let replaced = |(known, own): (&&'static str, &String)| {
            (*known, if *known == name { value.to_owned() } else { own.clone() })
        };
        Self(self.0.iter().map(replaced).collect())
    }

    /// Each value changed by its name.
    #[must_use]
    pub fn map(&self, change: impl Fn(&str, &str) -> String) -> Self {
        Self(self.0.iter().map(|(name, value)| (*name, change(name, value))).collect())
    }

    /// A path with the values in the place of its parameters; an error names the first that has none.
    pub fn fill(&self, path: &str) -> Result<String, String> {
        let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None => Ok(part.to_owned()),
            Some(name) => self
                .0
                .get(name)
                .cloned()
                .ok_or_else(|| format!("tests/src/operations/fixture.rs has no value for {{{name}}}")),
        };
        Ok(path.split('/').map(part).collect::<Result<Vec<_>, _>>()?.join("/"))
    }
}

/// A customer, two of its keys, a tenant with an external id, a repository that is attached to it, and a user with a conversation and a
/// role, both of another tenant: a tenant that has had a user cannot be deleted by its id.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub operator_key: String,
    /// The integration's own key; `key_id` names another one of the same customer.
    pub key: String,
    pub names: Names,
    /// The customer's id: `cust_…`. `customer_id` is its slug.
    pub customer: String,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

impl Fixture {
    /// One of the operator `acme`.
    pub async fn new(app: &App, slug: &str) -> Self {
        Self::of(app, &app.operator_key, slug).await
    }

    /// One of an operator.
    pub async fn of(app: &App, operator_key: &str, slug: &str) -> Self {
        let post = async |path: &str, body: Value| {
            app.with_key(operator_key, "POST", path).json(body).send().await.expect_status(201).json()
        };
        let customer = text(&post("/v1/customers", json!({ "customer_id": slug })).await["id"]);
        let keys = format!("/v1/customers/{slug}/keys");
        let key = text(&post(&keys, json!({ "name": "first" })).await["api_key_once"]);
        let other = text(&post(&keys, json!({ "name": "second" })).await["key_id"]);
        let external_id = format!("of-{slug}");
        let tenant = text(&app.new_tenant(&key, &external_id).await["id"]);
        let repository = text(&app.new_repository(&key, "one").await["id"]);
        app.with_key(&key, "PUT", &format!("/tenants/{tenant}/repositories/{repository}"))
            .send()
            .await
            .expect_status(201);
        let other_tenant = text(&app.new_tenant(&key, &format!("of-{slug}-members")).await["id"]);
        let user = text(&app.new_user(&key, &other_tenant, "one").await["id"]);
        let role = text(&app.new_role(&key, &other_tenant, "one").await["id"]);
        let conversation = json!({ "user_id": user });
        let conversation = app.with_key(&key, "POST", "/conversations").json(conversation).send().await;
        let conversation = text(&conversation.expect_status(201).json()["id"]);
        let names = Names(BTreeMap::from([
            ("customer_id", slug.to_owned()),
            ("key_id", other),
            ("tenant_id", tenant),
            ("external_id", external_id),
            ("repository_id", repository),
            ("user_id", user),
            ("role_id", role),
            ("conversation_id", conversation),
            ("slug", "not-found".to_owned()),
        ]));
        Self { operator_key: operator_key.to_owned(), key, names, customer }
    }

    /// The key of a kind of caller; the other kind's where there is none.
    pub fn key_of(&self, caller: Caller) -> &str {
        if caller == Caller::Operator { &self.operator_key } else { &self.key }
    }

    /// A valid key of the other kind.
    pub fn wrong_key_of(&self, caller: Caller) -> &str {
        if caller == Caller::Operator { &self.key } else { &self.operator_key }
    }

    /// The path of an operation on what is here.
    #[track_caller]
    pub fn path(&self, operation: &Operation) -> String {
        self.names.fill(&operation.path).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// An operation on what is here, without a body.
    #[track_caller]
    pub fn bare<'a>(&self, app: &'a App, operation: &Operation) -> Call<'a> {
        app.with_key(self.key_of(operation.caller), &operation.method, &self.path(operation))
    }

    /// An example of an operation.
    #[track_caller]
    pub fn call<'a>(&self, app: &'a App, operation: &Operation, example: &Example) -> Call<'a> {
        let path = format!("{}{}", self.path(operation), self.filled(example.query));
        with_body(app.with_key(self.key_of(operation.caller), &operation.method, &path), self.body(example))
    }

    /// The first example of an operation.
    #[track_caller]
    pub fn first<'a>(&self, app: &'a App, operation: &Operation) -> Call<'a> {
        let examples = examples(&operation.id).unwrap_or_else(|fault| panic!("{fault}"));
        self.call(app, operation, &examples[0])
    }

    /// Calls what an example needs to have happened.
    pub async fn prepare(&self, app: &App, example: &Example) {
        for id in example.before {
            let operation = operation(id);
            let answer: Exchange = self.first(app, operation).send().await;
            assert!(operation.success.contains(&answer.status), "{answer}");
        }
    }

    /// The body of an example: `{new}` is a name that is not taken, `{role_id}` the role that is here.
    pub fn body(&self, example: &Example) -> Value {
        self.filled_body(&example.body)
    }

    /// A body with the names of what is here.
    pub fn filled_body(&self, body: &Value) -> Value {
        let text = body.to_string().replace("{new}", &format!("{}-new", self.names.get("customer_id")));
        serde_json::from_str(&self.filled(&text)).expect("it was JSON")
    }

    /// A text with the names of what is here.
    pub fn filled(&self, text: &str) -> String {
        self.names.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }
}

/// A call with a JSON body, where it is not null.
pub fn with_body(call: Call<'_>, body: Value) -> Call<'_> {
    if body.is_null() { call } else { call.json(body) }
}

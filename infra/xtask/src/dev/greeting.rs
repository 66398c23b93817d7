//! The text that `cargo xtask dev` prints when the API answers: its address, the keys, and first requests to paste.

/// The text. Its commands can be pasted unchanged, in this order, and repeated.
pub fn text(base: &str, operator: &str, integration: Option<&str>) -> String {
    let mut text = format!(
        "
The API answers at {base}. Ctrl-C ends it. The same values are in .local/dev.env.
The reference is at {base}{docs}.

export BASE_URL={base}
export OPERATOR_KEY={operator}

Make a customer:
  curl -i \"$BASE_URL/v1/customers\" -H \"Authorization: Bearer $OPERATOR_KEY\" -H 'Content-Type: application/json' \\
    -d '{{\"customer_id\": \"acme\", \"display_name\": \"Acme\", \"description\": \"My first customer\"}}'
",
        docs = super::landing::DOCS
    );
    if let Some(key) = integration {
        text.push_str(&format!(
            "
As the integration of the customer `{customer}`, provision a tenant and give it a repository:
export INTEGRATION_KEY={key}
  call() {{ curl -sS \"$BASE_URL$2\" -X \"$1\" -H \"Authorization: Bearer $INTEGRATION_KEY\" -H 'Content-Type: application/json' -d \"$3\"; echo; }}
  call PUT /tenants/by-external-id/org%3A1 '{{\"name\": \"Org 1\"}}'
  call POST /repositories '{{\"name\": \"skills\", \"repo_url\": \"https://git.example.com/skills.git\"}}'
  TENANT=$(call GET /tenants/by-external-id/org%3A1 | grep -o 'tnt_[0-9a-z]*' | head -1)
  REPOSITORY=$(call GET '/repositories?name=skills' | grep -o 'rep_[0-9a-z]*' | head -1)
  call PUT \"/tenants/$TENANT/repositories/$REPOSITORY\" '{{\"is_default\": true}}'
  call PATCH \"/tenants/$TENANT\" '{{\"metadata\": {{\"plan\": \"pro\"}}}}'
  call PATCH \"/tenants/$TENANT\" '{{\"status\": \"suspended\"}}'
",
            customer = super::keys::CUSTOMER
        ));
    }
    text
}

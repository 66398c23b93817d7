//! Every recorded write is conditional and stamped, every key is in the caller's own root, nothing but records expires
//! and no request is over a limit of DynamoDB's (A15, D12, H9, R1, R5, R6).

use local::proxy::Part;
use std::collections::{BTreeMap, BTreeSet};
use tenancy::domain::CustomerId;
use tests::recorded::{Recording, Request, recordings};
use tests::transcript::is_write_id;
use tests::{Value, json};

/// 26 characters of a ULID in lower case.
fn is_ulid(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// Whether a write gives an item that is no record a time to live: H9.
fn makes_expire(action: &str, body: &Value) -> bool {
    let names = body["ExpressionAttributeNames"].as_object().into_iter().flatten();
    match action {
        "PutItem" => !body["Item"]["ttl"].is_null() && body["Item"]["type"]["S"] != "record",
        "UpdateItem" => {
            let text = body["UpdateExpression"].as_str().unwrap_or_default();
            let mut words = text.split(|end: char| !end.is_alphanumeric() && end != '_');
            words.any(|word| word == "ttl") || names.into_iter().any(|(_, name)| name == "ttl")
        }
        _ => false,
    }
}

/// What is wrong with a write, or with a part of one.
fn fault(action: &str, body: &Value) -> Option<&'static str> {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let update = text("UpdateExpression");
    let stamped = match action {
        "PutItem" => body["Item"]["w"]["S"].as_str().is_some_and(is_write_id),
        "UpdateItem" => {
            body["ExpressionAttributeValues"][":w"]["S"].as_str().is_some_and(is_write_id) && update.contains("w = :w")
        }
        _ => true,
    };
    if text("ConditionExpression").is_empty() {
        Some("it is unconditional")
    } else if text("ReturnValuesOnConditionCheckFailure") != "ALL_OLD" {
        Some("its refusal would not show the old item")
    } else if !stamped {
        Some("it has no write id")
    } else if update.split_ascii_whitespace().any(|word| word == "ADD") {
        Some("it has an ADD")
    } else if makes_expire(action, body) {
        Some("it makes something expire that is no record")
    } else {
        None
    }
}

/// The requests that functions send.
const KNOWN: [&str; 5] = ["BatchGetItem", "Query", "PutItem", "UpdateItem", "TransactWriteItems"];

/// What is wrong with a request.
fn judge(request: &Request) -> Option<&'static str> {
    if !KNOWN.contains(&&*request.operation) {
        return Some("no function sends such a request");
    }
    let parts = request.parts();
    if !is_write(request) {
        return None;
    }
    if let [part] = &parts[..]
        && is_count(part)
    {
        let is_conditional = request.body["ConditionExpression"].as_str().is_some_and(|text| text.contains(":now"));
        let shows = !request.body["ReturnValues"].is_null();
        return (!is_conditional || shows).then_some("it counts a request without its condition, or shows the root");
    }
    let token = &request.body["ClientRequestToken"];
    let ids = parts.iter().filter_map(|part| match &*part.action {
        "PutItem" => Some(&part.body["Item"]["w"]["S"]),
        "UpdateItem" => Some(&part.body["ExpressionAttributeValues"][":w"]["S"]),
        _ => None,
    });
    let is_end_of_token = |id: &Value| token.as_str().zip(id.as_str()).is_some_and(|(token, id)| token.ends_with(id));
    if request.operation == "TransactWriteItems" && (!token.is_string() || !ids.into_iter().all(is_end_of_token)) {
        return Some("its token does not end with its write id");
    }
    let condition = request.body["ConditionExpression"].as_str().unwrap_or_default();
    let is_bound = condition.contains("(#w = :") || condition.contains("(w = :read OR ");
    if request.operation == "UpdateItem" && !is_bound && !REPEATABLE.contains(&&*request.function) {
        return Some("it holds whatever came between it and what it read");
    }
    parts.iter().find_map(|part| fault(&part.action, &part.body))
}

/// Whether a write counts a request at the limits of its customer (decision 15). It may be applied twice, and leaves no write id.
fn is_count(part: &Part) -> bool {
    let of_root = part.partition.as_deref().and_then(root).as_ref() == part.partition.as_ref();
    let attributes = part.attributes();
    let is_of_bucket = |name: &String| matches!(&**name, "pk" | "sk" | "limits" | "buckets");
    part.action == "UpdateItem" && of_root && attributes.contains("buckets") && attributes.iter().all(is_of_bucket)
}

/// Functions whose single updates may be applied twice without a difference (decision 12): they need not be bound to what was read.
const REPEATABLE: [&str; 2] = ["RevokeKeyFunction", SWEEP];

fn is_write(request: &Request) -> bool {
    !matches!(&*request.operation, "BatchGetItem" | "Query")
}

#[test]
fn every_recorded_write_is_conditional_and_has_its_write_id() {
    let mut writes = 0;
    for recording in recordings() {
        for request in &recording.requests {
            if let Some(fault) = judge(request) {
                panic!("{}: {fault}: {} {}", request.function, request.operation, request.body);
            }
            writes += usize::from(is_write(request));
        }
    }
    assert!(writes > 0, "not one write is recorded");
}

/// What a request costs is in its line, so every one asks for it. One that opens a connection is of no request.
#[test]
fn every_recorded_request_asks_for_its_units() {
    for recording in recordings() {
        for request in &recording.requests {
            let is_priming = request.parts().iter().any(|part| part.partition.as_deref() == Some("prime"));
            let asked = &request.body["ReturnConsumedCapacity"];
            assert!(is_priming || asked == "TOTAL", "{}: {} {}", request.function, request.operation, request.body);
        }
    }
}

#[test]
fn every_kind_of_request_is_recorded() {
    let mut counts = KNOWN.map(|operation| (operation, 0));
    for request in recordings().flat_map(|recording| recording.requests) {
        counts.iter_mut().filter(|(operation, _)| *operation == request.operation).for_each(|(_, count)| *count += 1);
    }
    assert!(counts.iter().all(|(_, count)| *count > 0), "{counts:?}");
    let writes = KNOWN.map(|operation| is_write(&request("F", operation, json!({}))));
    assert_eq!(writes, [false, false, true, true, true], "{KNOWN:?}");
}

#[test]
fn a_write_without_condition_or_id_is_told() {
    let put = |change: fn(&mut Value)| {
        let mut body = json!({
            "TableName": "t", "Item": { "pk": { "S": "p" }, "w": { "S": "x8v0tqrstabc" } },
            "ConditionExpression": "c", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        });
        change(&mut body);
        judge(&request("F", "PutItem", body))
    };
    assert_eq!(put(|_| ()), None);
    assert_eq!(put(|body| body["ConditionExpression"] = Value::Null), Some("it is unconditional"));
    assert_eq!(put(|body| body["Item"]["w"] = Value::Null), Some("it has no write id"));
    assert_eq!(
        put(|body| body["ReturnValuesOnConditionCheckFailure"] = Value::Null),
        Some("its refusal would not show the old item")
    );
    assert_eq!(put(|body| body["UpdateExpression"] = json!("ADD n :one")), Some("it has an ADD"));
    let expires = Some("it makes something expire that is no record");
    assert_eq!(put(|body| body["Item"]["ttl"] = json!({ "N": "1" })), expires);
    let record = |body: &mut Value| {
        body["Item"]["ttl"] = json!({ "N": "1" });
        body["Item"]["type"] = json!({ "S": "record" });
    };
    assert_eq!(put(record), None);
    for (expression, names) in [("SET w = :w, ttl = :v", json!({})), ("SET w = :w, #t = :v", json!({ "#t": "ttl" }))] {
        let body = |condition: &str| {
            json!({
                "TableName": "t", "UpdateExpression": expression, "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": { ":w": { "S": "x8v0tqrstabc" } },
                "ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            })
        };
        assert_eq!(judge(&request("F", "UpdateItem", body("(#w = :v0)"))), expires, "{expression}");
        let unbound = judge(&request("F", "UpdateItem", body("attribute_exists(#pk)")));
        assert_eq!(unbound, Some("it holds whatever came between it and what it read"));
    }
    assert_eq!(judge(&request("F", "Scan", json!({ "TableName": "t" }))), Some("no function sends such a request"));
}

/// What the requests of a recording were over, each with who sent it.
fn over_limits(recording: &Recording) -> Vec<String> {
    let fault = |request: &Request| Some(format!("{}: {}", request.function, request.over_limit.as_ref()?));
    recording.requests.iter().filter_map(fault).collect()
}

#[test]
fn no_recorded_request_was_over_a_limit_of_dynamodb() {
    for recording in recordings() {
        assert_eq!(over_limits(&recording), [""; 0], "{}", recording.table);
    }
}

#[test]
fn a_request_over_a_limit_is_told() {
    let over = Request { over_limit: Some("too long".to_owned()), ..request("F", "UpdateItem", json!({})) };
    let requests = vec![request("F", "BatchGetItem", json!({})), over];
    let (secrets, answers) = (BTreeSet::new(), Vec::new());
    let (log, access) = (String::new(), String::new());
    let recording = Recording { table: "t".to_owned(), requests, log, access, secrets, answers };
    assert_eq!(over_limits(&recording), ["F: too long"]);
}

/// A request without a caller.
fn request(function: &str, operation: &str, body: Value) -> Request {
    let (function, operation) = (function.to_owned(), operation.to_owned());
    Request { function, operation, body, caller: None, path: None, over_limit: None }
}

/// The root of a key, where it is in one: `O#acme` of `O#acme#C`.
fn root(key: &str) -> Option<String> {
    let (kind, rest) = key.split_once('#')?;
    let name = rest.split('#').next()?;
    let right = match kind {
        "O" => !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')),
        "I" => is_ulid(name),
        _ => false,
    };
    right.then(|| format!("{kind}#{name}"))
}

/// Whether a key is in no root, and may be: what opens connections, the sweep's list of jobs, and signing keys, whose private parts are for
/// one function.
fn is_documented(request: &Request, part: &Part) -> bool {
    let is_query = part.action == "Query";
    match part.partition.as_deref().unwrap_or_default() {
        "prime" => request.operation == "BatchGetItem",
        key if key == "J" || key.starts_with("J#") => {
            is_query && part.index.as_deref() == Some("gs1") && request.function == SWEEP
        }
        "S" => request.operation == "BatchGetItem" || is_query && request.function == "GetJwksFunction",
        "S#P" => is_query && request.function == "ExchangeTokenFunction",
        key => key.starts_with("S#G#") && part.action == "ConditionCheckItem",
    }
}

/// It has no caller and works in every root.
const SWEEP: &str = "SweepDeprovisionedTenantsFunction";

/// A customer as its root item has it.
struct Customer {
    /// Its operator's root.
    operator: String,
    slug: String,
}

/// The customers that were made in a table, by their roots.
fn customers(recording: &Recording) -> BTreeMap<String, Customer> {
    let made = recording.requests.iter().filter(|request| request.function == "CreateCustomerFunction");
    let customer = |part: Part| {
        let text = |name: &str| part.body["Item"][name]["S"].as_str();
        let (operator, slug) = (format!("O#{}", text("operator")?), text("customer_id")?.to_owned());
        Some((root(part.partition.as_ref()?)?, Customer { operator, slug }))
    };
    made.flat_map(Request::parts).filter(|part| part.action == "PutItem").filter_map(customer).collect()
}

/// What is wrong with the keys of a request: each is in the root of the caller, as the bearer token of the event at hand
/// names it. An operator's request may also go to the root of one customer of its own. Two items stand elsewhere, and may
/// be read alone: whose a `cust_` id is, the customer's root item says itself; and the name of an
/// integration's key is kept with its operator.
fn stray(request: &Request, customers: &BTreeMap<String, Customer>) -> Option<String> {
    let caller = request.caller.as_deref().unwrap_or("no caller");
    let mut roots = BTreeSet::new();
    for part in request.parts() {
        let key = part.partition.clone().unwrap_or_default();
        if is_documented(request, &part) {
            continue;
        }
        let fault = format!("{} asks for {key:?} on behalf of {caller}", request.function);
        let Some(root) = root(&key) else { return Some(format!("{fault}, which is in no root")) };
        let is_own = root == caller
            || customers.get(&root).is_some_and(|customer| customer.operator == caller || request.function == SWEEP);
        if !is_own && !is_looked_up(request, &part, caller, customers) {
            return Some(format!("{fault}, which is in another root"));
        }
        roots.insert(root);
    }
    let of_customers = roots.iter().filter(|root| root.starts_with("I#")).count();
    (of_customers > 1).then(|| format!("{} mixes {roots:?}", request.function))
}

/// Whether a part reads one of the two items that stand elsewhere.
fn is_looked_up(request: &Request, part: &Part, caller: &str, customers: &BTreeMap<String, Customer>) -> bool {
    let (key, item) = (part.partition.as_deref().unwrap_or_default(), part.sort.as_deref().unwrap_or_default());
    let path = request.path.as_deref().unwrap_or_default();
    // An ill-formed id is looked up as that of nothing (`CustomerId::NIL`).
    let is_named =
        |ulid| path.split('/').any(|name| name.strip_prefix("cust_") == Some(ulid)) || ulid == CustomerId::NIL.ulid();
    let is_root_item = caller.starts_with("O#") && item == "#" && key.strip_prefix("I#").is_some_and(is_named);
    let keeps_name = |customer: &Customer| key.strip_suffix("#K") == Some(&customer.operator) && item == customer.slug;
    let is_name = request.function == "GetIntegrationSelfFunction" && customers.get(caller).is_some_and(keeps_name);
    part.action == "GetItem" && (is_root_item || is_name)
}

#[test]
fn every_recorded_key_is_in_the_callers_own_root() {
    let mut own = 0;
    for recording in recordings() {
        let customers = customers(&recording);
        for request in &recording.requests {
            if let Some(fault) = stray(request, &customers) {
                panic!("{}: {fault}: {:?} {}", recording.table, request.path, request.body);
            }
            own += usize::from(request.caller.is_some());
        }
    }
    assert!(own > 0, "not one request is recorded with its caller");
}

#[test]
fn a_key_of_another_root_is_told() {
    let (own, other, foreign) =
        ("01kaq7n0z2w4y6x8v0tqrstabc", "01kaq7n0z2w4y6x8v0tqrstabd", "01kaq7n0z2w4y6x8v0tqrstabe");
    let customers = [(own, "acme", "one"), (other, "acme", "two"), (foreign, "rival", "three")];
    let customers = customers.map(|(ulid, operator, slug)| {
        (format!("I#{ulid}"), Customer { operator: format!("O#{operator}"), slug: slug.to_owned() })
    });
    let customers = BTreeMap::from(customers);
    let get_by = |function: &str, caller: &str, pk: &str, sk: &str| {
        let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        let body = json!({ "RequestItems": { "t": { "Keys": [key] } } });
        let path = format!("/v1/customers/cust_{foreign}");
        let (caller, path) = (Some(caller.to_owned()).filter(|caller| !caller.is_empty()), Some(path));
        stray(&Request { caller, path, ..request(function, "BatchGetItem", body) }, &customers)
    };
    let get = |caller: &str, pk: &str, sk: &str| get_by("GetTenantFunction", caller, pk, sk);
    let (integration, operator) = (format!("I#{own}"), "O#acme");
    let tenants = |root: &str| format!("I#{root}#T");
    for (caller, pk, sk) in [
        (&*integration, &*integration, "#"),
        (&integration, &tenants(own), "x"),
        (operator, "O#acme#C", "x"),
        (operator, &integration, "#"),
        // Whose it is, it says itself.
        (operator, &format!("I#{foreign}"), "#"),
        ("", "prime", "#"),
        (&integration, "S", "x"),
    ] {
        assert_eq!(get(caller, pk, sk), None, "{caller} {pk}");
    }
    for (caller, pk, sk) in [
        (&*integration, &*tenants(other), "x"),
        (&integration, &tenants(foreign), "x"),
        (&integration, "O#acme", "#"),
        (&integration, &format!("I#{foreign}"), "#"),
        (&integration, "J", "#"),
        (&integration, "J#0", "#"),
        (&integration, "S#P", "x"),
        (&integration, "S#G#0", "x"),
        (&integration, "O#acme#K", "one"),
        (operator, "O#rival", "#"),
        (operator, "O#rival#K", "three"),
        (operator, "O#acme-two", "#"),
        (operator, &tenants(foreign), "x"),
        ("", &integration, "#"),
        ("", "O#acme", "#"),
    ] {
        let fault = get(caller, pk, sk).unwrap_or_else(|| panic!("{caller} may ask for {pk}"));
        assert!(fault.contains("GetTenantFunction") && fault.contains(pk), "{fault}");
    }
    assert_eq!(get_by("GetIntegrationSelfFunction", &integration, "O#acme#K", "one"), None);
    assert!(get_by("GetIntegrationSelfFunction", &integration, "O#acme#K", "two").is_some());
    let query = |function: &str, pk: &str| {
        let values = json!({ ":p": { "S": pk } });
        let body =
            json!({ "TableName": "t", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": values });
        stray(&Request { caller: Some(integration.clone()), ..request(function, "Query", body) }, &customers)
    };
    assert_eq!(query("ExchangeTokenFunction", "S#P"), None);
    assert!(query("CreateMessageFunction", "S#P").is_some() && query("CreateMessageFunction", "S").is_some());
    let write = |pk: String| json!({ "Put": { "TableName": "t", "Item": { "pk": { "S": pk }, "sk": { "S": "#" } } } });
    let both = json!({ "TransactItems": [write(integration.clone()), write(format!("I#{other}"))] });
    let both = Request { caller: Some(operator.to_owned()), ..request("F", "TransactWriteItems", both) };
    assert!(stray(&both, &customers).unwrap().contains("mixes"));
    let foreign_item = json!({ "TransactItems": [write(format!("I#{foreign}"))] });
    let path = Some(format!("/v1/customers/cust_{foreign}"));
    let caller = Some(operator.to_owned());
    let looks_up = Request { caller, path, ..request("F", "TransactWriteItems", foreign_item) };
    assert!(stray(&looks_up, &customers).unwrap().contains("another root"));
}

//! Every endpoint is in every place where it must be: the list of CONTRIBUTING.md, "Adding an endpoint". A scratch endpoint in a copy of the
//! tree shows that each forgotten place is named.

use super::routes::LITERALS;
use local::template::{Function, Template, logical_id};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tests::iam::grants;
use tests::operations::{Caller, Operation, read, snake};
use tests::{Value, repository_root};

/// What answers but is no operation of the contract: the rest of all paths, and what the clock starts.
const NO_OPERATION: [&str; 2] = ["answer-unmatched", "sweep-deprovisioned-tenants"];

/// The public document that is made of items (`resources::only_exchange_token_reads_private_signing_keys`).
const OF_ITEMS: &str = "getJwks";

/// Changes nothing, although it is a POST.
const READS: &str = "exchangeToken";

/// A tree of sources.
struct Tree {
    root: PathBuf,
    operations: Vec<Operation>,
    template: Template,
}

impl Tree {
    fn read(root: &Path) -> Result<Self, String> {
        let document = text(root, "infra/openapi.yaml")?;
        let document: Value =
            serde_norway::from_str(&document).map_err(|error| format!("infra/openapi.yaml: {error}"))?;
        let template = Template::read(root.join("template.yaml")).map_err(|error| error.to_string())?;
        Ok(Self { root: root.to_path_buf(), operations: read(&document)?, template })
    }

    /// The functions of operations, by name.
    fn functions(&self) -> impl Iterator<Item = &Function> {
        self.template.functions.iter().filter(|function| !NO_OPERATION.contains(&&*function.name))
    }

    /// What is missing somewhere, each with the name of the place.
    fn missing(&self) -> Result<Vec<String>, String> {
        let mut missing = self.missing_names()?;
        let mut texts = Texts::read(&self.root)?;
        for operation in &self.operations {
            let Some(function) = self.functions().find(|function| function.name == operation.function) else {
                continue;
            };
            missing.extend(route(operation, function));
            missing.extend(rights(operation, function));
            missing.extend(texts.missing(operation));
        }
        missing.sort();
        missing.dedup();
        Ok(missing)
    }

    /// Names that the document, the template, and the folder of the binaries do not share.
    fn missing_names(&self) -> Result<Vec<String>, String> {
        let documented: BTreeSet<&str> = self.operations.iter().map(|operation| &*operation.function).collect();
        let deployed: BTreeSet<&str> = self.functions().map(|function| &*function.name).collect();
        let folder = fs::read_dir(self.root.join("functions/src/bin")).map_err(|error| error.to_string())?;
        let files = folder.filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned));
        let built: BTreeSet<String> = files.filter(|name| !NO_OPERATION.contains(&&**name)).collect();
        let mut missing = Vec::new();
        for name in documented.iter().copied().chain(deployed.iter().copied()).chain(built.iter().map(String::as_str)) {
            if !documented.contains(name) {
                missing.push(format!("infra/openapi.yaml lacks the operation of {name}"));
            }
            if !deployed.contains(name) {
                missing.push(format!("template.yaml lacks {}, with CodeUri: target/lambda/{name}/", logical_id(name)));
            }
            if !built.contains(name) {
                missing.push(format!("functions/src/bin/{name}.rs is missing"));
            }
        }
        Ok(missing)
    }
}

/// The cases of an overtaken change, and those that have a test of their own.
const OVERTAKEN: [&str; 2] = ["tests/tests/faults/overtaken/cases.rs", "tests/tests/faults/overtaken.rs"];

fn text(root: &Path, file: &str) -> Result<String, String> {
    fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"))
}

/// The route of an operation in the template, and no other one. HEAD is no operation of the document.
fn route(operation: &Operation, function: &Function) -> Vec<String> {
    let (method, path) = (&operation.method, &operation.path);
    let routes = function.routes.iter().filter(|route| route.method != "HEAD" && !LITERALS.contains(&&*route.path));
    let routes: BTreeSet<(&str, String)> =
        routes.map(|route| (&*route.method, route.path.replace("+}", "}"))).collect();
    let id = &function.logical_id;
    let has = routes.contains(&(method, path.clone()));
    let lacks = (!has).then(|| format!("template.yaml: {id} lacks the route Method: {method}, Path: \"{path}\""));
    let others = routes.iter().filter(|route| **route != (method, path.clone()));
    let others = others.map(|(method, path)| format!("infra/openapi.yaml: {} is not {method} {path}", operation.id));
    lacks.into_iter().chain(others).collect()
}

/// What a function may do with the table: read the keys of both kinds of callers, and write where its operation does. Without a caller
/// it may do nothing. What it is granted of all this is checked by the requests that are recorded (`suite/policies.rs`).
fn rights(operation: &Operation, function: &Function) -> Vec<String> {
    let role = function.logical_id.replace("Function", "Role");
    let granted = grants(function);
    if operation.id == OF_ITEMS {
        return Vec::new();
    }
    if operation.caller == Caller::Anyone {
        let some =
            granted.first().map(|grant| format!("template.yaml: {role} may {} and needs no right", grant.action));
        return some.into_iter().collect();
    }
    let reads = |beginning: &str| {
        granted.iter().any(|grant| grant.action == "dynamodb:BatchGetItem" && grant.key.starts_with(beginning))
    };
    let mut missing = Vec::new();
    if !["O#", "I#"].into_iter().all(reads) {
        missing.push(format!(
            "template.yaml: {role} may not read the keys of its callers: it lacks !Ref AuthenticatePolicy"
        ));
    }
    let writes = ["PutItem", "UpdateItem", "DeleteItem"].map(|write| format!("dynamodb:{write}"));
    // Every function with a caller may count requests (decision 15), and no more of the attributes of a root.
    let mut of_items = granted.iter().filter(|grant| writes.contains(&grant.action) && grant.attributes.is_empty());
    if operation.is_write() && operation.id != READS && of_items.next().is_none() {
        missing.push(format!(
            "template.yaml: {role} may write nothing: it lacks a policy for what {} writes",
            operation.id
        ));
    }
    missing
}

/// Files that name each operation.
struct Texts {
    router: String,
    examples: String,
    fixture: String,
    budgets: String,
    overtaken: String,
    costs: String,
}

impl Texts {
    fn read(root: &Path) -> Result<Self, String> {
        let folder = fs::read_dir(root.join("tests/tests/budgets")).map_err(|error| error.to_string())?;
        let budgets = folder.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok()).collect();
        Ok(Self {
            router: text(root, "Cargo.toml")?,
            examples: text(root, "tests/src/operations/examples.rs")?,
            fixture: text(root, "tests/src/operations/fixture.rs")?,
            budgets,
            overtaken: text(root, OVERTAKEN[0])? + &text(root, OVERTAKEN[1])?,
            costs: text(root, "docs/access-patterns.md")?,
        })
    }

    fn missing(&mut self, operation: &Operation) -> Vec<String> {
        let Operation { id, function, .. } = operation;
        let quoted = format!("\"{id}\"");
        let is_write = operation.caller != Caller::Anyone && operation.is_write();
        let mut missing = Vec::new();
        let mut expect = |is_there: bool, what: String| missing.extend((!is_there).then_some(what));
        expect(
            self.router.contains(&format!("\"{function}\"")),
            format!("Cargo.toml: the router lacks {function}: run `cargo xtask router --write`"),
        );
        expect(self.examples.contains(&quoted), format!("tests/src/operations/examples.rs has no request for {id}"));
        for name in operation.names() {
            let value = format!("(\"{name}\", ");
            expect(
                self.fixture.contains(&value),
                format!("tests/src/operations/fixture.rs has no value for {{{name}}}"),
            );
        }
        let test = format!("#[tokio::test]\nasync fn {}() {{", snake(id));
        expect(self.budgets.contains(&test), format!("tests/tests/budgets/ has no test {}", snake(id)));
        expect(!is_write || self.overtaken.contains(&quoted), format!("{id} is no case of {}", OVERTAKEN[0]));
        expect(
            operation.caller == Caller::Anyone || self.costs.contains(&format!("\n| {id}")),
            format!("docs/access-patterns.md has no row of {id}"),
        );
        missing
    }
}

#[test]
fn every_endpoint_is_in_every_place() {
    let tree = Tree::read(&repository_root()).unwrap();
    assert!(tree.operations.len() >= 31, "{} operations", tree.operations.len());
    assert_eq!(tree.missing(), Ok(Vec::new()));
}

/// The scratch endpoint: in which file, before which text, what is inserted, and what is said where it is forgotten. An empty text before
/// which: at the end.
struct Place {
    file: &'static str,
    before: &'static str,
    text: &'static str,
    says: &'static str,
}

const PLACES: [Place; 11] = [
    Place {
        file: "infra/openapi.yaml",
        before: "\ncomponents:\n",
        text: "
  /widgets/{widget_id}:
    put:
      operationId: replaceWidget
      description: Needs scope `tenants:write`.
      security: [{integrationKey: []}]
      responses:
        '200': {description: The widget.}
",
        says: "infra/openapi.yaml lacks the operation of replace-widget",
    },
    Place {
        file: "template.yaml",
        before: "\n  UpdateTenantFunction:\n",
        text: "
  ReplaceWidgetFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/replace-widget/
      Role: !GetAtt ReplaceWidgetRole.Arn
      Events:
        Route: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: PUT, Path: \"/widgets/{widget_id}\"}}
  ReplaceWidgetRole:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [AUTHENTICATE]
      Policies: [WRITE]
",
        says: "template.yaml lacks ReplaceWidgetFunction, with CodeUri: target/lambda/replace-widget/",
    },
    Place {
        file: "template.yaml",
        before: "AUTHENTICATE",
        text: "!Ref AuthenticatePolicy",
        says: "template.yaml: ReplaceWidgetRole may not read the keys of its callers: it lacks !Ref AuthenticatePolicy",
    },
    Place {
        file: "template.yaml",
        before: "WRITE]",
        text: "{PolicyDocument: {Statement: [{Effect: Allow, Action: dynamodb:UpdateItem, Resource: !GetAtt Table.Arn, Condition: \
               {ForAllValues:StringLike: {\"dynamodb:LeadingKeys\": \"I#*\"}}}]}}",
        says: "template.yaml: ReplaceWidgetRole may write nothing: it lacks a policy for what replaceWidget writes",
    },
    Place {
        file: "functions/src/bin/replace-widget.rs",
        before: "",
        text: "//! `PUT /widgets/{widget_id}`\n",
        says: "functions/src/bin/replace-widget.rs is missing",
    },
    Place {
        file: "Cargo.toml",
        before: "",
        text: "\"/widgets/{widget_id}\" = [{ method = \"PUT\", function = \"replace-widget\" }]\n",
        says: "Cargo.toml: the router lacks replace-widget: run `cargo xtask router --write`",
    },
    Place {
        file: "tests/src/operations/examples.rs",
        before: "        \"updateTenant\" =>",
        text: "        \"replaceWidget\" => vec![example(200, none)],\n",
        says: "tests/src/operations/examples.rs has no request for replaceWidget",
    },
    Place {
        file: "tests/src/operations/fixture.rs",
        before: "            (\"tenant_id\", tenant)",
        text: "            (\"widget_id\", widget),\n",
        says: "tests/src/operations/fixture.rs has no value for {widget_id}",
    },
    Place {
        file: "tests/tests/budgets/tenants.rs",
        before: "",
        text: "\n#[tokio::test]\nasync fn replace_widget() {}\n",
        says: "tests/tests/budgets/ has no test replace_widget",
    },
    Place {
        file: OVERTAKEN[0],
        before: "",
        text: "// \"replaceWidget\"\n",
        says: "replaceWidget is no case of tests/tests/faults/overtaken/cases.rs",
    },
    Place {
        file: "docs/access-patterns.md",
        before: "\n| updateTenant |",
        text: "\n| replaceWidget | batch: root, widget; UpdateItem | 2 | 2 RCU, 1 WCU |",
        says: "docs/access-patterns.md has no row of replaceWidget",
    },
];

/// Copies the files that are looked at.
fn copy(to: &Path) {
    let root = repository_root();
    let folder = |name: &str| -> Vec<String> {
        let files = fs::read_dir(root.join(name)).unwrap();
        files.map(|file| format!("{name}/{}", file.unwrap().file_name().to_string_lossy())).collect()
    };
    let files = PLACES.iter().map(|place| place.file.to_owned()).filter(|file| root.join(file).exists());
    let own = [OVERTAKEN[1].to_owned()];
    for file in files.chain(own).chain(folder("functions/src/bin")).chain(folder("tests/tests/budgets")) {
        let target = to.join(&file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(root.join(&file), target).unwrap();
    }
}

/// What is missing in a copy with the scratch endpoint in these places.
fn missing_with(name: &str, places: &[&Place]) -> Vec<String> {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("endpoint-{}-{name}", std::process::id()));
    copy(&root);
    for place in places {
        let file = root.join(place.file);
        let old = fs::read_to_string(&file).unwrap_or_default();
        let (before, after) = match place.before {
            "" => (old.as_str(), ""),
            text => old.split_at(old.find(text).unwrap_or_else(|| panic!("{} has no {text:?}", place.file))),
        };
        fs::write(&file, format!("{before}{}{after}", place.text)).unwrap();
    }
    // The places inside the scratch role that stayed empty.
    let template = root.join("template.yaml");
    let text = fs::read_to_string(&template).unwrap();
    fs::write(&template, text.replace("AUTHENTICATE]", "]").replace("WRITE]", "]")).unwrap();
    let missing = Tree::read(&root).and_then(|tree| tree.missing());
    fs::remove_dir_all(&root).unwrap();
    missing.unwrap_or_else(|fault| vec![fault])
}

#[test]
fn each_place_that_a_scratch_endpoint_forgets_is_named() {
    assert_eq!(missing_with("none", &[]), Vec::<String>::new());
    assert_eq!(missing_with("all", &PLACES.iter().collect::<Vec<_>>()), Vec::<String>::new());
    for (at, forgotten) in PLACES.iter().enumerate() {
        // What is inside the function of the template goes with it.
        let is_within = |place: &Place| !place.before.is_empty() && forgotten.text.contains(place.before);
        let others: Vec<&Place> = PLACES
            .iter()
            .enumerate()
            .filter(|(other, place)| *other != at && !is_within(place))
            .map(|(_, place)| place)
            .collect();
        assert_eq!(missing_with(&at.to_string(), &others), [forgotten.says], "{} is forgotten", forgotten.file);
    }
}

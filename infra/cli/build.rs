//! Makes the table of operations, `src/operation.rs`, from infra/openapi.yaml: the names of commands and flags are decided here.
//!
//! A group is a tag of the document, a command the first word of the operation's id; `NAMES` has the exceptions. A flag is the name of
//! a parameter or of a member of the body, in kebab case; members of an object have its name before theirs.

use std::{collections::BTreeMap, error::Error, fmt::Write, fs, path::Path};

use serde_norway::Value;

/// Operations whose group or command has another name: the id, the group (empty: that of the tag), the command.
const NAMES: [(&str, &str, &str); 12] = [
    ("getIntegrationSelf", "self", "get"),
    ("registerRepository", "", "create"),
    ("getTenantByExternalId", "", "get-by-external-id"),
    ("deleteTenantByExternalId", "", "deprovision"),
    ("getUserByExternalId", "", "get-by-external-id"),
    ("assignUserRole", "", "assign-role"),
    ("unassignUserRole", "", "unassign-role"),
    ("getHealth", "health", "get"),
    ("getJwks", "jwks", "get"),
    ("getOpenapi", "openapi", "get"),
    ("listProblems", "problems", "list"),
    ("getProblem", "problems", "get"),
];

/// Groups that are not a tag of the document.
const GROUPS: [(&str, &str); 5] = [
    ("self", "Who the calling integration key is."),
    ("health", "Whether the API answers, and its version. Public."),
    ("jwks", "The public keys that verify tokens of end users. Public."),
    ("openapi", "The API's OpenAPI document. Public."),
    ("problems", "The kinds of problems that the API answers. Public."),
];

/// Commands for one value of one member: the operation, the command, what it does, the member, the value.
const SHORTCUTS: [(&str, &str, &str, &str, &str); 3] = [
    ("updateTenant", "suspend", "Suspend a tenant", "status", "suspended"),
    ("updateTenant", "activate", "End the suspension of a tenant", "status", "active"),
    ("updateUser", "activate", "End the suspension of a user", "status", "active"),
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let document = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../openapi.yaml");
    println!("cargo::rerun-if-changed={}", document.display());
    println!("cargo::rerun-if-changed=build.rs");
    let document = Document(serde_norway::from_str(&fs::read_to_string(&document)?)?);
    let table = Path::new(&std::env::var("OUT_DIR")?).join("operations.rs");
    Ok(fs::write(table, document.table()?)?)
}

/// infra/openapi.yaml.
struct Document(Value);

impl Document {
    /// The two tables, in the order of the document.
    fn table(&self) -> Result<String> {
        let mut groups: Vec<(String, String)> = Vec::new();
        for tag in items(&self.0, "tags") {
            groups.push((text(tag, "name").to_lowercase(), text(tag, "description").to_owned()));
        }
        groups.extend(GROUPS.map(|(name, about)| (name.to_owned(), about.to_owned())));
        let mut operations = BTreeMap::<usize, Vec<String>>::new();
        for (path, methods) in entries(&self.0, "paths") {
            for (method, operation) in entries(methods, "").filter(|(_, value)| value.get("operationId").is_some()) {
                let (group, command) = names(operation);
                let place = groups.iter().position(|(name, _)| *name == group).ok_or("a tag is not listed")?;
                let written = operations.entry(place).or_default();
                let id = text(operation, "operationId");
                written.push(self.row(
                    methods,
                    operation,
                    [method, path, &group, &command, text(operation, "summary")],
                    None,
                )?);
                for (_, command, about, member, value) in SHORTCUTS.iter().filter(|(known, ..)| *known == id) {
                    written.push(self.row(
                        methods,
                        operation,
                        [method, path, &group, command, about],
                        Some((member, value)),
                    )?);
                }
            }
        }
        let mut out = "/// The groups of commands, with what each is about.\npub static GROUPS: &[(&str, &str)] = &[\n"
            .to_owned();
        for place in operations.keys() {
            let (name, about) = groups.get(*place).ok_or("a group has no name")?;
            writeln!(out, "    ({name:?}, {:?}),", about.trim_end_matches('.'))?;
        }
        out += "];\n\n/// The operations, group by group.\npub static OPERATIONS: &[Operation] = &[\n";
        operations.into_values().flatten().for_each(|operation| out += &operation);
        Ok(out + "];\n")
    }

    /// One row of the table. A shortcut has its member and value, and takes no others.
    fn row(&self, methods: &Value, operation: &Value, names: [&str; 5], fixed: Option<(&str, &str)>) -> Result<String> {
        let [method, path, group, command, about] = names;
        let mut arguments = Vec::new();
        for parameter in items(methods, "parameters").chain(items(operation, "parameters")) {
            arguments.push(self.parameter(self.resolved(parameter))?);
        }
        let body = operation.get("requestBody").map(|body| self.resolved(body));
        let schema = body.and_then(|body| self.schema_of(body));
        if let Some(schema) = schema.filter(|_| fixed.is_none()) {
            self.members(schema, &[], &mut arguments)?;
        }
        let mut flags = Vec::new();
        arguments.retain(|(flag, _)| {
            !flags.contains(flag) && {
                flags.push(flag.clone());
                true
            }
        });
        let caller = match items(operation, "security").next().map(|first| first.get("operatorKey").is_some()) {
            Some(true) => "Operator",
            Some(false) => "Integration",
            None => "Anyone",
        };
        let rows = if command == "list" { self.rows(operation) } else { None };
        let mut out = format!("    Operation {{\n        id: {:?},\n", text(operation, "operationId"));
        writeln!(out, "        group: {group:?},\n        command: {command:?},")?;
        writeln!(out, "        about: {about:?},\n        description: {:?},", text(operation, "description").trim())?;
        writeln!(out, "        method: {:?},\n        path: {path:?},", method.to_uppercase())?;
        writeln!(out, "        caller: Caller::{caller},\n        fixed: {fixed:?},")?;
        writeln!(out, "        takes_body: {},\n        rows: {rows:?},", schema.is_some() && fixed.is_none())?;
        out += "        arguments: &[\n";
        arguments.iter().for_each(|(_, argument)| out += argument);
        Ok(out + "        ],\n    },\n")
    }

    /// A parameter as flag and literal.
    fn parameter(&self, parameter: &Value) -> Result<(String, String)> {
        let name = text(parameter, "name");
        let place = match text(parameter, "in") {
            "path" => "Path",
            "query" => "Query",
            _ => "Header",
        };
        let flag = if name == "limit" { "page-size".to_owned() } else { kebab(name.trim_start_matches("page.")) };
        let required = parameter.get("required").and_then(Value::as_bool).unwrap_or_default();
        let schema = parameter.get("schema").ok_or("a parameter has no schema")?;
        let literal = self.argument(&flag, place, &[name], schema, text(parameter, "description"), required)?;
        Ok((flag, literal))
    }

    /// The members of a body's schema, those of its objects one by one.
    fn members(&self, schema: &Value, above: &[&str], into: &mut Vec<(String, String)>) -> Result<()> {
        let required: Vec<&str> = items(schema, "required").filter_map(Value::as_str).collect();
        for (name, member) in entries(schema, "properties") {
            let path = [above, &[name]].concat();
            let resolved = self.resolved(member);
            if resolved.get("properties").is_some() {
                self.members(resolved, &path, into)?;
                continue;
            }
            let about = [member, resolved].map(|schema| text(schema, "description"));
            let about = about.into_iter().find(|about| !about.is_empty()).unwrap_or_default();
            let is_map = resolved.get("additionalProperties").is_some_and(Value::is_mapping);
            let flag = kebab(&path.join("-"));
            let flag = if is_map { flag.trim_end_matches('s').to_owned() } else { flag };
            let is_required = above.is_empty() && required.contains(&name);
            let literal = self.argument(&flag, "Body", &path, member, about, is_required)?;
            into.push((flag, literal));
        }
        Ok(())
    }

    fn argument(
        &self,
        flag: &str,
        place: &str,
        name: &[&str],
        schema: &Value,
        about: &str,
        required: bool,
    ) -> Result<String> {
        let schema = self.resolved(schema);
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::Sequence(types)) => types.iter().filter_map(Value::as_str).collect(),
            Some(one) => one.as_str().into_iter().collect(),
            None => items(schema, "anyOf").map(|one| text(self.resolved(one), "type")).collect(),
        };
        let kind = match types.first() {
            Some(&"integer") => "Integer",
            Some(&"boolean") => "Boolean",
            Some(&"array") => "Texts",
            Some(&"object") => "Map",
            _ => "Text",
        };
        let of_one = schema.get("items").map_or(schema, |items| self.resolved(items));
        let values: Vec<&str> = items(of_one, "enum").filter_map(Value::as_str).collect();
        let prefix = text(schema, "pattern").strip_prefix('^').and_then(|rest| rest.split_once("_[0-7]"));
        let prefix =
            prefix.map(|(prefix, _)| prefix).filter(|prefix| prefix.bytes().all(|byte| byte.is_ascii_lowercase()));
        let most = schema.get("maximum").and_then(Value::as_u64);
        let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut out = format!(
            "            Argument {{ flag: {flag:?}, place: Place::{place}, name: &{name:?}, kind: Kind::{kind},"
        );
        write!(out, " required: {required}, nullable: {},", types.contains(&"null"))?;
        writeln!(out, " values: &{values:?}, prefix: {prefix:?}, most: {most:?}, about: {about:?} }},")?;
        Ok(out)
    }

    /// The member of a list's answer that has the rows.
    fn rows<'a>(&'a self, operation: &'a Value) -> Option<&'a str> {
        let answer = operation.get("responses")?.get("200")?;
        let schema = self.schema_of(self.resolved(answer))?;
        entries(schema, "properties").find(|(_, member)| text(member, "type") == "array").map(|(name, _)| name)
    }

    /// The schema of a body's or an answer's last media type.
    fn schema_of<'a>(&'a self, body: &'a Value) -> Option<&'a Value> {
        let content = body.get("content")?.as_mapping()?;
        let json = content.values().find_map(|content| content.get("schema"))?;
        Some(self.resolved(json))
    }

    /// What a reference within the document refers to; anything else is what it is.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
        let found = reference.split('/').skip(1).try_fold(&self.0, |at, name| at.get(name));
        found.map_or(value, |found| self.resolved(found))
    }
}

/// The group and the command of an operation.
fn names(operation: &Value) -> (String, String) {
    let id = text(operation, "operationId");
    let tag = items(operation, "tags").next().and_then(Value::as_str).unwrap_or_default().to_lowercase();
    match NAMES.iter().find(|(known, _, _)| *known == id) {
        Some((_, "", command)) => (tag, (*command).to_owned()),
        Some((_, group, command)) => ((*group).to_owned(), (*command).to_owned()),
        None => (tag, id.chars().take_while(char::is_ascii_lowercase).collect()),
    }
}

fn kebab(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_sequence).into_iter().flatten()
}

/// The members of a mapping, or of a member that is one.
fn entries<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let mapping = if name.is_empty() { Some(value) } else { value.get(name) }.and_then(Value::as_mapping);
    mapping.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str()?, value)))
}

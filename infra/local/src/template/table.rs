//! The CreateTable request of the template's table.

use serde_json::{Map, Value};

use super::{Template, Values};
use crate::{Error, Result};

/// The properties that every engine understands; backups, encryption and deletion protection are for AWS only.
const MEMBERS: [&str; 4] = ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"];

/// The same for an index.
const INDEX_MEMBERS: [&str; 3] = ["IndexName", "KeySchema", "Projection"];

impl Template {
    /// The body of a CreateTable request for the template's one table, under a name of the caller's.
    pub fn create_table(&self, name: &str) -> Result<Value> {
        let table = self.table()?;
        let members = MEMBERS.into_iter().filter_map(|member| Some((member, table.get(member)?)));
        let mut body = Map::from_iter([("TableName".to_owned(), Value::from(name))]);
        for (member, value) in members {
            body.insert(member.to_owned(), self.plain(value, &Values::new())?);
        }
        let indexes = body.get_mut("GlobalSecondaryIndexes").and_then(Value::as_array_mut);
        for index in indexes.into_iter().flatten().filter_map(Value::as_object_mut) {
            index.retain(|member, _| INDEX_MEMBERS.contains(&member.as_str()));
        }
        Ok(Value::Object(body))
    }

    /// The attribute by which items expire, where there is one.
    pub fn time_to_live_attribute(&self) -> Option<&str> {
        self.table().ok()?.pointer("/TimeToLiveSpecification/AttributeName")?.as_str()
    }

    fn table(&self) -> Result<&Value> {
        let mut tables = self.resources("AWS::DynamoDB::Table");
        let table = tables.next().and_then(|(_, table)| table.get("Properties"));
        let table = table.ok_or_else(|| Error::new("the template has no table"))?;
        match tables.next() {
            None => Ok(table),
            Some((second, _)) => Err(Error::new(format!("the template has a second table, {second}"))),
        }
    }
}

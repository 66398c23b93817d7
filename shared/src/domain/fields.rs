//! Reads the members of a JSON object and collects all errors. Unknown members are refused; absent, `null` and a value are
//! three different cases (contract sections 2.5 and 2.6).

use super::FieldError;
use super::error::member_pointer;
use super::id::{Id, Kind};
use super::json::{Json, Object};
use std::cell::RefCell;

/// An object whose members are being read. Errors are added to a shared list.
///
/// A reader returns `None` if it reported an error, so that a value is only built from valid members.
pub struct Fields<'a> {
    object: &'a Object,
    pointer: String,
    field_errors: &'a RefCell<Vec<FieldError>>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Reads `object`, which is at `pointer`. A member that `read` does not request is unknown.
    pub fn read<T>(
        object: &'a Object,
        pointer: &str,
        field_errors: &'a RefCell<Vec<FieldError>>,
        read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Option<T> {
        let mut fields = Fields { object, pointer: pointer.to_owned(), field_errors, known: Vec::new() };
        let value = read(&mut fields);
        let known = match fields.known.as_slice() {
            [] => "is not a member that can be set here".to_owned(),
            known => format!("is not a member that can be set here, which are {}", known.join(", ")),
        };
        for name in object.keys().filter(|name| !fields.known.contains(&name.as_str())) {
            let pointer = member_pointer(&fields.pointer, name);
            field_errors.borrow_mut().push(FieldError::new(pointer, known.clone()));
        }
        value
    }

    fn member(&mut self, name: &'static str) -> Option<Member<'a>> {
        self.known.push(name);
        let value = self.object.get(name)?;
        Some(Member { value, pointer: member_pointer(&self.pointer, name), field_errors: self.field_errors })
    }

    /// A required member.
    pub fn required<T>(&mut self, name: &'static str, read: impl FnOnce(Member<'a>) -> Option<T>) -> Option<T> {
        match self.member(name) {
            Some(member) => read(member),
            None => {
                let error = FieldError::new(member_pointer(&self.pointer, name), "is required");
                self.field_errors.borrow_mut().push(error);
                None
            }
        }
    }

    /// A member that may be absent (`Some(None)`) but not `null`.
    pub fn optional<T>(&mut self, name: &'static str, read: impl FnOnce(Member<'a>) -> Option<T>) -> Option<Option<T>> {
        match self.member(name) {
            Some(member) => read(member).map(Some),
            None => Some(None),
        }
    }

    /// A member that may be absent (`Some(None)`) or `null` (`Some(Some(None))`). `read` is not called for `null`, and may
    /// itself map a value to `null`.
    pub fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Member<'a>) -> Option<Option<T>>,
    ) -> Option<Option<Option<T>>> {
        match self.member(name) {
            Some(member) if *member.value == Json::Null => Some(Some(None)),
            Some(member) => read(member).map(Some),
            None => Some(None),
        }
    }
}

/// One value and its JSON pointer.
#[derive(Clone)]
pub struct Member<'a> {
    value: &'a Json,
    pointer: String,
    field_errors: &'a RefCell<Vec<FieldError>>,
}

impl<'a> Member<'a> {
    /// Reports an error of this value.
    pub fn refuse(&self, message: impl Into<String>) {
        self.field_errors.borrow_mut().push(FieldError::new(self.pointer.clone(), message));
    }

    fn expected<T>(&self, what: &str) -> Option<T> {
        self.refuse(format!("must be {what}"));
        None
    }

    /// The value as a string.
    pub fn string(&self) -> Option<&'a str> {
        match self.value {
            Json::String(text) => Some(text),
            _ => self.expected("a string"),
        }
    }

    /// The value as an id.
    pub fn id<K: Kind>(&self) -> Option<Id<K>> {
        let id = Id::parse(self.string()?);
        if id.is_none() {
            self.refuse(format!("must be an id: {} and 26 characters", K::PREFIX));
        }
        id
    }

    /// The value as an id; the empty string means `null`.
    pub fn nullable_id<K: Kind>(&self) -> Option<Option<Id<K>>> {
        if self.string()?.is_empty() { Some(None) } else { self.id().map(Some) }
    }

    /// The value as `true` or `false`.
    pub fn boolean(&self) -> Option<bool> {
        match self.value {
            Json::Bool(value) => Some(*value),
            _ => self.expected("true or false"),
        }
    }

    /// The value as an integer from `min` to `max`. `60.0` and `6e1` are 60.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the bounds it is exact")]
    pub fn integer(&self, min: u32, max: u32) -> Option<u32> {
        match self.value {
            Json::Number(value) if value.fract() == 0.0 && (f64::from(min)..=f64::from(max)).contains(value) => {
                Some(*value as u32)
            }
            _ => self.expected(&format!("an integer from {min} to {max}")),
        }
    }

    /// The items of an array, each with its own pointer.
    pub fn items(&self) -> Option<Vec<Member<'a>>> {
        let Json::Array(items) = self.value else { return self.expected("an array") };
        let member = |(index, value)| Member {
            value,
            pointer: format!("{}/{index}", self.pointer),
            field_errors: self.field_errors,
        };
        Some(items.iter().enumerate().map(member).collect())
    }

    /// The members of an object with arbitrary keys.
    pub fn entries(&self) -> Option<Vec<(&'a str, Member<'a>)>> {
        let Json::Object(members) = self.value else { return self.expected("an object") };
        let entry = |(name, value): (&'a String, &'a Json)| {
            let pointer = member_pointer(&self.pointer, name);
            (name.as_str(), Member { value, pointer, field_errors: self.field_errors })
        };
        Some(members.iter().map(entry).collect())
    }

    /// An object with known members.
    pub fn object<T>(&self, read: impl FnOnce(&mut Fields<'a>) -> Option<T>) -> Option<T> {
        let Json::Object(members) = self.value else { return self.expected("an object") };
        Fields::read(members, &self.pointer, self.field_errors, read)
    }
}

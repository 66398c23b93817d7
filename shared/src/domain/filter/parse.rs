//! A recursive descent parser for filters:
//!
//! ```text
//! filter     = all
//! all        = any { "AND" any }
//! any        = not { "OR" not }
//! not        = [ "NOT" ] term
//! term       = "(" all ")" | comparison
//! comparison = field operator string
//! field      = "customer_id" | "display_name" | "description" | "state"
//!            | "created_at" | "updated_at" | "archived_at" | "labels." KEY
//! operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":"
//! string     = bare | "'" … "'" | '"' … '"'
//! ```
//!
//! Details that the contract leaves open:
//! - White space is that of Unicode. Between tokens it is optional: `NOT(state:active)`.
//! - A bare `AND`, `OR` or `NOT` is always a keyword, never an operand. Quoted it is a string.
//! - A backslash escapes the next character, in quoted and bare strings. Escaped letters and digits are refused, so that `\n` does
//!   not silently mean `n`.
//! - `*` has the same meaning in quoted strings. `=*` on text is the empty prefix, which matches any set value; `!=*` matches nothing.
//! - `field:*` is allowed for every field, so `state:*` and `created_at:*` always match.
//! - `""` is the empty string.
//! - Blank text is an error, and so are the control characters that are refused in every string.
//! - The offset of an error is the opening quote or parenthesis if it is not closed, the misplaced `*`, the start of an operand of
//!   the wrong type, or the first character over the limit.

use super::{Expression, Field, FilterError, Relation, TextField, TimeField};
use crate::domain::Timestamp;
use crate::domain::customer::CustomerState;

const MAX_CHARACTERS: usize = 2000;
const MAX_DEPTH: usize = 32;
const FIELDS: &str = "expected a field: customer_id, display_name, description, state, created_at, updated_at, \
                      archived_at or labels.KEY";

type Parsed<T> = Result<T, FilterError>;

/// Parses `text` in linear time.
pub fn filter(text: &str) -> Parsed<Expression> {
    if let Some((offset, _)) = text.char_indices().nth(MAX_CHARACTERS) {
        return error(offset, "a filter has at most 2000 characters");
    }
    if let Some(offset) = text.find(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return error(offset, "control characters are not allowed");
    }
    let mut parser = Parser { text, rest: text, depth: 0 };
    let expression = parser.all()?;
    parser.skip_white_space();
    if !parser.rest.is_empty() {
        return error(parser.offset(), "expected AND, OR or the end");
    }
    Ok(expression)
}

fn error<T>(offset: usize, message: &str) -> Parsed<T> {
    Err(FilterError { offset, message: message.to_owned() })
}

struct Parser<'a> {
    text: &'a str,
    /// The rest of `text` that is not parsed yet.
    rest: &'a str,
    /// The number of open parentheses.
    depth: usize,
}

struct Operator {
    offset: usize,
    relation: Relation,
    is_colon: bool,
}

/// A string after an operator, with its escapes resolved.
struct Operand {
    offset: usize,
    text: String,
    /// The offset of the final `*`, which is not in `text`.
    star: Option<usize>,
}

impl<'a> Parser<'a> {
    fn all(&mut self) -> Parsed<Expression> {
        self.chain("AND", Self::any, Expression::All)
    }

    fn any(&mut self) -> Parsed<Expression> {
        self.chain("OR", Self::not, Expression::Any)
    }

    fn chain(
        &mut self,
        keyword: &str,
        term: fn(&mut Self) -> Parsed<Expression>,
        join: fn(Vec<Expression>) -> Expression,
    ) -> Parsed<Expression> {
        let first = term(self)?;
        if !self.take_keyword(keyword) {
            return Ok(first);
        }
        let mut terms = vec![first, term(self)?];
        while self.take_keyword(keyword) {
            terms.push(term(self)?);
        }
        Ok(join(terms))
    }

    fn not(&mut self) -> Parsed<Expression> {
        if self.take_keyword("NOT") {
            // The grammar does not allow a second NOT.
            return Ok(Expression::Not(Box::new(self.term()?)));
        }
        self.term()
    }

    fn term(&mut self) -> Parsed<Expression> {
        self.skip_white_space();
        let opening = self.offset();
        if !self.take("(") {
            return self.comparison();
        }
        if self.depth == MAX_DEPTH {
            return error(opening, "parentheses may be at most 32 deep");
        }
        self.depth += 1;
        let expression = self.all()?;
        self.depth -= 1;
        self.skip_white_space();
        if self.rest.is_empty() {
            return error(opening, "the parenthesis is never closed");
        }
        if !self.take(")") {
            return error(self.offset(), "expected AND, OR or a closing parenthesis");
        }
        Ok(expression)
    }

    fn comparison(&mut self) -> Parsed<Expression> {
        let field = self.field()?;
        let operator = self.operator()?;
        if field == Field::State && !matches!(operator.relation, Relation::Equal | Relation::NotEqual) {
            return error(operator.offset, "state takes =, != or :");
        }
        let operand = self.operand()?;
        if operator.is_colon && operand.text.is_empty() && operand.star.is_some() {
            return Ok(Expression::IsSet(field));
        }
        match field {
            Field::Text(field) => text_comparison(field, operator.relation, operand),
            Field::Time(field) => {
                let time =
                    operand.typed(Timestamp::parse, "expected an RFC 3339 date-time such as 2027-01-31T00:00:00Z")?;
                Ok(Expression::Time(field, operator.relation, time))
            }
            Field::State => {
                let state = operand.typed(state, "expected active or archived")?;
                Ok(Expression::State(operator.relation == Relation::Equal, state))
            }
        }
    }

    fn field(&mut self) -> Parsed<Field> {
        let offset = self.offset();
        let name = self.rest.split(|c| ends_bare(c) || c == ':').next().unwrap_or_default();
        self.take(name);
        Ok(match name {
            "customer_id" => Field::Text(TextField::CustomerId),
            "display_name" => Field::Text(TextField::DisplayName),
            "description" => Field::Text(TextField::Description),
            "state" => Field::State,
            "created_at" => Field::Time(TimeField::Created),
            "updated_at" => Field::Time(TimeField::Updated),
            "archived_at" => Field::Time(TimeField::Archived),
            _ => match name.strip_prefix("labels.") {
                Some(key) if is_label_key(key) => Field::Text(TextField::Label(key.to_owned())),
                Some(_) => return error(offset, "the label's key is malformed"),
                None => return error(offset, FIELDS),
            },
        })
    }

    fn operator(&mut self) -> Parsed<Operator> {
        // Longer operators first: `<` is a prefix of `<=`.
        let relations = [
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            ("!=", Relation::NotEqual),
            ("<", Relation::Less),
            (">", Relation::Greater),
            ("=", Relation::Equal),
            (":", Relation::Equal),
        ];
        self.skip_white_space();
        let offset = self.offset();
        let is_colon = self.rest.starts_with(':');
        match relations.into_iter().find(|(text, _)| self.take(text)) {
            Some((_, relation)) => Ok(Operator { offset, relation, is_colon }),
            None => error(offset, "expected one of = != < <= > >= :"),
        }
    }

    fn operand(&mut self) -> Parsed<Operand> {
        self.skip_white_space();
        let offset = self.offset();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        match quote {
            Some(quote) => {
                self.next();
                let (text, star) = self.string(|c| c == quote)?;
                match self.next() {
                    Some(_) => Ok(Operand { offset, text, star }),
                    None => error(offset, "the quote is never closed"),
                }
            }
            None if matches!(self.bare_run(), "" | "AND" | "OR" | "NOT") => error(offset, "expected a value"),
            None => self.string(ends_bare).map(|(text, star)| Operand { offset, text, star }),
        }
    }

    /// The characters up to one that `ends` the string, and the offset of a final `*`.
    fn string(&mut self, ends: impl Fn(char) -> bool) -> Parsed<(String, Option<usize>)> {
        let mut text = String::new();
        loop {
            let offset = self.offset();
            let Some(character) = self.rest.chars().next().filter(|c| !ends(*c)) else { return Ok((text, None)) };
            self.next();
            match character {
                '\\' => match self.next() {
                    Some(escaped) if !escaped.is_ascii_alphanumeric() => text.push(escaped),
                    _ => return error(offset, "a backslash escapes punctuation and white space only"),
                },
                '*' if self.rest.chars().next().is_none_or(&ends) => return Ok((text, Some(offset))),
                '*' => return error(offset, "* may only end a string; \\* is a star itself"),
                plain => text.push(plain),
            }
        }
    }

    fn offset(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn skip_white_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        self.skip_white_space();
        self.bare_run() == keyword && self.take(keyword)
    }

    /// The bare string at this position, with its escapes unresolved.
    fn bare_run(&self) -> &'a str {
        self.rest.split(ends_bare).next().unwrap_or_default()
    }
}

impl Operand {
    /// The operand as a value of another type, which has no prefixes.
    fn typed<T>(self, read: impl FnOnce(&str) -> Option<T>, expected: &str) -> Parsed<T> {
        match (self.star, read(&self.text)) {
            (None, Some(value)) => Ok(value),
            (None, None) => error(self.offset, expected),
            (Some(star), _) => error(star, "a prefix is for text only"),
        }
    }
}

fn text_comparison(field: TextField, relation: Relation, operand: Operand) -> Parsed<Expression> {
    match (operand.star, relation) {
        (None, _) => Ok(Expression::Text(field, relation, operand.text)),
        (Some(_), Relation::Equal) => Ok(Expression::Prefix(field, true, operand.text)),
        (Some(_), Relation::NotEqual) => Ok(Expression::Prefix(field, false, operand.text)),
        (Some(star), _) => error(star, "a prefix takes =, != or :"),
    }
}

fn state(text: &str) -> Option<CustomerState> {
    match text {
        "active" => Some(CustomerState::Active),
        "archived" => Some(CustomerState::Archived),
        _ => None,
    }
}

fn ends_bare(character: char) -> bool {
    character.is_whitespace() || r#"()"'=<>!,"#.contains(character)
}

/// `^[a-z][a-z0-9_.-]{0,62}$`
fn is_label_key(key: &str) -> bool {
    let may_follow = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
    key.len() <= 63 && key.starts_with(|c: char| c.is_ascii_lowercase()) && key.chars().all(may_follow)
}

//! Command lines: flags with and without a value, in any order, and the words between them.
//!
//! Invariant: a flag that nobody asked for is refused, never ignored.

use crate::Result;

/// What is left of a command line.
pub struct Arguments(Vec<String>);

impl Arguments {
    /// A command line without the command's own name. `--flag=value` is taken apart.
    pub fn new(words: Vec<String>) -> Self {
        let split = |word: String| match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => vec![flag.to_owned(), value.to_owned()],
            _ => vec![word],
        };
        Self(words.into_iter().flat_map(split).collect())
    }

    /// Takes `--name` out; whether it was there.
    pub fn switch(&mut self, name: &str) -> bool {
        let position = self.0.iter().position(|word| word == name);
        position.map(|at| self.0.remove(at)).is_some()
    }

    /// Takes `--name VALUE` out.
    pub fn value(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.0.iter().position(|word| word == name) else {
            return Ok(None);
        };
        self.0.remove(at);
        if self.0.get(at).is_none_or(|value| value.starts_with("--")) {
            return Err(format!("{name} needs a value"));
        }
        Ok(Some(self.0.remove(at)))
    }

    /// Takes `--name VALUE` out, whatever the value begins with: options for another program.
    pub fn value_as_is(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.0.iter().position(|word| word == name) else {
            return Ok(None);
        };
        if at + 1 == self.0.len() {
            return Err(format!("{name} needs a value"));
        }
        self.0.remove(at);
        Ok(Some(self.0.remove(at)))
    }

    /// Takes `--name NUMBER` out.
    pub fn number<T: std::str::FromStr>(&mut self, name: &str, default: T) -> Result<T> {
        match self.value(name)? {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("{name} needs a number, not {text}")),
        }
    }

    /// The words that are left; a flag among them is an error.
    pub fn words(self) -> Result<Vec<String>> {
        match self.0.iter().find(|word| word.starts_with('-')) {
            Some(flag) => Err(format!("unknown option {flag} (cargo xtask help names all)")),
            None => Ok(self.0),
        }
    }

    /// Refuses whatever is left.
    pub fn finish(self) -> Result<()> {
        match self.words()?.first() {
            Some(word) => Err(format!("{word} is not understood here (cargo xtask help)")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        Arguments::new(line.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn flags_come_in_any_order_and_both_spellings() {
        let mut line = arguments("unit --port=9001 --fresh api --store embedded");
        assert_eq!(line.number("--port", 9000_u16), Ok(9001));
        assert_eq!(line.value("--store"), Ok(Some("embedded".to_owned())));
        assert!(line.switch("--fresh"));
        assert_eq!(line.words(), Ok(vec!["unit".to_owned(), "api".to_owned()]));
    }

    #[test]
    fn a_flag_without_its_value_and_an_unknown_flag_are_errors() {
        assert!(arguments("--port --fresh").value("--port").is_err());
        assert!(arguments("--port x").number("--port", 1_u16).is_err());
        assert!(arguments("--prot 1").words().is_err());
        assert!(arguments("word").finish().is_err());
    }
}

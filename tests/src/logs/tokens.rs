//! The words of filter patterns and queries.

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name, a keyword or a selector: `stats`, `@timestamp`, `record.status`, `$.status`.
    Word(String),
    /// A text in double quotes.
    Text(String),
    Number(f64),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: [&str; 22] =
    ["&&", "||", "!=", "<=", ">=", "=", "<", ">", "(", ")", "{", "}", "[", "]", ",", "|", "+", "-", "*", "/", "^", "%"];

/// The words of a text; panics where it is none.
pub fn tokens(text: &str) -> Vec<Token> {
    let (mut rest, mut found) = (text.trim_start(), Vec::new());
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            let end = rest[1..].find('"').unwrap_or_else(|| panic!("a quote is missing: {rest}"));
            found.push(Token::Text(rest[1..=end].to_owned()));
            end + 2
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            found.push(Token::Number(rest[..end].parse().unwrap()));
            end
        } else if first.is_ascii_alphabetic() || "@$_".contains(first) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"@$_.".contains(c)).unwrap_or(rest.len());
            found.push(Token::Word(rest[..end].to_owned()));
            end
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.unwrap_or_else(|| panic!("not understood: {rest}"));
            found.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[length..].trim_start();
    }
    found
}

/// The words that are still to be read.
pub struct Rest {
    tokens: Vec<Token>,
    at: usize,
}

impl Rest {
    pub fn of(text: &str) -> Self {
        Self { tokens: tokens(text), at: 0 }
    }

    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub fn take(&mut self) -> Token {
        let token = self.peek().expect("the text ends too early").clone();
        self.at += 1;
        token
    }

    pub fn is_at(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    pub fn is_at_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    /// Takes the next word if it is this sign.
    pub fn takes(&mut self, sign: &str) -> bool {
        let is_there = self.is_at(sign);
        self.at += usize::from(is_there);
        is_there
    }

    /// Takes the next word if it is this one.
    pub fn takes_word(&mut self, word: &str) -> bool {
        let is_there = self.is_at_word(word);
        self.at += usize::from(is_there);
        is_there
    }

    pub fn expect(&mut self, sign: &str) {
        assert!(self.takes(sign), "{sign} is missing before {:?}", self.peek());
    }

    /// Takes one of these operators if one is next.
    pub fn takes_any(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        signs.iter().copied().find(|sign| self.takes(sign))
    }
}

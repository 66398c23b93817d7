//! Expressions cut into tokens, as far as it takes to count what DynamoDB limits: operators, functions, operands.

/// The words, placeholders, numbers and signs of an expression.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|character| !is_word(character)).unwrap_or(rest.len())
        } else if ["<>", "<=", ">="].iter().any(|sign| rest.starts_with(sign)) {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || "_#:".contains(character)
}

fn is(token: &str, words: &[&str]) -> bool {
    words.iter().any(|word| token.eq_ignore_ascii_case(word))
}

/// How many operators and functions there are. The `=` of an assignment is none; `BETWEEN` is counted by its `AND`.
pub(super) fn operators(tokens: &[&str], is_update: bool) -> usize {
    let following = tokens.iter().skip(1).copied().chain([""]);
    let counts = |(token, next): &(&&str, &str)| match **token {
        "=" => !is_update,
        "<" | "<=" | ">" | ">=" | "<>" | "+" | "-" => true,
        word if is(word, &["AND", "OR", "NOT", "IN"]) => true,
        word => *next == "(" && word.starts_with(is_word) && !is(word, &["BETWEEN"]),
    };
    tokens.iter().zip(following).filter(|(token, next)| counts(&(token, next))).count()
}

/// The operands of the longest `IN`; 0 where there is none.
pub(super) fn operands_of_in(tokens: &[&str]) -> usize {
    let places = tokens.iter().enumerate().filter(|(_, token)| is(token, &["IN"]));
    places.map(|(at, _)| operands(tokens.get(at + 1..).unwrap_or_default())).max().unwrap_or_default()
}

/// The operands of the list that `tokens` begin with.
fn operands(tokens: &[&str]) -> usize {
    let (mut depth, mut commas) = (0, 0);
    for token in tokens {
        match *token {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 1 => commas += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    commas + 1
}

/// The attributes that an update sets to a value of the request: names and values, both as they are written.
pub(super) fn assignments<'a>(tokens: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let pair = |window: &[&'a str]| match *window {
        [before, path, "=", value] if (before == "," || is(before, &["SET"])) && value.starts_with(':') => {
            Some((path, value))
        }
        _ => None,
    };
    tokens.windows(4).filter_map(pair).collect()
}

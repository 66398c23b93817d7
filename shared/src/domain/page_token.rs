//! Page tokens of listCustomers: a sort key with an HMAC under the operator's key, bound to the parameters of the list. A token that
//! was changed or belongs to another list is refused (contract section 3.2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The length of the truncated HMAC: 128 bits.
const MAC_BYTES: usize = 16;

fn mac(key: &[u8; 32], list: &[&str], position: &str) -> Option<[u8; MAC_BYTES]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in list.iter().chain([&position]) {
        mac.update(&part.len().to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().get(..MAC_BYTES)?.try_into().ok()
}

/// The token for the page after `position`. `list` has the parameters that the token is bound to.
pub fn encode(key: &[u8; 32], list: &[&str], position: &str) -> Option<String> {
    let mut bytes = mac(key, list, position)?.to_vec();
    bytes.extend_from_slice(position.as_bytes());
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// The position of a token, if it was encoded with this key for this list.
pub fn decode(key: &[u8; 32], list: &[&str], token: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (given, position) = bytes.split_at_checked(MAC_BYTES)?;
    let position = std::str::from_utf8(position).ok()?;
    let is_valid = subtle::ConstantTimeEq::ct_eq(mac(key, list, position)?.as_slice(), given);
    bool::from(is_valid).then(|| position.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Also replacements that a lenient base64 decoder would read as the same bits.
    #[test]
    fn no_byte_of_a_token_can_be_another() {
        let (key, list) = ([7; 32], ["operator", "filter"]);
        for position in ["a", "ab", "acme-robotics", "01kaq7n0z2w4y6x8v0tqrstabc"] {
            let token = encode(&key, &list, position).unwrap();
            for at in 0..token.len() {
                for with in (0..128).filter(|with| *with != token.as_bytes()[at]) {
                    let mut other = token.clone().into_bytes();
                    other[at] = with;
                    let other = String::from_utf8(other).unwrap();
                    assert_eq!(decode(&key, &list, &other), None, "{token} {other}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn only_the_very_token_for_the_very_list_opens(key: [u8; 32], filter in ".{0,20}", position in "[a-z0-9-]{1,63}", at in 0usize..200, with in 0u8..128) {
            let token = encode(&key, &["operator", &filter], &position).unwrap();
            prop_assert_eq!(decode(&key, &["operator", &filter], &token), Some(position));
            prop_assert_eq!(decode(&key, &["operato", &format!("r{filter}")], &token), None);
            prop_assert_eq!(decode(&key, &["operator"], &token), None);
            let mut other = token.clone().into_bytes();
            let at = at % other.len();
            if other[at] != with {
                other[at] = with;
                prop_assert_eq!(decode(&key, &["operator", &filter], std::str::from_utf8(&other).unwrap()), None);
            }
        }
    }
}

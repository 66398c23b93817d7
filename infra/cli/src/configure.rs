//! `tare configure`: writes a profile. A key is never an argument, because others can read those.

use clap::ArgMatches;

use crate::commands::{BASE_URL, PROFILE};
use crate::failure::{Failure, Result};
use crate::settings::{self, DEFAULT_PROFILE, profile_file};
use crate::terminal::{ask, ask_secret, is_interactive, note, read_line};
use crate::variables::write_private;

pub fn run(matches: &ArgMatches) -> Result<()> {
    let profile = matches.get_one::<String>(PROFILE).map_or(DEFAULT_PROFILE, String::as_str);
    let file = profile_file(profile)?;
    let url = match matches.get_one::<String>(BASE_URL) {
        Some(url) => url.clone(),
        None if is_interactive() => ask("URL of the API: ")?,
        None => return Err(Failure::usage("without a terminal --base-url is needed, and the key on standard input")),
    };
    let url = settings::base_url(&url)?;
    let key = if is_interactive() { ask_secret("Key (not shown): ")? } else { read_line()? };
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::usage("that is no key: it is one word of printable ASCII characters"));
    }
    write_private(&file, &format!("{}={url}\n{}={key}\n", settings::BASE_URL, settings::API_KEY))?;
    note(&format!("wrote {}; tare doctor checks it", file.display()));
    Ok(())
}

//! Which API is called, and with which key.
//!
//! Invariant: URL and key come from one source, so that a key is never sent to the URL of another.

use std::env;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::operation::Caller;
use crate::variables::Variables;

pub const BASE_URL: &str = "AGENTROUTER_BASE_URL";
pub const API_KEY: &str = "AGENTROUTER_API_KEY";

/// The names in `.local/dev.env`, which `cargo xtask dev` writes while it runs.
const DEV_BASE_URL: &str = "BASE_URL";
const DEV_KEYS: [&str; 2] = ["OPERATOR_KEY", "INTEGRATION_KEY"];

/// The profile that is read when none is named.
pub const DEFAULT_PROFILE: &str = "default";

pub struct Settings {
    /// Where they come from, for people.
    pub source: String,
    /// Without a slash at the end.
    pub base_url: String,
    keys: Vec<String>,
    /// The profile's file, if they come from one.
    pub file: Option<PathBuf>,
}

impl Settings {
    /// `profile` is the one that the command line names.
    pub fn load(profile: Option<&str>) -> Result<Self> {
        let in_environment = [BASE_URL, API_KEY].map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
        match (profile, in_environment) {
            (Some(profile), _) => {
                let found = Self::from_profile(profile)?;
                found.ok_or_else(|| {
                    Failure::usage(format!("there is no profile {profile}: tare configure --profile {profile}"))
                })
            }
            (None, [None, None]) => Self::found(),
            (None, [None, Some(_)]) => Err(Failure::usage(format!("{API_KEY} is set, but {BASE_URL} is not"))),
            (None, [Some(url), key]) => Self::new("the environment".to_owned(), &url, key.into_iter().collect(), None),
        }
    }

    /// The running dev stack, else the default profile.
    fn found() -> Result<Self> {
        if let Some((file, variables)) = dev_stack()
            && let Some(url) = variables.get(DEV_BASE_URL)
        {
            let keys = DEV_KEYS.iter().filter_map(|name| variables.get(name)).map(str::to_owned).collect();
            return Self::new(format!("the dev stack ({})", file.display()), url, keys, None);
        }
        let profile = Self::from_profile(DEFAULT_PROFILE)?;
        profile.ok_or_else(|| {
            Failure::usage(format!(
                "no API is configured: run `tare configure`, set {BASE_URL} and {API_KEY}, or start `cargo xtask dev`"
            ))
        })
    }

    fn from_profile(name: &str) -> Result<Option<Self>> {
        let file = profile_file(name)?;
        let Some(variables) = Variables::read(&file)? else { return Ok(None) };
        let url =
            variables.get(BASE_URL).ok_or_else(|| Failure::usage(format!("{} has no {BASE_URL}", file.display())))?;
        let keys = variables.get(API_KEY).map(str::to_owned).into_iter().collect();
        Self::new(format!("the profile {name} ({})", file.display()), url, keys, Some(file)).map(Some)
    }

    fn new(source: String, url: &str, keys: Vec<String>, file: Option<PathBuf>) -> Result<Self> {
        if let Some(key) = keys.iter().find(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            let length = key.chars().count();
            return Err(Failure::usage(format!(
                "the key of {source} ({length} characters) is no key: it has white space or other signs"
            )));
        }
        Ok(Self { base_url: base_url(url)?, source, keys, file })
    }

    /// The key for an operation. A dev stack has one of each kind; of others the one there is, whatever it is: the API judges it.
    pub fn key(&self, caller: Caller) -> Result<Option<&str>> {
        let prefix = match caller {
            Caller::Anyone => return Ok(None),
            Caller::Operator => "sk_ops_",
            Caller::Integration => "sk_int_",
        };
        let key = self.keys.iter().find(|key| key.starts_with(prefix)).or(self.keys.first());
        let missing = || Failure::usage(format!("{} has no key: set {API_KEY}, or run `tare configure`", self.source));
        key.map(|key| Some(key.as_str())).ok_or_else(missing)
    }

    pub fn keys(&self) -> &[String] {
        &self.keys
    }
}

/// A URL to which paths are appended.
pub fn base_url(url: &str) -> Result<String> {
    let text = url.trim().trim_end_matches('/');
    let parsed = text.parse::<ureq::http::Uri>().ok().filter(|parsed| {
        let has_host = parsed.host().is_some_and(|host| !host.is_empty());
        let is_plain =
            parsed.query().is_none() && !parsed.authority().is_some_and(|authority| authority.as_str().contains('@'));
        has_host && is_plain && matches!(parsed.scheme_str(), Some("http" | "https"))
    });
    match parsed {
        Some(_) if !text.contains('#') => Ok(text.to_owned()),
        _ => Err(Failure::usage(format!("{url:?} is no URL of an API: it is https://HOST or https://HOST/PATH"))),
    }
}

/// `dev.env` of the stack whose folder is above the current one, as `cargo xtask dev` has written it.
pub fn dev_stack() -> Option<(PathBuf, Variables)> {
    let read = |folder: &Path| {
        let file = folder.join("dev.env");
        Some((file.clone(), Variables::read(&file).ok()??))
    };
    match env::var_os("DEV_FOLDER").filter(|folder| !folder.is_empty()) {
        Some(folder) => read(Path::new(&folder)),
        None => env::current_dir().ok()?.ancestors().find_map(|folder| read(&folder.join(".local"))),
    }
}

/// The file of a profile in the user's configuration folder.
pub fn profile_file(name: &str) -> Result<PathBuf> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !is_name {
        return Err(Failure::usage(format!(
            "{name:?} is no profile's name: it is letters, digits, hyphens and underscores"
        )));
    }
    let own = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".config"));
    let folder = own.or_else(home).ok_or_else(|| Failure::usage("neither XDG_CONFIG_HOME nor HOME is set"))?;
    Ok(folder.join("tare").join(format!("{name}.env")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_has_a_host_and_nothing_after_its_path() {
        for (url, read) in
            [("https://a.example/", "https://a.example"), (" http://127.0.0.1:9000/x/ ", "http://127.0.0.1:9000/x")]
        {
            assert_eq!(base_url(url).unwrap(), read);
        }
        for url in
            ["", "a.example", "ftp://a.example", "https://", "https://a.example?x=1", "https://a@b", "https://a/#x"]
        {
            assert!(base_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_profiles_name_is_no_path() {
        for name in ["", ".", "../x", "a/b", "a b"] {
            assert!(profile_file(name).is_err(), "{name:?}");
        }
    }
}

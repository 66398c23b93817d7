//! `tare completion` and `tare man`: what shells and `man` know of the command line.

use std::path::PathBuf;

use clap::ArgMatches;
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use crate::commands::{FOLDER, SHELL, tare};
use crate::failure::{Failure, Result};
use crate::terminal::{note, print};

pub fn completion(matches: &ArgMatches) -> Result<()> {
    let shell = matches.get_one::<Shell>(SHELL).ok_or_else(|| Failure::usage("no shell is named"))?;
    let mut script = Vec::new();
    generate(*shell, &mut tare(), "tare", &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub fn man(matches: &ArgMatches) -> Result<()> {
    let failed = |error: std::io::Error| Failure::usage(format!("cannot write the man page: {error}"));
    match matches.get_one::<PathBuf>(FOLDER) {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(failed)?;
            clap_mangen::generate_to(tare(), folder).map_err(failed)?;
            note(&format!("the man pages are in {}", folder.display()));
            Ok(())
        }
        None => {
            let mut page = Vec::new();
            Man::new(tare()).render(&mut page).map_err(failed)?;
            print(&String::from_utf8_lossy(&page))
        }
    }
}

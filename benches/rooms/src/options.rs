//! The command line.

use crate::scenarios;
use crate::servers::{JAM, RIVALS};
use std::ffi::OsString;
use std::path::PathBuf;

pub const HELP: &str = "\
Measures jam's rooms beside the same room on other stacks.

Usage: bench-rooms --jam PATH --tools DIR --rivals DIR [OPTIONS]

      --jam PATH          The jam to measure
      --tools DIR         What setup.sh installed
      --rivals DIR        The rivals' sources
      --also NAME=PATH    Another build of jam in the same rounds; may be repeated
      --quick             Fewer rounds: two or three minutes instead of a quarter of an hour
      --only NAMES        Of jam, fastapi, websockets, ws, bun, tokio-2k, tokio; with commas
      --scenario NAMES    Of fanout, memory, stalled, dial, rooms, large, cap, downloads, soak
      --viewers NUMBERS   Sizes of the fan-out [default: 1000,3000]
      --rounds N          Rounds of each scenario instead of its own number
      --json FILE         All figures as JSON as well
  -h, --help              This text
";

pub enum Command {
    Help,
    Run(Box<Options>),
}

#[derive(Default)]
pub struct Options {
    pub jam: PathBuf,
    pub tools: PathBuf,
    pub rivals: PathBuf,
    pub also: Vec<(String, PathBuf)>,
    pub quick: bool,
    /// Empty for all.
    pub only: Vec<String>,
    /// Empty for all.
    pub scenarios: Vec<String>,
    pub viewers: Vec<usize>,
    pub rounds: Option<usize>,
    pub json: Option<PathBuf>,
}

/// # Errors
/// One line about what is wrong.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    use lexopt::{Arg::Long, Arg::Short, ValueExt};

    let mut parser = lexopt::Parser::from_args(arguments);
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("jam") => options.jam = parser.value()?.into(),
            Long("tools") => options.tools = parser.value()?.into(),
            Long("rivals") => options.rivals = parser.value()?.into(),
            Long("also") => {
                let text = parser.value()?.string()?;
                let (name, path) = text.split_once('=').ok_or("--also wants NAME=PATH")?;
                options.also.push((format!("{JAM}-{name}"), path.into()));
            }
            Long("quick") => options.quick = true,
            Long("only") => options.only = names(&parser.value()?.string()?, &contestants())?,
            Long("scenario") => {
                let known: Vec<_> = scenarios::ALL.iter().map(|it| it.name).collect();
                options.scenarios = names(&parser.value()?.string()?, &known)?;
            }
            Long("viewers") => {
                let text = parser.value()?.string()?;
                let numbers: Result<_, _> = text.split(',').map(str::parse).collect();
                options.viewers = numbers.map_err(|_| "--viewers wants numbers with commas")?;
            }
            Long("rounds") => options.rounds = Some(parser.value()?.parse::<usize>()?.max(1)),
            Long("json") => options.json = Some(parser.value()?.into()),
            _ => return Err(argument.unexpected()),
        }
    }
    for (path, option) in [
        (&options.jam, "--jam"),
        (&options.tools, "--tools"),
        (&options.rivals, "--rivals"),
    ] {
        if path.as_os_str().is_empty() {
            return Err(format!("{option} is missing; see --help").into());
        }
    }
    if options.viewers.is_empty() {
        options.viewers = vec![1000, 3000];
    }
    Ok(Command::Run(Box::new(options)))
}

fn contestants() -> Vec<&'static str> {
    let rivals = RIVALS.iter().map(|(name, _)| *name);
    std::iter::once(JAM).chain(rivals).collect()
}

fn names(list: &str, known: &[&str]) -> Result<Vec<String>, String> {
    list.split(',')
        .map(|name| match known.contains(&name) {
            true => Ok(name.into()),
            false => Err(format!(
                "{name:?} is not known; there are {}",
                known.join(", ")
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<Box<Options>, String> {
        let paths = ["--jam", "j", "--tools", "t", "--rivals", "r"];
        let all = paths.iter().chain(arguments).map(OsString::from);
        match parse(all) {
            Ok(Command::Run(options)) => Ok(options),
            Ok(Command::Help) => Err("help".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn lists_are_checked() {
        let options = run(&["--only", "jam,bun", "--viewers", "10,20"]).expect("right");
        assert_eq!(options.only, ["jam", "bun"]);
        assert_eq!(options.viewers, [10, 20]);
        assert_eq!(run(&[]).expect("right").viewers, [1000, 3000]);
        for wrong in [
            ["--only", "jam,pun"],
            ["--viewers", "ten"],
            ["--scenario", "x"],
        ] {
            assert!(run(&wrong).is_err(), "{wrong:?}");
        }
        assert!(parse(std::iter::empty()).is_err(), "paths are needed");
    }
}

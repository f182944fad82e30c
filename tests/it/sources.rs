//! The sources keep the rules of the house: who imports whom, how long a file is, and that each module says what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The longest source file, in lines.
const MAX_LINES: usize = 400;

/// What each module may name of the crate, itself aside.
const MAY_IMPORT: [(&str, &[&str]); 16] = [
    ("main", &["cli"]),
    ("lib", &[]),
    ("seq", &[]),
    ("clock", &[]),
    ("domain", &["seq", "clock"]),
    ("record", &["seq"]),
    ("log", &["seq", "record"]),
    ("proto", &[]),
    ("wire", &["domain", "seq", "clock", "proto"]),
    ("presets", &["domain"]),
    ("journal", &["log", "wire", "domain", "record", "seq"]),
    ("sequencer", &["journal", "log", "domain", "clock", "seq"]),
    ("board", &["journal", "record", "wire", "domain", "seq"]),
    ("grpc", &["sequencer", "board", "journal", "wire", "domain", "presets", "proto", "seq"]),
    ("server", &["grpc", "sequencer", "board", "journal", "log", "presets", "proto", "domain", "clock", "seq"]),
    ("cli", &["server", "log", "presets", "clock", "proto"]),
];

/// Crates and words that may stand in these places alone.
const ONLY_IN: [(&str, &[&str]); 14] = [
    ("sled::", &["src/log/sled.rs"]),
    ("tonic::", &["src/grpc/", "src/server.rs", "src/server/", "src/cli/", "src/proto.rs"]),
    ("Status", &["src/grpc/", "src/cli/"]),
    ("SystemTime::now", &["src/clock.rs"]),
    ("prost::", &["src/cli/show.rs", "src/cli/bench/", "src/wire/", "src/grpc/records.rs", "src/grpc/status.rs"]),
    ("include_proto!", &["src/proto.rs"]),
    // What a vote hides is read here alone; all else asks for what may be shown.
    ("KeptVoting", &["src/domain/", "src/wire/kept.rs"]),
    ("Journal", &["src/journal.rs", "src/sequencer", "src/board", "src/server.rs"]),
    ("seccompiler::", &["src/log/"]),
    ("clap::", &["src/cli/"]),
    ("ratatui::", &["src/cli/watch/", "src/cli/text.rs"]),
    ("comfy_table::", &["src/cli/screen.rs", "src/cli/bench/"]),
    (
        "std::fs",
        &["src/log/", "src/cli/replay/", "src/cli/bench/", "src/cli/shell.rs", "src/cli/input.rs", "src/presets"],
    ),
    ("toml::", &["src/presets/", "src/cli/demo/"]),
];

struct Source {
    path: String,
    module: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                let module = path["src/".len()..].split('/').next().unwrap().trim_end_matches(".rs").to_owned();
                found.push(Source { path, module, text });
            }
        }
    }
    assert!(found.len() > 30, "the sources are read");
    found
}

impl Source {
    /// The code without its comments and without its own tests.
    fn code(&self) -> String {
        let before_tests = self.text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = before_tests.lines().map(|line| line.split("//").next().unwrap());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The modules of the crate that the code names.
    fn imports(&self) -> BTreeSet<String> {
        let crate_name = if self.module == "main" { "rollcall::" } else { "crate::" };
        let code = self.code();
        let after = code.split(crate_name).skip(1);
        let mut named = BTreeSet::new();
        for rest in after {
            let group = rest.strip_prefix('{').map(|group| group.split('}').next().unwrap());
            let paths = group.map_or_else(|| vec![rest], |group| group.split(',').collect());
            for path in paths {
                let end = |c: char| !(c.is_alphanumeric() || c == '_');
                named.insert(path.trim().split(end).next().unwrap().to_owned());
            }
        }
        named.remove("");
        named.remove(&self.module);
        named
    }

    /// What breaks the rules of the house.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |problem: String| faults.push(format!("{}: {problem}", self.path));
        let lines = self.text.lines().count();
        if lines > MAX_LINES {
            fault(format!("{lines} lines, more than {MAX_LINES}"));
        }
        if !self.text.starts_with("//! ") {
            fault("no //! sentence that says what it is".into());
        }
        let allowed = BTreeMap::from(MAY_IMPORT);
        match allowed.get(self.module.as_str()) {
            None => fault("a module that the house does not know: give it a place in this test and in the docs".into()),
            Some(allowed) => {
                for module in self.imports().iter().filter(|module| !allowed.contains(&module.as_str())) {
                    fault(format!("{} must not import {module}", self.module));
                }
            }
        }
        let code = self.code();
        for (word, places) in ONLY_IN {
            if stands_in(&code, word) && !places.iter().any(|place| self.path.starts_with(place)) {
                fault(format!("{word} stands outside {}", places.join(", ")));
            }
        }
        if self.module == "domain" {
            for word in ["async", "await", "tokio", "tonic", "serde", "std::time::Instant", "std::net", "std::io"] {
                if stands_in(&code, word) {
                    fault(format!("`{word}` in the domain, which is pure"));
                }
            }
            for word in ["f32", "f64"] {
                if stands_in(&code, word) {
                    fault(format!("`{word}` in the domain, which counts in whole numbers"));
                }
            }
        }
        faults
    }
}

/// Whether a word stands in the code, by itself.
fn stands_in(code: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| {
        let (before, after) = (code[..at].chars().next_back(), code[at + word.len()..].chars().next());
        !part(before) && (word.ends_with(':') || !part(after))
    })
}

#[test]
fn the_sources_keep_the_rules_of_the_house() {
    let faults: Vec<String> = sources().iter().flat_map(Source::faults).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_rules_of_the_house_catch_what_breaks_them() {
    let source = |path: &str, text: &str| {
        let module = path["src/".len()..].split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        Source { path: path.into(), module, text: text.into() }.faults()
    };
    let good = "//! Says what it is.\nuse crate::seq::Seq;\n";
    assert_eq!(source("src/domain/vote.rs", good), [] as [&str; 0]);
    let broken = [
        ("src/domain/vote.rs", "//! A.\nuse crate::wire::tally;\n", "domain must not import wire"),
        ("src/board.rs", "//! A.\nuse crate::{seq::Seq, sequencer};\n", "board must not import sequencer"),
        ("src/sequencer.rs", "//! A.\nfn f() { crate::board::open() }\n", "sequencer must not import board"),
        ("src/log/mod.rs", "//! A.\nuse sled::Db;\n", "sled:: stands outside src/log/sled.rs"),
        ("src/server.rs", "//! A.\nuse tonic::{Request, Status};\n", "Status stands outside src/grpc/, src/cli/"),
        ("src/domain/state.rs", "//! A.\nasync fn f() {}\n", "`async` in the domain, which is pure"),
        (
            "src/domain/judge.rs",
            "//! A.\nfn f() -> f64 { 0.5 }\n",
            "`f64` in the domain, which counts in whole numbers",
        ),
        ("src/journal.rs", "use crate::seq::Seq;\n", "no //! sentence that says what it is"),
        (
            "src/helpers.rs",
            "//! A.\n",
            "a module that the house does not know: give it a place in this test and in the docs",
        ),
    ];
    for (path, text, fault) in broken {
        assert_eq!(source(path, text), [format!("{path}: {fault}")]);
    }
    let long = format!("//! A.\n{}", "\n".repeat(MAX_LINES));
    assert_eq!(source("src/seq.rs", &long), ["src/seq.rs: 401 lines, more than 400"]);
}

//! A disk that loses power: what was synced stays, and of the rest any part. Knows files, folders and the system calls that
//! change them, and not what is in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Random;
use crate::harness::strace::Call;

/// Disks write so many bytes as one.
const SECTOR: usize = 512;

/// What a call changes, once its text is read.
#[derive(Clone, Debug)]
enum Change {
    Made(PathBuf),
    MadeFolder(PathBuf),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf),
    /// At a place, or where the last one ended.
    Written(PathBuf, Option<usize>, Arc<[u8]>),
    Shortened(PathBuf, usize),
    Synced(PathBuf),
}

/// A change, and the lines of the trace between which it came about.
#[derive(Clone, Debug)]
pub struct Step {
    change: Change,
    pub begun: usize,
    done: usize,
}

#[derive(Clone, Debug)]
enum Node {
    File { kept: Vec<u8>, since: Vec<Write>, end: usize },
    Folder { kept: Names, since: Vec<(usize, Renaming)>, now: Names },
}

/// Names that change together, each to what it then names; to nothing where it goes.
type Renaming = Vec<(String, Option<usize>)>;

type Names = BTreeMap<String, usize>;

/// Bytes that are on their way to a file; none where it was cut to `at`.
#[derive(Clone, Debug)]
struct Write {
    at: usize,
    bytes: Option<Arc<[u8]>>,
    done: usize,
}

/// The files and folders below one folder.
#[derive(Clone)]
pub struct Disk {
    top: PathBuf,
    nodes: Vec<Node>,
}

/// What becomes of that which was not synced.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    Nothing,
    Everything,
    SomeWrites,
    SomeSectors,
    AllButOne,
    TheLaterOnes,
    TheLast,
}

pub const MANNERS: [Manner; 7] = [
    Manner::Nothing,
    Manner::Everything,
    Manner::SomeWrites,
    Manner::SomeSectors,
    Manner::AllButOne,
    Manner::TheLaterOnes,
    Manner::TheLast,
];

/// The bytes of a string that strace wrote in hexadecimal.
fn unhex(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|byte| u8::from_str_radix(&byte[..2], 16).unwrap()).collect()
}

fn path(hex: &str) -> PathBuf {
    String::from_utf8(unhex(hex)).unwrap().into()
}

/// What a successful call changes below `top`, if anything.
fn change(call: &Call, top: &Path) -> Vec<Change> {
    let quoted: Vec<&str> = call.arguments.split('"').skip(1).step_by(2).collect();
    let file = path(&call.file);
    // A path that is not absolute is so beneath the folder that the call names.
    let named = |nth: usize| file.join(path(quoted[nth]));
    let number = |nth: usize| call.arguments.rsplit(", ").nth(nth).and_then(|n| n.parse().ok());
    let opened = || call.result.split_once('<').map(|(_, name)| path(name));
    let changes = match call.name.as_str() {
        "open" | "openat" | "creat" => {
            let Some(opened) = opened() else { return vec![] };
            let made = call.arguments.contains("O_CREAT").then(|| Change::Made(opened.clone()));
            let cut = call.arguments.contains("O_TRUNC").then_some(Change::Shortened(opened, 0));
            made.into_iter().chain(cut).collect()
        }
        "mkdir" | "mkdirat" => vec![Change::MadeFolder(named(0))],
        "rename" | "renameat" | "renameat2" => vec![Change::Renamed(named(0), named(1))],
        "unlink" | "unlinkat" | "rmdir" => vec![Change::Removed(named(0))],
        "pwrite64" => vec![Change::Written(file, Some(number(0).unwrap()), written(quoted[0], &call.result))],
        "write" => vec![Change::Written(file, None, written(quoted[0], &call.result))],
        "ftruncate" => vec![Change::Shortened(file, number(0).unwrap())],
        "fsync" | "fdatasync" => vec![Change::Synced(file)],
        // The copy that a start makes to check it: its bytes are never asked for again.
        "copy_file_range" => {
            let copy = path(call.arguments.split('<').nth(2).unwrap().split('>').next().unwrap());
            vec![Change::Written(copy, None, vec![0; call.result.parse().unwrap()].into())]
        }
        _ => vec![],
    };
    let below = |change: &Change| match change {
        Change::Made(path) | Change::MadeFolder(path) | Change::Removed(path) | Change::Synced(path) => {
            path.starts_with(top)
        }
        Change::Renamed(path, _) | Change::Written(path, ..) | Change::Shortened(path, _) => path.starts_with(top),
    };
    changes.into_iter().filter(below).collect()
}

/// What was written of what was to be; all of it where the call did not come to its end.
fn written(hex: &str, result: &str) -> Arc<[u8]> {
    let mut bytes = unhex(hex);
    bytes.truncate(result.parse().unwrap_or(bytes.len()));
    bytes.into()
}

/// The changes that a trace holds, in the order in which they come to be seen.
pub fn steps(calls: &[Call], top: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    for call in calls {
        let unfinished = call.done == usize::MAX;
        let writes = call.name.contains("write");
        if call.succeeded() || (unfinished && writes) {
            let changes = change(call, top).into_iter();
            steps.extend(changes.map(|change| Step { change, begun: call.begun, done: call.done }));
        }
    }
    // Bytes may reach the disk as soon as a write has begun; all else counts once it is done.
    steps.sort_by_key(|step| if matches!(step.change, Change::Written(..)) { step.begun } else { step.done });
    steps
}

impl Disk {
    /// A disk on which all that stands below `top` is synced.
    pub fn of(top: &Path) -> Self {
        let mut disk = Self { top: top.to_owned(), nodes: Vec::new() };
        disk.add(top);
        disk
    }

    fn add(&mut self, path: &Path) -> usize {
        let at = self.nodes.len();
        if path.is_file() {
            self.nodes.push(Node::File { kept: std::fs::read(path).unwrap(), since: vec![], end: 0 });
            return at;
        }
        let folder = |kept: Names| Node::Folder { now: kept.clone(), kept, since: vec![] };
        self.nodes.push(folder(Names::new()));
        let mut names = Names::new();
        for entry in std::fs::read_dir(path).unwrap().map(Result::unwrap) {
            names.insert(entry.file_name().into_string().unwrap(), self.add(&entry.path()));
        }
        self.nodes[at] = folder(names);
        at
    }

    /// Takes up what had come about by a line of the trace.
    pub fn play(&mut self, steps: &[Step], until: usize) {
        for step in steps {
            let write = matches!(step.change, Change::Written(..));
            if (if write { step.begun } else { step.done }) < until {
                self.take(step);
            }
        }
    }

    fn take(&mut self, step: &Step) {
        match &step.change {
            Change::Made(path) if self.find(path).is_none() => {
                self.nodes.push(Node::File { kept: vec![], since: vec![], end: 0 });
                self.name(step.done, &[(path, Some(self.nodes.len() - 1))]);
            }
            // Opened once more: what is written begins at its start.
            Change::Made(path) => self.write(path, |_, end| *end = 0),
            Change::MadeFolder(path) => {
                self.nodes.push(Node::Folder { kept: Names::new(), since: vec![], now: Names::new() });
                self.name(step.done, &[(path, Some(self.nodes.len() - 1))]);
            }
            Change::Renamed(from, to) => {
                let node = self.find(from).unwrap_or_else(|| panic!("{} is renamed, and was not seen", from.display()));
                self.name(step.done, &[(from, None), (to, Some(node))]);
            }
            Change::Removed(path) => self.name(step.done, &[(path, None)]),
            Change::Written(path, at, bytes) => self.write(path, |since, end| {
                let (at, bytes) = (at.unwrap_or(*end), Arc::clone(bytes));
                *end = at + bytes.len();
                since.push(Write { at, bytes: Some(bytes), done: step.done });
            }),
            Change::Shortened(path, at) => {
                self.write(path, |since, _| since.push(Write { at: *at, bytes: None, done: step.done }));
            }
            Change::Synced(path) => self.sync(path, step.begun),
        }
    }

    fn find(&self, path: &Path) -> Option<usize> {
        let within = path.strip_prefix(&self.top).ok()?;
        within.iter().try_fold(0, |at, name| match &self.nodes[at] {
            Node::Folder { now, .. } => now.get(name.to_str()?).copied(),
            Node::File { .. } => None,
        })
    }

    /// Changes names of one folder, all at once.
    fn name(&mut self, done: usize, changes: &[(&PathBuf, Option<usize>)]) {
        let folder = changes[0].0.parent().unwrap();
        assert!(
            changes.iter().all(|(path, _)| path.parent() == Some(folder)),
            "from one folder to another: {changes:?}"
        );
        let Some(folder) = self.find(folder) else { return };
        let Node::Folder { since, now, .. } = &mut self.nodes[folder] else { panic!("no folder: {changes:?}") };
        let file_name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let changes: Vec<_> = changes.iter().map(|(path, node)| (file_name(path), *node)).collect();
        rename(now, &changes);
        since.push((done, changes));
    }

    /// A file that is gone is written in vain.
    fn write(&mut self, path: &Path, how: impl FnOnce(&mut Vec<Write>, &mut usize)) {
        if let Some(Node::File { since, end, .. }) = self.find(path).map(|at| &mut self.nodes[at]) {
            how(since, end);
        }
    }

    /// What was done before a sync began is kept once it has ended.
    fn sync(&mut self, path: &Path, begun: usize) {
        match self.find(path).map(|at| &mut self.nodes[at]) {
            Some(Node::File { kept, since, .. }) => {
                let (old, new) = std::mem::take(since).into_iter().partition(|write| write.done < begun);
                let old: Vec<Write> = old;
                old.iter().for_each(|write| write.reach(kept, |_| true));
                *since = new;
            }
            Some(Node::Folder { kept, since, .. }) => {
                let old = since.partition_point(|(done, _)| *done < begun);
                since.drain(..old).for_each(|(_, changes)| rename(kept, &changes));
            }
            None => {}
        }
    }

    /// How many changes are not synced.
    pub fn open(&self) -> usize {
        let open = |node: &Node| match node {
            Node::File { since, .. } => since.len(),
            Node::Folder { since, .. } => since.len(),
        };
        self.nodes.iter().map(open).sum()
    }

    /// The power fails: makes at `into` what a start then finds.
    pub fn fail(&self, manner: Manner, random: &mut Random, into: &Path) {
        self.leave(0, manner, random, into);
    }

    fn leave(&self, node: usize, manner: Manner, random: &mut Random, into: &Path) {
        match &self.nodes[node] {
            Node::File { kept, since, .. } => std::fs::write(into, left(kept, since, manner, random)).unwrap(),
            Node::Folder { kept, since, .. } => {
                // A file system keeps the order of its own changes, for each folder.
                let survive = match manner {
                    Manner::Nothing => 0,
                    Manner::Everything => since.len(),
                    _ => random.below(since.len() as u64 + 1) as usize,
                };
                let mut names = kept.clone();
                since[..survive].iter().for_each(|(_, changes)| rename(&mut names, changes));
                std::fs::create_dir(into).unwrap();
                for (name, node) in names {
                    self.leave(node, manner, random, &into.join(name));
                }
            }
        }
    }
}

fn rename(names: &mut Names, changes: &[(String, Option<usize>)]) {
    for (name, node) in changes {
        match node {
            Some(node) => drop(names.insert(name.clone(), *node)),
            None => drop(names.remove(name)),
        }
    }
}

/// The bytes of a file after the cut.
fn left(kept: &[u8], since: &[Write], manner: Manner, random: &mut Random) -> Vec<u8> {
    let mut bytes = kept.to_vec();
    let one = random.below(since.len().max(1) as u64) as usize;
    for (at, write) in since.iter().enumerate() {
        let whole = match manner {
            Manner::Nothing => false,
            Manner::Everything | Manner::SomeSectors => true,
            Manner::SomeWrites => random.below(2) == 0,
            Manner::AllButOne => at != one,
            Manner::TheLaterOnes => at >= one,
            Manner::TheLast => at + 1 == since.len(),
        };
        if whole {
            let torn = matches!(manner, Manner::SomeSectors);
            write.reach(&mut bytes, |_| !torn || random.below(2) == 0);
        }
    }
    bytes
}

impl Write {
    /// Puts its bytes where they belong, those sectors of them that survive.
    fn reach(&self, file: &mut Vec<u8>, mut survives: impl FnMut(usize) -> bool) {
        let Some(bytes) = &self.bytes else { return file.truncate(self.at) };
        let mut at = self.at;
        let end = self.at + bytes.len();
        while at < end {
            let next = ((at / SECTOR + 1) * SECTOR).min(end);
            if survives(at / SECTOR) {
                file.resize(file.len().max(next), 0);
                file[at..next].copy_from_slice(&bytes[at - self.at..next - self.at]);
            }
            at = next;
        }
    }
}

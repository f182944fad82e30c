//! What is measured, against what, and with which aim. One line of the table each.

use std::fmt;

/// One thing that is measured.
pub struct Measure {
    /// What `--only` knows it by.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    pub load: Load,
    pub aim: Option<Aim>,
}

/// How it is measured.
#[derive(Clone, Copy)]
pub enum Load {
    /// Commits of so many entries, beside a plain file.
    Commits(usize),
    /// CastBallot, so many in flight.
    Singly(usize),
    /// CastBallots of `size`, so many calls in flight.
    InBatches { size: usize, in_flight: usize },
    /// StreamBallots.
    InStreams,
    /// From a ballot's answer to its frame.
    Frames,
    /// Frames sent to many watchers.
    Watchers,
    /// What a watcher takes of the server's memory.
    WatcherMemory,
    /// Frames sent to those who read, while some read nothing.
    Stuck,
    /// Twice the ballots that can be taken.
    Overload,
    /// Ballots beside many votes, in a large body, or after many entries.
    Growth(Growth),
    /// From nothing to serving, with what its last stop kept or without.
    Start { anew: bool },
}

/// What has grown.
#[derive(Clone, Copy)]
pub enum Growth {
    Votes,
    Members,
    Entries,
}

/// What a measure is told in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Ballots,
    Frames,
    Seconds,
    Bytes,
}

/// How large what grows is made.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub watchers: usize,
    pub votes: usize,
    pub members: usize,
    pub entries: u64,
}

/// What the result is to be.
#[derive(Clone, Copy)]
pub enum Aim {
    /// Of the baseline, at least.
    RatioAtLeast(f64),
    /// Of the baseline, at most.
    RatioAtMost(f64),
    /// A second, at least.
    AtLeast(f64),
    /// Seconds, at most.
    WithinSeconds(f64),
    /// Bytes, at most.
    WithinBytes(f64),
}

/// All of them, in the order in which they are measured.
pub const MEASURES: [Measure; 19] = [
    commits("commit-1", "a commit of 1 entry", 1),
    commits("commit-16", "a commit of 16", 16),
    commits("commit-128", "a commit of 128", 128),
    singly("cast-1", "CastBallot, 1 in flight", 1, None),
    singly("cast-64", "CastBallot, 64 in flight", 64, None),
    singly("cast-256", "CastBallot, 256 in flight", 256, Some(Aim::RatioAtLeast(0.75))),
    singly("cast-1024", "CastBallot, 1,024 in flight", 1024, None),
    Measure {
        name: "batch-100",
        what: "CastBallots of 100",
        load: Load::InBatches { size: 100, in_flight: 32 },
        aim: Some(Aim::AtLeast(400_000.0)),
    },
    Measure { name: "stream", what: "StreamBallots", load: Load::InStreams, aim: Some(Aim::AtLeast(400_000.0)) },
    Measure {
        name: "frame",
        what: "from answer to frame, the pace aside",
        load: Load::Frames,
        aim: Some(Aim::WithinSeconds(0.005)),
    },
    Measure { name: "watchers", what: "frames to watchers", load: Load::Watchers, aim: Some(Aim::RatioAtLeast(0.9)) },
    Measure {
        name: "watchers-memory",
        what: "memory of a watcher",
        load: Load::WatcherMemory,
        aim: Some(Aim::WithinBytes(2_048.0)),
    },
    Measure {
        name: "stuck",
        what: "frames while a tenth reads nothing",
        load: Load::Stuck,
        aim: Some(Aim::RatioAtLeast(0.9)),
    },
    Measure {
        name: "overload",
        what: "ballots taken of twice as many",
        load: Load::Overload,
        aim: Some(Aim::RatioAtLeast(0.9)),
    },
    growth("growth-votes", "ballots beside many votes", Growth::Votes),
    growth("growth-members", "ballots in a large body", Growth::Members),
    start("start", "start", false, 1.0),
    start("start-anew", "start without what the last stop kept", true, 8.0),
    // The last, since it adds to the record that the others start on.
    growth("growth-entries", "ballots after many entries", Growth::Entries),
];

const fn commits(name: &'static str, what: &'static str, entries: usize) -> Measure {
    Measure { name, what, load: Load::Commits(entries), aim: Some(Aim::RatioAtMost(2.0)) }
}

const fn singly(name: &'static str, what: &'static str, in_flight: usize, aim: Option<Aim>) -> Measure {
    Measure { name, what, load: Load::Singly(in_flight), aim }
}

const fn growth(name: &'static str, what: &'static str, growth: Growth) -> Measure {
    Measure { name, what, load: Load::Growth(growth), aim: Some(Aim::RatioAtLeast(0.8)) }
}

const fn start(name: &'static str, what: &'static str, anew: bool, within: f64) -> Measure {
    Measure { name, what, load: Load::Start { anew }, aim: Some(Aim::WithinSeconds(within)) }
}

impl Measure {
    /// Whether a name that was asked for means this: its own, or what stands before its number.
    pub fn is_meant_by(&self, asked: &str) -> bool {
        self.name == asked || self.name.split('-').next() == Some(asked)
    }

    /// What it is told in.
    pub fn unit(&self) -> Unit {
        match self.load {
            Load::Commits(_) | Load::Frames | Load::Start { .. } => Unit::Seconds,
            Load::Watchers | Load::Stuck => Unit::Frames,
            Load::WatcherMemory => Unit::Bytes,
            Load::Singly(_) | Load::InBatches { .. } | Load::InStreams | Load::Overload | Load::Growth(_) => {
                Unit::Ballots
            }
        }
    }

    /// Whether it needs the two servers; others need none, or some of their own.
    pub fn needs_servers(&self) -> bool {
        match self.load {
            Load::Commits(_) | Load::WatcherMemory | Load::Growth(_) | Load::Start { .. } => false,
            Load::Singly(_)
            | Load::InBatches { .. }
            | Load::InStreams
            | Load::Frames
            | Load::Watchers
            | Load::Stuck
            | Load::Overload => true,
        }
    }

    /// Whether it takes minutes, and is taken only where it is asked for: it needs a record of many entries.
    pub fn is_long(&self) -> bool {
        matches!(self.load, Load::Growth(Growth::Entries) | Load::Start { .. })
    }
}

impl Aim {
    /// Whether a result reaches it.
    pub fn is_met(self, result: f64, ratio: Option<f64>) -> bool {
        match self {
            Aim::RatioAtLeast(least) => ratio.is_some_and(|ratio| ratio >= least),
            Aim::RatioAtMost(most) => ratio.is_some_and(|ratio| ratio <= most),
            Aim::AtLeast(least) => result >= least,
            Aim::WithinSeconds(most) | Aim::WithinBytes(most) => result <= most,
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Aim::RatioAtLeast(least) => write!(f, "ratio {least} or more"),
            Aim::RatioAtMost(most) => write!(f, "ratio {most} or less"),
            Aim::AtLeast(least) => write!(f, "{} or more", super::report::rate(*least)),
            Aim::WithinSeconds(most) => write!(f, "{} or less", super::report::time(*most)),
            Aim::WithinBytes(most) => write!(f, "{} or less", super::report::bytes(*most)),
        }
    }
}

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
}

/// All of them, in the order in which they are measured.
pub const MEASURES: [Measure; 10] = [
    commits("commit-1", "a commit of 1 entry", 1),
    commits("commit-16", "a commit of 16", 16),
    commits("commit-128", "a commit of 128", 128),
    singly("cast-1", "CastBallot, 1 in flight", 1, None),
    singly("cast-64", "CastBallot, 64 in flight", 64, None),
    singly("cast-256", "CastBallot, 256 in flight", 256, Some(Aim::RatioAtLeast(0.55))),
    singly("cast-1024", "CastBallot, 1,024 in flight", 1024, None),
    Measure {
        name: "batch-100",
        what: "CastBallots of 100",
        load: Load::InBatches { size: 100, in_flight: 32 },
        aim: Some(Aim::AtLeast(200_000.0)),
    },
    Measure { name: "stream", what: "StreamBallots", load: Load::InStreams, aim: Some(Aim::AtLeast(200_000.0)) },
    Measure {
        name: "frame",
        what: "from answer to frame, the pace aside",
        load: Load::Frames,
        aim: Some(Aim::WithinSeconds(0.005)),
    },
];

const fn commits(name: &'static str, what: &'static str, entries: usize) -> Measure {
    Measure { name, what, load: Load::Commits(entries), aim: Some(Aim::RatioAtMost(2.0)) }
}

const fn singly(name: &'static str, what: &'static str, in_flight: usize, aim: Option<Aim>) -> Measure {
    Measure { name, what, load: Load::Singly(in_flight), aim }
}

impl Measure {
    /// Whether a name that was asked for means this: its own, or what stands before its number.
    pub fn is_meant_by(&self, asked: &str) -> bool {
        self.name == asked || self.name.split('-').next() == Some(asked)
    }

    /// Whether it is told as a time, and not as a rate.
    pub fn is_time(&self) -> bool {
        matches!(self.load, Load::Commits(_) | Load::Frames)
    }

    /// Whether it needs servers.
    pub fn needs_servers(&self) -> bool {
        !matches!(self.load, Load::Commits(_))
    }
}

impl Aim {
    /// Whether a result reaches it.
    pub fn is_met(self, result: f64, ratio: Option<f64>) -> bool {
        match self {
            Aim::RatioAtLeast(least) => ratio.is_some_and(|ratio| ratio >= least),
            Aim::RatioAtMost(most) => ratio.is_some_and(|ratio| ratio <= most),
            Aim::AtLeast(least) => result >= least,
            Aim::WithinSeconds(most) => result <= most,
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
        }
    }
}

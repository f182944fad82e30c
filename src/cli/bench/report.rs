//! What was measured, as people and scripts read it: baseline beside result.

use std::time::Duration;

use indicatif::HumanCount;
use serde_json::{Value, json};

use super::figures::Figures;
use super::measure::{Measure, Unit};
use crate::cli::client::Failure;
use crate::cli::{screen, show};

/// A rate or a time below this is none.
const LEAST: f64 = 1e-6;

/// One line of the table.
pub struct Line {
    measure: &'static Measure,
    what: String,
    baseline: Told,
    result: Told,
    /// What else is to be said.
    note: Option<String>,
}

/// One side of a line.
struct Told {
    /// In the measure's unit; of ballots and frames, so many a second.
    value: f64,
    p50: Duration,
    p99: Duration,
    answered: u64,
    times: usize,
    client: Option<Duration>,
    server: Option<Duration>,
}

impl Told {
    fn of(measure: &Measure, mut figures: Figures) -> Self {
        let (p50, p99) = (figures.within(0.5), figures.within(0.99));
        Self {
            value: match measure.unit() {
                Unit::Seconds => p50.as_secs_f64(),
                Unit::Ballots | Unit::Frames => figures.rate(),
                Unit::Bytes => figures.amount(),
            },
            p50,
            p99,
            answered: figures.answered,
            times: figures.times(),
            client: figures.client(),
            server: figures.server(),
        }
    }

    fn json(&self) -> Value {
        let micros = |time: Duration| (time.as_secs_f64() * 1e7).round() / 10.0;
        json!({
            "value": self.value,
            "p50_us": micros(self.p50),
            "p99_us": micros(self.p99),
            "answered": self.answered,
            "times_taken": self.times,
            "client_cpu_us": self.client.map(micros),
            "server_cpu_us": self.server.map(micros),
        })
    }
}

impl Line {
    /// A measure with both sides.
    pub fn new(measure: &'static Measure, baseline: Figures, result: Figures) -> Self {
        let what = measure.what.to_owned();
        Self { measure, what, baseline: Told::of(measure, baseline), result: Told::of(measure, result), note: None }
    }

    /// The same with another word of what it is, where that has a size.
    pub fn with_what(self, what: String) -> Self {
        Self { what, ..self }
    }

    /// The same with a sentence under the table.
    pub fn with_note(self, note: String) -> Self {
        Self { note: Some(note), ..self }
    }

    /// None where the baseline takes no time that could be told.
    fn ratio(&self) -> Option<f64> {
        (self.baseline.value >= LEAST).then(|| self.result.value / self.baseline.value)
    }

    fn is_met(&self) -> Option<bool> {
        self.measure.aim.map(|aim| aim.is_met(self.result.value, self.ratio()))
    }

    /// Prints it as a line of JSON.
    pub fn print_json(&self) -> Result<(), Failure> {
        let line = json!({
            "measure": self.measure.name,
            "what": self.what,
            "unit": match self.measure.unit() {
                Unit::Seconds => "seconds",
                Unit::Ballots => "ballots/second",
                Unit::Frames => "frames/second",
                Unit::Bytes => "bytes",
            },
            "baseline": self.baseline.json(),
            "result": self.result.json(),
            "ratio": self.ratio(),
            "aim": self.measure.aim.map(|aim| aim.to_string()),
            "met": self.is_met(),
            "note": self.note,
        });
        show::lines(&[line.to_string()])
    }

    fn value(&self, told: &Told) -> String {
        match self.measure.unit() {
            Unit::Seconds => time(told.value),
            Unit::Ballots | Unit::Frames => rate(told.value),
            Unit::Bytes => bytes(told.value),
        }
    }

    fn row(&self) -> Vec<String> {
        let aim = self.measure.aim.map_or_else(String::new, |aim| aim.to_string());
        let met = self.is_met().map_or("", |met| if met { "met" } else { "not met" });
        let ratio = self.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let (baseline, result) = (self.value(&self.baseline), self.value(&self.result));
        vec![self.what.clone(), baseline, result, ratio, aim, met.to_owned()]
    }

    /// Times and costs.
    fn detail(&self) -> Vec<String> {
        let (baseline, result) = (&self.baseline, &self.result);
        let taken = |told: &Told, at: Duration| if told.times > 0 { time(at.as_secs_f64()) } else { String::new() };
        let times = [(baseline, baseline.p50), (result, result.p50), (baseline, baseline.p99), (result, result.p99)];
        let times = times.map(|(told, at)| taken(told, at));
        let costs = [baseline.client, result.client, baseline.server, result.server];
        let costs = costs.map(|cost| cost.map_or_else(String::new, |cost| time(cost.as_secs_f64())));
        std::iter::once(self.measure.name.to_owned()).chain(times).chain(costs).collect()
    }
}

/// Prints the tables.
pub fn print(lines: &[Line]) -> Result<(), Failure> {
    let header = ["", "baseline", "result", "ratio", "aim", ""];
    show::lines(&screen::table(&header, lines.iter().map(Line::row), &[1, 2, 3]))?;
    let title =
        "Times, and what client and server spent computing for a ballot or a frame; b: the baseline's, r: the result's";
    show::lines(&[String::new(), title.to_owned()])?;
    let header = ["", "p50 b", "p50 r", "p99 b", "p99 r", "client b", "client r", "server b", "server r"];
    show::lines(&screen::table(&header, lines.iter().map(Line::detail), &[1, 2, 3, 4, 5, 6, 7, 8]))?;
    lines.iter().filter_map(|line| line.note.as_ref()).try_for_each(|note| show::lines(&[String::new(), note.clone()]))
}

/// Bytes, as people read them.
pub fn bytes(bytes: f64) -> String {
    match bytes / 1024.0 {
        kib if kib < 1.0 => format!("{bytes:.0} B"),
        kib if kib < 1024.0 => format!("{kib:.2} KiB"),
        kib => format!("{:.1} MiB", kib / 1024.0),
    }
}

/// A rate of ballots or frames, as people read it.
pub fn rate(a_second: f64) -> String {
    format!("{}/s", HumanCount(a_second.round() as u64))
}

/// A time, as people read it.
pub fn time(seconds: f64) -> String {
    match seconds * 1e6 {
        micros if micros < 9.95 => format!("{micros:.1} us"),
        micros if micros < 999.5 => format!("{micros:.0} us"),
        micros if micros < 9_995.0 => format!("{:.2} ms", micros / 1e3),
        micros if micros < 999_500.0 => format!("{:.1} ms", micros / 1e3),
        micros => format!("{:.2} s", micros / 1e6),
    }
}

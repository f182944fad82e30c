//! What was measured: answers counted, times taken, and what computing them cost. Knows no server.

use std::time::Duration;

use tokio::time::Instant;

/// When answers are counted: from the end of the warm-up to the last answer to what was sent in time.
#[derive(Clone, Copy)]
pub struct Window {
    from: Instant,
    until: Instant,
}

/// A measure is warmed up for this part of its time.
const WARM_UP: f64 = 0.25;
/// And not longer than this.
const MAX_WARM_UP: Duration = Duration::from_secs(1);

impl Window {
    /// A window of this length, after its warm-up.
    pub fn of(time: Duration) -> Self {
        let from = Instant::now() + time.mul_f64(WARM_UP).min(MAX_WARM_UP);
        Self { from, until: from + time }
    }

    /// Waits for the end of the warm-up.
    pub async fn begins(&self) {
        tokio::time::sleep_until(self.from).await;
    }

    /// Waits until nothing more is to be sent.
    pub async fn ends(&self) {
        tokio::time::sleep_until(self.until).await;
    }

    /// Whether nothing more is to be sent.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// One side of a measure.
#[derive(Default)]
pub struct Figures {
    /// Everything that was answered, the warm-up and the last calls included.
    pub answered: u64,
    /// What was answered within the windows.
    counted: u64,
    /// The windows together.
    time: Duration,
    /// The times taken by what was answered within the windows, in nanoseconds.
    taken: Vec<u64>,
    /// What this process, and the server where it is ours, spent computing for everything that was answered.
    spent: Spent,
    /// Where what was measured is an amount: bytes.
    amount: f64,
}

/// What was spent computing; none where it is not known.
#[derive(Clone, Copy, Default)]
pub struct Spent {
    pub client: Option<Duration>,
    pub server: Option<Duration>,
}

impl Spent {
    /// What was spent since.
    pub fn since(self, before: Self) -> Self {
        let spent = |now: Option<Duration>, before: Option<Duration>| Some(now?.saturating_sub(before?));
        Self { client: spent(self.client, before.client), server: spent(self.server, before.server) }
    }
}

impl Figures {
    /// An amount alone.
    pub fn of_amount(amount: f64) -> Self {
        Self { amount, ..Self::default() }
    }

    /// So many that came within a window.
    pub fn of_count(counted: u64) -> Self {
        Self { counted, ..Self::default() }
    }

    /// With what came in all, and what was spent on it.
    pub fn whole(&mut self, answered: u64, spent: Spent) {
        (self.answered, self.spent) = (answered, spent);
    }

    /// Notes one answer to `ballots` ballots that were sent at a time.
    pub fn answer(&mut self, window: Window, ballots: u64, sent: Instant) {
        let now = Instant::now();
        self.answered += ballots;
        if now >= window.from {
            self.counted += ballots;
            self.took(now - sent);
        }
    }

    /// Notes a time alone.
    pub fn took(&mut self, time: Duration) {
        self.taken.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds what was measured beside this, in the same window.
    pub fn beside(&mut self, other: Self) {
        self.answered += other.answered;
        self.counted += other.counted;
        self.taken.extend(other.taken);
    }

    /// Adds what was measured after this, in a window of its own.
    pub fn then(&mut self, later: Self) {
        self.time += later.time;
        self.spent.client = sum(self.spent.client, later.spent.client);
        self.spent.server = sum(self.spent.server, later.spent.server);
        self.beside(later);
    }

    /// With the length of a window that ends now, and what both sides spent.
    pub fn over(self, window: Window, spent: Spent) -> Self {
        Self { time: window.from.elapsed(), spent, ..self }
    }

    /// The amount.
    pub fn amount(&self) -> f64 {
        self.amount
    }

    /// Answers in a second.
    pub fn rate(&self) -> f64 {
        self.counted as f64 / self.time.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The time within which this part of the answers came.
    pub fn within(&mut self, part: f64) -> Duration {
        let last = self.taken.len().saturating_sub(1);
        let at = (last as f64 * part).round() as usize;
        if self.taken.is_empty() {
            return Duration::ZERO;
        }
        Duration::from_nanos(*self.taken.select_nth_unstable(at.min(last)).1)
    }

    /// How many times were taken.
    pub fn times(&self) -> usize {
        self.taken.len()
    }

    /// What this process spent computing for one ballot.
    pub fn client(&self) -> Option<Duration> {
        self.each(self.spent.client)
    }

    /// What the server spent computing for one ballot.
    pub fn server(&self) -> Option<Duration> {
        self.each(self.spent.server)
    }

    fn each(&self, spent: Option<Duration>) -> Option<Duration> {
        spent.filter(|_| self.answered > 0).map(|spent| spent.div_f64(self.answered as f64))
    }
}

/// Nothing spent before is no time; a part that is not known leaves the sum unknown.
fn sum(before: Option<Duration>, later: Option<Duration>) -> Option<Duration> {
    later.map(|later| before.unwrap_or_default() + later)
}

//! `rollcall replay`: conducts recorded votes of the past through the API, and compares their tallies with the published ones.

mod calls;
mod conduct;
mod data;
mod derive;
mod findings;
mod host;
mod seating;
mod steps;
mod summary;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use self::calls::Calls;
use self::conduct::{Ahead, Conductor, Stations, Stop, Turn};
use self::data::Data;
use self::derive::{body_id, body_name};
use self::findings::{Findings, Kind};
use self::host::Host;
use self::summary::Summary;
use super::client::{Clients, Connection, Failure};
use super::{pages, say};
use crate::proto;

/// Votes under way at most: those of later sittings are tabled ahead, and wait.
const MAX_UNDER_WAY: usize = 32;

/// Conduct recorded votes of the past.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall replay --votes votes.csv --ballots ballots.csv.gz --data past
  rollcall replay --votes votes.csv --ballots ballots.csv --server hall:50051

Columns of votes: vote_id, date, body, title, rule_if_known, yes, no, abstain, not_voting, outcome_if_known; totals may be \
empty. Columns of ballots: vote_id, member_code, member_name, choice (yes, no, abstain, present, not_voting). Either file may \
be gzipped.

Votes are taken in the order of their file, each on the roll of just the members that have a row in it; a row of the member VP \
is a casting vote. A vote with a bad row is left out whole, so that it can be replayed once the row is mended.

Request ids follow from the data: a replay that was stopped is run again, and nothing counts twice. While it runs, a call that \
the server has no room for, or whose connection is lost, is made again for as long as --timeout says.

Exit codes: 0 all votes are on record, whether or not published totals differ; 1 rows were bad, or something was refused or \
stopped; 69 the server is gone.")]
pub struct Args {
    #[command(flatten)]
    connection: Connection,

    /// The file of votes, .csv or .csv.gz
    #[arg(long, value_name = "FILE")]
    votes: PathBuf,

    /// The file of ballots, .csv or .csv.gz
    #[arg(long, value_name = "FILE")]
    ballots: PathBuf,

    /// The named rule of all votes that are not on record yet [default: the one that rule_if_known names, else un.ga.simple
    /// for the General Assembly]
    #[arg(long, value_name = "PRESET")]
    rule: Option<String>,

    /// The body of all votes [default: what stands before the comma in the column `body`; un-ga for the General Assembly]
    #[arg(long, value_name = "ID")]
    body: Option<String>,

    /// Serve the record in this folder for the time of the replay, in place of --server
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Write all differences, bad rows and refusals to this file, as CSV
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Stop at the first bad row, before anything is recorded, or at the first refusal
    #[arg(long)]
    strict: bool,

    /// Declare each vote before the next is tabled; without this, votes of one day are under way together,
    /// and those of later days are tabled ahead
    #[arg(long)]
    one_at_a_time: bool,
}

impl Args {
    /// Runs the command.
    pub async fn run(mut self) -> Result<(), Failure> {
        let findings = Findings::new(self.strict, self.report.as_deref())?;
        let data = Data::read(&self.votes, &self.ballots, &findings)?;
        let host = match &self.data {
            Some(folder) => Some(Host::start(folder).await?),
            None => None,
        };
        if let Some(host) = &host {
            self.connection.server.clone_from(&host.address);
        }
        let ended = host.as_ref().map_or_else(CancellationToken::new, |host| host.ended.clone());
        let result = self.replay(data, findings, ended).await;
        match host {
            // Where our own server ended, that is why the rest failed.
            Some(host) => host.stop().await.map_or(result, Err),
            None => result,
        }
    }

    async fn replay(&self, data: Data, findings: Findings, ended: CancellationToken) -> Result<(), Failure> {
        let summary = Arc::new(Summary::new(data.in_file));
        let clients = self.connection.connect().await?;
        let calls = Calls::new(clients, self.connection.timeout, ended, Arc::clone(&summary));
        let conductor = self.conductor(calls, data, findings, summary).await;
        let conductor = Arc::new(conductor.map_err(|stop| match stop {
            Stop::Refused(reason) => Failure::Failed(reason),
            Stop::Failed(failure) => gone(&self.connection.server, failure),
        })?);
        let (soon, now) = (CancellationToken::new(), CancellationToken::new());
        let signals = tokio::spawn(heed(soon.clone(), now.clone()));
        let result = tokio::select! {
            result = self.conduct_all(&conductor, &soon) => result.map_err(|failure| gone(&self.connection.server, failure)),
            () = now.cancelled() => Ok(()),
        };
        signals.abort();
        conductor.summary.end();
        if self.connection.json {
            conductor.summary.json(&conductor.findings);
        } else {
            conductor.summary.tell(&conductor.findings);
        }
        conductor.findings.finish()?;
        result?;
        if soon.is_cancelled() {
            let (done, of) = (conductor.summary.done(), conductor.data.in_file);
            return Err(Failure::Failed(format!(
                "stopped after {done} of {of} votes: run the same command again to go on"
            )));
        }
        verdict(&conductor.findings)
    }

    /// Learns what the server knows: its rules, and what is on record of the bodies.
    async fn conductor(
        &self,
        calls: Calls,
        data: Data,
        findings: Findings,
        summary: Arc<Summary>,
    ) -> Result<Conductor, Stop> {
        let list = |mut to: Clients, it| async move { to.rules.list_rules(it).await };
        let rules =
            calls.make(proto::ListRulesRequest {}, list).await?.rules.into_iter().map(|rule| rule.preset).collect();
        let mut conductor = Conductor {
            calls,
            data,
            findings,
            summary,
            rule: self.rule.clone(),
            body: self.body.clone(),
            rules,
            on_record: HashMap::new(),
            stations: Stations::default(),
        };
        if let Some(rule) = self.rule.as_ref().filter(|rule| !conductor.rules.contains(*rule)) {
            let mut known: Vec<_> = conductor.rules.iter().map(String::as_str).collect();
            known.sort_unstable();
            let problem = format!("--rule {rule} is no named rule of this server; it knows {}", known.join(", "));
            return Err(Stop::Failed(Failure::Usage(problem)));
        }
        let bodies: BTreeMap<String, String> = conductor
            .data
            .votes
            .iter()
            .map(|vote| (conductor.body_of(vote), body_name(&vote.body).to_owned()))
            .collect();
        for (id, name) in bodies {
            let name = if self.body.is_some() && body_id(&name) != id { &id } else { &name };
            let entries = conductor.stations.opening.lock().await.found(&conductor.calls, &id, name).await?;
            conductor.summary.recorded(entries);
            list_votes(&conductor.calls, &format!("bodies/{id}"), &mut conductor.on_record).await?;
        }
        Ok(conductor)
    }

    /// Conducts all votes, those of one sitting together.
    async fn conduct_all(&self, conductor: &Arc<Conductor>, stop: &CancellationToken) -> Result<(), Failure> {
        let mut under_way = JoinSet::new();
        let mut sitting = None;
        let mut last = Ahead::default();
        for (at, vote) in conductor.data.votes.iter().enumerate() {
            let next = Some((vote.held, body_name(&vote.body)));
            if self.one_at_a_time {
                all_done(&mut under_way).await?;
            }
            let first_of_sitting = std::mem::replace(&mut sitting, next) != next;
            if under_way.len() >= MAX_UNDER_WAY
                && let Some(done) = under_way.join_next().await
            {
                joined(done)?;
            }
            let tabling = Arc::clone(&conductor.stations.tabling).lock_owned().await;
            while let Some(done) = under_way.try_join_next() {
                joined(done)?;
            }
            if stop.is_cancelled() {
                break;
            }
            let conductor = Arc::clone(conductor);
            let (done, next) = Ahead::next();
            let ahead = std::mem::replace(&mut last, next);
            let turn = Turn { tabling: Some(tabling), first_of_sitting, ahead, _done: done };
            under_way.spawn(async move { conductor.vote(at, turn).await });
        }
        all_done(&mut under_way).await
    }
}

async fn all_done(under_way: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    while let Some(done) = under_way.join_next().await {
        joined(done)?;
    }
    Ok(())
}

fn joined(done: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    done.unwrap_or_else(|error| Err(Failure::Failed(format!("a vote broke down: {error}; report this"))))
}

async fn list_votes(calls: &Calls, parent: &str, on_record: &mut HashMap<String, proto::Vote>) -> Result<(), Failure> {
    let fetch = async |page_token| {
        let request = proto::ListVotesRequest {
            parent: parent.to_owned(),
            page_size: pages::PAGE,
            page_token,
            ..Default::default()
        };
        let page = calls.make(request, |mut to, it| async move { to.votes.list_votes(it).await }).await?;
        Ok((page.votes, page.next_page_token))
    };
    // Only what is looked at is kept.
    let keep = |vote: proto::Vote| {
        let proto::Vote { name, state, roll_size, tally, verdict, declared_outcome, casting_vote, rule, .. } = vote;
        let rule = rule.map(|rule| proto::Rule { preset: rule.preset, ..Default::default() });
        let result = proto::Vote { tally, verdict, declared_outcome, casting_vote, ..Default::default() };
        let kept = proto::Vote { state, roll_size, rule, ..result };
        on_record.insert(name, kept);
        Ok(())
    };
    pages::each(fetch, keep).await
}

/// Stops soon at the first Ctrl-C, and now at the second.
async fn heed(soon: CancellationToken, now: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        say::problem("stopping once the votes under way are declared; Ctrl-C again stops at once");
        soon.cancel();
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        now.cancel();
    }
}

/// A server that was there and no longer answers as one is gone, whatever the network calls it.
fn gone(server: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Status(status) if matches!(status.code(), Code::Unknown | Code::Internal | Code::DataLoss) => {
            Failure::Unreachable { server: server.to_owned(), reason: status.message().to_owned() }
        }
        other => other,
    }
}

fn verdict(findings: &Findings) -> Result<(), Failure> {
    let (bad, refused) = (findings.count(Kind::BadRow), findings.count(Kind::Refused));
    if bad + refused == 0 {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "rows that are bad: {bad}; votes or ballots refused or left out: {refused}; the rest is on record"
    )))
}

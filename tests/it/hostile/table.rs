//! Calls that must be refused, as JSON, and how each ends: the code, the reason, the fields named.

/// Field names of a threshold in a rule that is tabled.
const SHARE: &str = "vote.rule.requirements[0].threshold.share";

/// All calls of the table.
pub fn calls() -> Vec<(&'static str, String, String)> {
    let rows = [NAMES, STATES, PAGES, BODIES].concat();
    let plain = rows.into_iter().map(|(method, json, expected)| (method, json.to_owned(), expected.to_owned()));
    plain.chain(rules()).chain(large()).collect()
}

type Row = (&'static str, &'static str, &'static str);

const NAMES: &[Row] = &[
    ("CastBallot", r#"{}"#, "InvalidArgument INVALID_FIELD vote member choice"),
    (
        "CastBallot",
        r#"{"vote":"votes/open","member":"A B","choice":99,"requestId":"1"}"#,
        "InvalidArgument INVALID_FIELD request_id vote member choice",
    ),
    (
        "CastBallot",
        r#"{"vote":"bodies/hall/votes/open","member":"A","choice":"CHOICE_NOT_VOTING"}"#,
        "InvalidArgument INVALID_FIELD choice",
    ),
    (
        "CastBallot",
        r#"{"vote":"bodies/hall/votes/open","member":"A","choice":1,"requestId":"00000000-0000-0000-0000-000000000000"}"#,
        "InvalidArgument INVALID_FIELD request_id",
    ),
    ("CastBallot", r#"{"vote":"bodies/hall/votes/none","member":"A","choice":1}"#, "NotFound NO_SUCH_RESOURCE"),
    ("CastBallot", r#"{"vote":"bodies/none/votes/open","member":"A","choice":1}"#, "NotFound NO_SUCH_RESOURCE"),
    ("CastBallots", r#"{}"#, "InvalidArgument INVALID_FIELD ballots"),
    ("WithdrawBallot", r#"{"name":"bodies/hall/votes/open/ballots/"}"#, "InvalidArgument INVALID_FIELD name"),
    ("WithdrawBallot", r#"{"name":"bodies/hall/votes/open/ballots/B"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("WithdrawBallot", r#"{"name":"bodies/hall/votes/open/ballots/Z"}"#, "FailedPrecondition NOT_ON_ROLL"),
    ("GetBallot", r#"{"name":"bodies/hall/votes/open"}"#, "InvalidArgument INVALID_FIELD name"),
    ("GetBallot", r#"{"name":"bodies/hall/votes/open/ballots/Z"}"#, "FailedPrecondition NOT_ON_ROLL"),
    ("GetBallot", r#"{"name":"bodies/hall/votes/draft/ballots/A"}"#, "FailedPrecondition NOT_ON_ROLL"),
    ("GetTally", r#"{"vote":"bodies/hall/votes/Open"}"#, "InvalidArgument INVALID_FIELD vote"),
    ("GetTally", r#"{"vote":"bodies/hall/votes/none"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("GetTally", r#"{"vote":"bodies/hall/votes/open","atLeastSeq":"999999"}"#, "OutOfRange BEYOND_RECORD"),
    ("WatchTally", r#"{"heartbeat":"-1s"}"#, "InvalidArgument INVALID_FIELD vote heartbeat"),
    (
        "WatchTally",
        r#"{"vote":"bodies/hall/votes/open","afterRevision":"18446744073709551615"}"#,
        "OutOfRange BEYOND_RECORD",
    ),
    ("WatchTally", r#"{"vote":"bodies/hall/votes/none"}"#, "NotFound NO_SUCH_RESOURCE"),
    (
        "WatchVotes",
        r#"{"parent":"hall","states":[0,2,77],"heartbeat":"-1s"}"#,
        "InvalidArgument INVALID_FIELD parent states[0] states[2] heartbeat",
    ),
    ("WatchVotes", r#"{"parent":"bodies/none"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("WatchVotes", r#"{"parent":"bodies/-","afterSeq":"999999"}"#, "OutOfRange BEYOND_RECORD"),
    ("GetVote", r#"{"name":"bodies/hall/votes/"}"#, "InvalidArgument INVALID_FIELD name"),
    ("GetVote", r#"{"name":"bodies/hall/votes/open","atLeastSeq":"999999"}"#, "OutOfRange BEYOND_RECORD"),
    ("ReadEntries", r#"{"scope":"hall","heartbeat":"-1s"}"#, "InvalidArgument INVALID_FIELD scope heartbeat"),
    ("ReadEntries", r#"{"scope":"bodies/hall/votes/none"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("ReadEntries", r#"{"scope":"bodies/none"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("ReadEntries", r#"{"afterSeq":"999999"}"#, "OutOfRange BEYOND_RECORD"),
    ("GetCheckpoint", r#"{}"#, "Unimplemented NOT_IMPLEMENTED"),
    ("GetInclusionProof", r#"{}"#, "Unimplemented NOT_IMPLEMENTED"),
    ("GetConsistencyProof", r#"{}"#, "Unimplemented NOT_IMPLEMENTED"),
    ("GiveCastingVote", r#"{"requestId":"?"}"#, "InvalidArgument INVALID_FIELD request_id name choice"),
    ("GiveCastingVote", r#"{"name":"bodies/hall/votes/none","choice":1}"#, "NotFound NO_SUCH_RESOURCE"),
    (
        "RecordStatement",
        r#"{"name":"hall","statement":{"kind":77,"intended":1}}"#,
        "InvalidArgument INVALID_FIELD name statement.kind statement.member statement.intended",
    ),
    ("CorrectBallot", r#"{}"#, "InvalidArgument INVALID_FIELD name correction.member correction.corrected"),
    (
        "CorrectBallot",
        r#"{"name":"bodies/hall/votes/none","correction":{"member":"bodies/hall/members/A","corrected":1}}"#,
        "NotFound NO_SUCH_RESOURCE",
    ),
    ("ListAnnotations", r#"{"parent":"hall","pageSize":-1}"#, "InvalidArgument INVALID_FIELD parent page_size"),
    ("ListAnnotations", r#"{"parent":"bodies/hall/votes/none"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("CompareVotes", r#"{"pageSize":-1}"#, "InvalidArgument INVALID_FIELD votes page_size"),
    ("CompareVotes", r#"{"votes":["bodies/hall/votes/open","bodies/hall/votes/none"]}"#, "NotFound NO_SUCH_RESOURCE"),
    (
        "ListVotes",
        r#"{"parent":"hall","relation":{"kind":77,"vote":"q"}}"#,
        "InvalidArgument INVALID_FIELD parent relation.kind relation.vote",
    ),
    (
        "WatchVotes",
        r#"{"parent":"hall","relation":{"kind":77,"vote":"q"}}"#,
        "InvalidArgument INVALID_FIELD parent relation.kind relation.vote",
    ),
];

const STATES: &[Row] = &[
    ("CastBallot", r#"{"vote":"bodies/hall/votes/draft","member":"A","choice":1}"#, "FailedPrecondition WRONG_STATE"),
    (
        "CastBallot",
        r#"{"vote":"bodies/hall/votes/suspended","member":"A","choice":1}"#,
        "FailedPrecondition WRONG_STATE",
    ),
    ("CastBallot", r#"{"vote":"bodies/hall/votes/locked","member":"A","choice":1}"#, "FailedPrecondition WRONG_STATE"),
    (
        "CastBallot",
        r#"{"vote":"bodies/hall/votes/declared","member":"A","choice":1}"#,
        "FailedPrecondition WRONG_STATE",
    ),
    (
        "CastBallot",
        r#"{"vote":"bodies/hall/votes/annulled","member":"A","choice":1}"#,
        "FailedPrecondition WRONG_STATE",
    ),
    (
        "CastBallot",
        r#"{"vote":"bodies/hall/votes/withdrawn","member":"A","choice":1}"#,
        "FailedPrecondition WRONG_STATE",
    ),
    ("CastBallot", r#"{"vote":"bodies/hall/votes/open","member":"Z","choice":1}"#, "FailedPrecondition NOT_ON_ROLL"),
    ("OpenVote", r#"{"name":"bodies/hall/votes/open"}"#, "FailedPrecondition WRONG_STATE"),
    ("OpenVote", r#"{"name":"bodies/hall/votes/declared"}"#, "FailedPrecondition WRONG_STATE"),
    ("OpenVote", r#"{"name":"bodies/empty/votes/q"}"#, "FailedPrecondition ROLL_UNFIT"),
    ("OpenVote", r#"{"name":"bodies/heavy/votes/q"}"#, "FailedPrecondition ROLL_UNFIT"),
    ("OpenVote", r#"{"name":"bodies/hall/votes/by-shares"}"#, "FailedPrecondition ROLL_UNFIT"),
    ("OpenVote", r#"{"name":"bodies/hall/votes/vetoed"}"#, "FailedPrecondition ROLL_UNFIT"),
    ("OpenVote", r#"{"name":"hall/draft","lockAfter":"-1s"}"#, "InvalidArgument INVALID_FIELD name lock_after"),
    (
        "OpenVote",
        r#"{"name":"bodies/hall/votes/draft","lockAfter":"31622401s"}"#,
        "InvalidArgument INVALID_FIELD lock_after",
    ),
    ("SuspendVote", r#"{"name":"bodies/hall/votes/suspended"}"#, "FailedPrecondition WRONG_STATE"),
    ("ResumeVote", r#"{"name":"bodies/hall/votes/open"}"#, "FailedPrecondition WRONG_STATE"),
    ("LockVote", r#"{"name":"bodies/hall/votes/draft"}"#, "FailedPrecondition WRONG_STATE"),
    ("LockVote", r#"{"name":"bodies/hall/votes/locked"}"#, "FailedPrecondition WRONG_STATE"),
    ("DeclareResult", r#"{"name":"bodies/hall/votes/open","outcome":1}"#, "FailedPrecondition WRONG_STATE"),
    ("DeclareResult", r#"{"name":"bodies/hall/votes/declared","outcome":1}"#, "FailedPrecondition WRONG_STATE"),
    ("DeclareResult", r#"{"name":"bodies/hall/votes/locked","outcome":2}"#, "FailedPrecondition OUTCOME_MISMATCH"),
    ("DeclareResult", r#"{"name":"hall","requestId":"?"}"#, "InvalidArgument INVALID_FIELD request_id name outcome"),
    ("GiveCastingVote", r#"{"name":"bodies/hall/votes/open","choice":1}"#, "FailedPrecondition WRONG_STATE"),
    ("GiveCastingVote", r#"{"name":"bodies/hall/votes/locked","choice":1}"#, "FailedPrecondition NO_CASTING_VOTE_DUE"),
    (
        "RecordStatement",
        r#"{"name":"bodies/hall/votes/open","statement":{"kind":1,"member":"bodies/hall/members/A"}}"#,
        "FailedPrecondition WRONG_STATE",
    ),
    (
        "CorrectBallot",
        r#"{"name":"bodies/hall/votes/locked","correction":{"member":"bodies/hall/members/Z","corrected":1}}"#,
        "FailedPrecondition NOT_ON_ROLL",
    ),
    (
        "CompareVotes",
        r#"{"votes":["bodies/hall/votes/open","bodies/hall/votes/draft"]}"#,
        "FailedPrecondition WRONG_STATE",
    ),
    ("AdoptWithoutVote", r#"{"name":"bodies/hall/votes/open"}"#, "FailedPrecondition WRONG_STATE"),
    ("WithdrawVote", r#"{"name":"bodies/hall/votes/open"}"#, "FailedPrecondition WRONG_STATE"),
    ("AnnulVote", r#"{"name":"bodies/hall/votes/draft"}"#, "FailedPrecondition WRONG_STATE"),
    ("AnnulVote", r#"{"name":"bodies/hall/votes/annulled"}"#, "FailedPrecondition WRONG_STATE"),
];

const PAGES: &[Row] = &[
    ("ListBodies", r#"{"pageSize":-1}"#, "InvalidArgument INVALID_FIELD page_size"),
    ("ListBodies", r#"{"pageToken":"AAAA"}"#, "InvalidArgument INVALID_FIELD page_token"),
    ("ListMembers", r#"{"parent":"hall","pageSize":-2147483648}"#, "InvalidArgument INVALID_FIELD parent page_size"),
    ("ListMembers", r#"{"parent":"bodies/none"}"#, "NotFound NO_SUCH_RESOURCE"),
    (
        "ListVotes",
        r#"{"parent":"hall","states":[8],"pageToken":"\u0000"}"#,
        "InvalidArgument INVALID_FIELD parent states[0] page_token",
    ),
    ("ListVotes", r#"{"parent":"bodies/none"}"#, "NotFound NO_SUCH_RESOURCE"),
    (
        "ListBallots",
        r#"{"parent":"bodies/hall","member":"A B","choices":[1,6],"pageSize":-1}"#,
        "InvalidArgument INVALID_FIELD parent member choices[1] page_size",
    ),
    (
        "ListBallots",
        r#"{"parent":"bodies/Hall/votes/-","choices":[0]}"#,
        "InvalidArgument INVALID_FIELD parent member choices[0]",
    ),
    ("ListBallots", r#"{"parent":"bodies/hall/votes/none"}"#, "NotFound NO_SUCH_RESOURCE"),
];

const BODIES: &[Row] = &[
    ("CreateBody", r#"{"bodyId":"hall"}"#, "AlreadyExists NAME_TAKEN"),
    (
        "CreateBody",
        r#"{"bodyId":"-","body":{"displayName":"A\u0007"},"requestId":"x"}"#,
        "InvalidArgument INVALID_FIELD request_id body_id body.display_name",
    ),
    ("GetBody", r#"{"name":"bodies/none"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("GetBody", r#"{"name":"none"}"#, "InvalidArgument INVALID_FIELD name"),
    ("ReviseBody", r#"{"body":{"name":"bodies/none"}}"#, "NotFound NO_SUCH_RESOURCE"),
    ("ReviseBody", r#"{}"#, "InvalidArgument INVALID_FIELD body.name"),
    ("ReviseBody", r#"{"body":{"name":"bodies/hall","seats":2}}"#, "FailedPrecondition LIMIT_REACHED"),
    ("AdmitMembers", r#"{"parent":"bodies/hall"}"#, "InvalidArgument INVALID_FIELD members"),
    (
        "AdmitMembers",
        r#"{"parent":"bodies/hall","members":[{"name":"bodies/hall/members/a"}]}"#,
        "AlreadyExists NAME_TAKEN",
    ),
    (
        "AdmitMembers",
        r#"{"parent":"bodies/hall","members":[{"name":"D","weights":{"head":"1"}},{"name":"bodies/hall/members/E","groups":["g","g"]}]}"#,
        "InvalidArgument INVALID_FIELD members[0].weights members[0].name members[1].groups",
    ),
    ("ReviseMember", r#"{"member":{"name":"bodies/hall/members/Z"}}"#, "NotFound NO_SUCH_RESOURCE"),
    ("ReviseMember", r#"{"member":{"name":"Z"}}"#, "InvalidArgument INVALID_FIELD member.name"),
    ("WithdrawMember", r#"{"name":"bodies/hall/members/Z"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("WithdrawMember", r#"{"name":"Z"}"#, "InvalidArgument INVALID_FIELD name"),
    ("SuspendVotingRight", r#"{"name":"bodies/hall/members/Z"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("SuspendVotingRight", r#"{"name":"Z","requestId":"x"}"#, "InvalidArgument INVALID_FIELD request_id name"),
    ("RestoreVotingRight", r#"{"name":"bodies/hall/members/A"}"#, "NotFound NO_SUCH_RESOURCE"),
    ("RestoreVotingRight", r#"{"name":""}"#, "InvalidArgument INVALID_FIELD name"),
    (
        "CreateVote",
        r#"{"parent":"bodies/hall","voteId":"open","vote":{"rule":{"preset":"un.ga.simple"}}}"#,
        "AlreadyExists NAME_TAKEN",
    ),
    (
        "CreateVote",
        r#"{"parent":"bodies/none","voteId":"q","vote":{"rule":{"preset":"un.ga.simple"}}}"#,
        "NotFound NO_SUCH_RESOURCE",
    ),
    ("CreateVote", r#"{"parent":"hall","voteId":"Q"}"#, "InvalidArgument INVALID_FIELD parent vote_id vote.rule"),
];

/// Rules that cannot be judged, tabled and tried.
fn rules() -> Vec<(&'static str, String, String)> {
    let share = |share: &str| threshold(&format!(r#""choices":[1],"comparison":1,"share":{{{share}}}"#));
    let rows = [
        (r#"{"preset":"un.ga.none"}"#.to_owned(), "vote.rule.preset".to_owned()),
        (r#"{"preset":"un.ga.simple","basis":"mine"}"#.to_owned(), "vote.rule.preset".to_owned()),
        (r#"{}"#.to_owned(), "vote.rule.requirements".to_owned()),
        (share(r#""numerator":1,"denominator":0,"base":3"#), format!("{SHARE}.denominator {SHARE}.numerator")),
        (share(r#""numerator":3,"denominator":2,"base":3"#), format!("{SHARE}.numerator")),
        (share(r#""numerator":1,"denominator":2,"base":42"#), format!("{SHARE}.base")),
        (
            threshold(r#""choices":[],"comparison":9,"count":"1","weight":"head""#),
            ["comparison", "choices", "weight"].map(|field| format!("vote.rule.requirements[0].threshold.{field}")).join(" "),
        ),
        (
            r#"{"requirements":[{"anyOf":{}}],"veto":{"group":"","choice":5},"quorum":{},"tieBreak":7}"#.to_owned(),
            "vote.rule.tie_break vote.rule.quorum.basis vote.rule.requirements[0].any_of.thresholds vote.rule.quorum.thresholds vote.rule.veto.group vote.rule.veto.choice".to_owned(),
        ),
    ];
    let tabled = rows.iter().map(|(rule, fields)| {
        let json = format!(r#"{{"parent":"bodies/hall","voteId":"p","vote":{{"rule":{rule}}}}}"#);
        ("CreateVote", json, format!("InvalidArgument RULE_INVALID {fields}"))
    });
    let tried = rows.iter().map(|(rule, fields)| {
        let json = format!(r#"{{"rule":{rule},"tally":{{"heads":{{"yes":"1"}}}}}}"#);
        ("EvaluateRule", json, format!("InvalidArgument RULE_INVALID {}", fields.replace("vote.rule", "rule")))
    });
    tabled.chain(tried).collect()
}

fn threshold(threshold: &str) -> String {
    format!(r#"{{"requirements":[{{"threshold":{{{threshold}}}}}]}}"#)
}

/// What is too long or too many.
fn large() -> Vec<(&'static str, String, String)> {
    let id = |length: usize| "a".repeat(length);
    let refused = |fields: &str| format!("InvalidArgument INVALID_FIELD {fields}");
    let ballots = vec!["{}"; 1_001].join(",");
    let members: Vec<_> = (0..1_001).map(|at| format!(r#"{{"name":"bodies/hall/members/m{at}"}}"#)).collect();
    let labels: Vec<_> = (0..33).map(|at| format!(r#""l{at}":"""#)).collect();
    let tabled = |of: String| {
        format!(r#"{{"parent":"bodies/hall","voteId":"p","vote":{{"rule":{{"preset":"un.ga.simple"}},{of}}}}}"#)
    };
    vec![
        ("CastBallots", format!(r#"{{"ballots":[{ballots}]}}"#), refused("ballots")),
        (
            "AdmitMembers",
            format!(r#"{{"parent":"bodies/hall","members":[{}]}}"#, members.join(",")),
            refused("members"),
        ),
        ("CreateBody", format!(r#"{{"bodyId":"{}"}}"#, id(64)), refused("body_id")),
        ("GetBody", format!(r#"{{"name":"bodies/{}"}}"#, id(1_000_000)), refused("name")),
        ("ListBodies", format!(r#"{{"pageToken":"{}"}}"#, id(1_000_000)), refused("page_token")),
        ("CreateVote", tabled(format!(r#""title":"{}""#, id(2_001))), refused("vote.title")),
        ("CreateVote", tabled(format!(r#""symbol":"{}""#, id(501))), refused("vote.symbol")),
        ("CreateVote", tabled(format!(r#""labels":{{{}}}"#, labels.join(","))), refused("vote.labels")),
        ("AnnulVote", format!(r#"{{"name":"bodies/hall/votes/open","reason":"{}"}}"#, id(2_001)), refused("reason")),
        (
            "DeclareResult",
            format!(
                r#"{{"name":"bodies/hall/votes/locked","outcome":1,"ruling":"{}","adoptedSymbol":"{}"}}"#,
                id(2_001),
                id(501)
            ),
            refused("ruling adopted_symbol"),
        ),
    ]
}

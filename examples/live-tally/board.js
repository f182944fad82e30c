// What is known of a vote, as its readers see it.

import { Decidedness, Outcome, VoteState } from "./gen/rollcall/v1/vote_pb.js";

// What is counted, in the order in which it stands on the board.
const COUNTS = [
  ["yes", "In favour"],
  ["no", "Against"],
  ["abstain", "Abstaining"],
  ["present", "Present"],
  ["undisclosed", "Cast, not shown yet"],
  ["notVoting", "Not voting"],
];

// Whether a count has a place on the board. While ballots are not disclosed the counts by choice say nothing.
function stands(choice, heads) {
  if (choice === "notVoting") return true;
  if (choice === "undisclosed") return heads.undisclosed > 0n;
  return heads.undisclosed === 0n && (choice !== "present" || heads.present > 0n);
}

const STATES = {
  [VoteState.DRAFT]: "Tabled",
  [VoteState.OPEN]: "Voting is open",
  [VoteState.SUSPENDED]: "Voting is suspended",
  [VoteState.LOCKED]: "Voting has ended",
  [VoteState.DECLARED]: "Result declared",
  [VoteState.ANNULLED]: "Annulled",
  [VoteState.WITHDRAWN]: "Withdrawn",
};

const OUTCOMES = {
  [Outcome.ADOPTED]: "Adopted",
  [Outcome.NOT_ADOPTED]: "Not adopted",
  [Outcome.VETOED]: "Not adopted: vetoed",
  [Outcome.NO_QUORUM]: "No quorum",
  [Outcome.REVOTE_DUE]: "Tied: a second vote is due",
  [Outcome.ADOPTED_WITHOUT_VOTE]: "Adopted without a vote",
};

const DECIDEDNESS = {
  [Decidedness.OPEN]: "Open: the ballots still out can change it.",
  [Decidedness.CERTAIN]: "Decided, if the ballots cast stand: those still out cannot change it.",
  [Decidedness.UNDETERMINED]: "Whether the ballots still out can change it is not known.",
};

const LINKS = {
  connecting: "Connecting",
  live: "Live",
  lost: "Not connected: what you see may be old. Trying again",
  ended: "Final",
  failed: "Not connected",
};

const at = (name) => document.getElementById(name);

const counts = new Map(
  COUNTS.map(([choice, label]) => {
    const part = document.createElement("span");
    part.dataset.choice = choice;
    at("bar").append(part);
    const cell = document.createElement("div");
    cell.dataset.choice = choice;
    const number = document.createElement("dd");
    const name = document.createElement("dt");
    name.textContent = label;
    cell.append(number, name);
    at("counts").append(cell);
    return [choice, { part, cell, number }];
  }),
);

/** Shows what is put, and to whom. */
export function showQuestion(vote, body) {
  at("body").textContent = body.displayName || body.name;
  at("title").textContent = vote.title || vote.question || vote.name;
  at("symbol").textContent = vote.symbol;
  at("question").textContent = vote.title ? vote.question : "";
  document.title = vote.title || vote.name;
}

/** Shows a vote as it stands. */
export function show(frame) {
  const board = at("board");
  board.dataset.state = VoteState[frame.state];
  board.dataset.outcome = Outcome[frame.declaredOutcome];
  at("state").textContent = STATES[frame.state] ?? "";
  const heads = frame.tally?.heads;
  at("tally").hidden = !heads;
  const roll = COUNTS.reduce((sum, [choice]) => sum + Number(heads?.[choice] ?? 0n), 0);
  for (const [choice, { part, cell, number }] of counts) {
    const count = heads?.[choice] ?? 0n;
    number.textContent = count.toString();
    cell.hidden = !heads || !stands(choice, heads);
    part.style.flexGrow = Number(count);
  }
  at("roll").textContent = heads ? `${roll} on the roll` : "";
  const goesOn = frame.state === VoteState.OPEN || frame.state === VoteState.SUSPENDED;
  at("outcome").textContent = OUTCOMES[frame.declaredOutcome] ?? "";
  const hidden = heads?.undisclosed > 0n && "How they voted is shown when the voting has ended.";
  at("verdict").textContent = frame.verdict?.summary || hidden || "";
  at("decided").textContent = (goesOn && DECIDEDNESS[frame.verdict?.decidedness]) || "";
  at("ruling").textContent = frame.ruling && `Ruling: ${frame.ruling}`;
  const time = new Date(Number(frame.asOfTime?.seconds ?? 0n) * 1_000);
  at("time").dateTime = time.toISOString();
  at("time").textContent = `As of ${time.toLocaleTimeString()}`;
  // Last, so that whoever sees the revision sees all of it.
  board.dataset.revision = frame.revision.toString();
}

/** Shows whether what is shown is live. */
export function showLink(link, words) {
  at("board").dataset.link = link;
  at("link").textContent = words ? `${LINKS[link]}: ${words}` : LINKS[link];
}

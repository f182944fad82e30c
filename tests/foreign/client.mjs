// A Node client that has the contract's files and the address: it conducts a vote, and watches the tally to its end.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";

// The packages are those of `.ci/package.json`, wherever this file is.
const require = createRequire(new URL("../../.ci/package.json", import.meta.url));
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");
const protobuf = require("protobufjs");

const proto = fileURLToPath(new URL("../../proto", import.meta.url));
const files = ["ballot", "body", "record", "rule", "tally", "vote"].map((name) => `rollcall/v1/${name}_service.proto`);
const options = { includeDirs: [proto], keepCase: true, longs: Number, enums: String, oneofs: true, defaults: true };
const { v1 } = grpc.loadPackageDefinition(loader.loadSync(files, options)).rollcall;
const address = process.argv[2];
const clients = {};
for (const service of ["Ballot", "Body", "Record", "Rule", "Tally", "Vote"]) {
  clients[service] = new v1[`${service}Service`](address, grpc.credentials.createInsecure());
}

// Calls a method that has one answer.
function call(service, method, request, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  return new Promise((resolve, reject) => {
    clients[service][method](request, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

// The details of an error of the service, by the name of their type.
const details = protobuf.parse(`
  syntax = "proto3";
  package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message FieldViolation { string field = 1; string description = 2; }
  message BadRequest { repeated FieldViolation field_violations = 1; }
`, { keepCase: true }).root;

function detail(error, type) {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const packed = details.lookupType("google.rpc.Status").decode(bytes).details;
  const one = packed.find((any) => any.type_url === `type.googleapis.com/google.rpc.${type}`);
  assert.ok(one, `${error} has no ${type}`);
  return details.lookupType(`google.rpc.${type}`).decode(one.value);
}

async function refused(code, reason, promise) {
  const error = await promise.then((answer) => assert.fail(JSON.stringify(answer)), (error) => error);
  const info = detail(error, "ErrorInfo");
  assert.deepEqual([error.code, info.reason, info.domain], [code, reason, "rollcall"], error);
  return error;
}

const body = "bodies/node";
const vote = `${body}/votes/q`;
await call("Body", "CreateBody", { body_id: "node", request_id: randomUUID() });
const members = ["A", "B", "C"].map((id) => ({ name: `${body}/members/${id}`, weights: { shares: 12 } }));
await call("Body", "AdmitMembers", { parent: body, members, request_id: randomUUID() });
const question = { title: "The question", rule: { preset: "un.ga.simple" } };
await call("Vote", "CreateVote", { parent: body, vote_id: "q", vote: question, request_id: randomUUID() });
await call("Vote", "OpenVote", { name: vote, request_id: randomUUID() });

// The watch goes on beside all that follows, and has a deadline far away.
const frames = [];
const watching = new Promise((resolve, reject) => {
  const watch = clients.Tally.WatchTally({ vote, with_ballots: true }, { deadline: Date.now() + 60_000 });
  watch.on("data", (answer) => answer.message === "frame" && frames.push(answer.frame));
  watch.on("error", reject);
  watch.on("status", (status) => resolve(status.code));
});

const ballot = { vote, member: "A", choice: "CHOICE_YES", request_id: randomUUID() };
const { receipt } = await call("Ballot", "CastBallot", ballot);
const again = (await call("Ballot", "CastBallot", ballot)).receipt;
assert.deepEqual([receipt.replayed, again.replayed, again.seq], [false, true, receipt.seq]);

const stranger = { ...ballot, member: "stranger", request_id: randomUUID() };
await refused(grpc.status.FAILED_PRECONDITION, "NOT_ON_ROLL", call("Ballot", "CastBallot", stranger));
const malformed = call("Ballot", "CastBallot", { vote: "nope", member: "A" });
const wrong = detail(await refused(grpc.status.INVALID_ARGUMENT, "INVALID_FIELD", malformed), "BadRequest");
assert.deepEqual(wrong.field_violations.map((violation) => violation.field), ["vote", "choice"]);

// Ballots on a stream, answered in their order.
const results = await new Promise((resolve, reject) => {
  const stream = clients.Ballot.StreamBallots({ deadline: Date.now() + 30_000 });
  const answers = [];
  stream.on("data", (answer) => answers.push(answer.result.result));
  stream.on("error", reject);
  stream.on("end", () => resolve(answers));
  for (const member of ["B", "stranger", "C"]) {
    stream.write({ ballot: { vote, member, choice: "CHOICE_NO", request_id: randomUUID() } });
  }
  stream.end();
});
assert.deepEqual(results, ["receipt", "refusal", "receipt"]);

// A stream that its caller gives half a second ends there.
const late = await new Promise((resolve) => {
  const watch = clients.Tally.WatchTally({ vote }, { deadline: Date.now() + 500 });
  watch.on("data", () => {});
  watch.on("error", resolve);
});
assert.equal(late.code, grpc.status.DEADLINE_EXCEEDED, late);

await call("Vote", "LockVote", { name: vote, request_id: randomUUID() });
await call("Vote", "DeclareResult", { name: vote, outcome: "OUTCOME_NOT_ADOPTED", request_id: randomUUID() });
assert.equal(await watching, grpc.status.OK);
const revisions = frames.map((frame) => frame.revision);
assert.deepEqual(revisions, [...new Set(revisions)].sort((a, b) => a - b));
const last = frames.at(-1);
assert.equal(last.state, "VOTE_STATE_DECLARED");
assert.deepEqual([last.tally.heads.yes, last.tally.heads.no], [1, 2]);
assert.equal(last.revision, (await call("Vote", "GetVote", { name: vote })).vote.revision);
console.log("the Node client conducted a vote of", frames[0].seats.length, "members");
for (const client of Object.values(clients)) client.close();

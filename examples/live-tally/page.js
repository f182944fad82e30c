// Shows one vote as it stands, and each change of it, to its end. The address of this page says which:
// ?vote=bodies/un-ga/votes/es-11-4&server=http://localhost:50051

import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { BodyService } from "./gen/rollcall/v1/body_service_pb.js";
import { VoteService } from "./gen/rollcall/v1/vote_service_pb.js";
import { show, showQuestion, showLink } from "./board.js";
import { watch } from "./watch.js";

const asked = new URLSearchParams(location.search);
const vote = asked.get("vote") ?? "bodies/un-ga/votes/es-11-4";
const transport = createGrpcWebTransport({ baseUrl: asked.get("server") ?? "http://localhost:50051" });

let named = false;

// What is put, and to whom, does not change: it is asked for once.
async function name() {
  if (named) return;
  const [{ vote: question }, { body }] = await Promise.all([
    createClient(VoteService, transport).getVote({ name: vote }, { timeoutMs: 5_000 }),
    createClient(BodyService, transport).getBody({ name: vote.split("/votes/")[0] }, { timeoutMs: 5_000 }),
  ]);
  showQuestion(question, body);
  named = true;
}

await watch(transport, vote, { begin: name, frame: show, link: showLink });

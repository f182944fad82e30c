// A watch that outlives its server: it comes back to what it has seen, and never shows a count that is older.

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { TallyService } from "./gen/rollcall/v1/tally_service_pb.js";

// Seconds of silence after which the server says that it is alive. A stream that is silent for twice that is dead.
const HEARTBEAT = 5;

// Milliseconds before the first attempt to come back, and at most.
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 8_000;

// To these errors there is one answer, however often one asks.
const FINAL = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.OutOfRange,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.Unimplemented,
]);

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Watches a vote to its end. Calls `begin` before each attempt, `frame` with each newer state of the vote, and `link` with
 * `connecting`, `live`, `lost`, `ended` or `failed`, and with words where there is more to say.
 */
export async function watch(transport, vote, { begin, frame, link }) {
  const tallies = createClient(TallyService, transport);
  const heartbeat = { seconds: BigInt(HEARTBEAT) };
  let seen = 0n;
  let attempt = 0;
  for (;;) {
    link("connecting");
    const silence = new AbortController();
    let watchdog;
    let reconnectAfter;
    try {
      await begin();
      const alive = () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => silence.abort(), 2_000 * HEARTBEAT);
      };
      alive();
      const request = { vote, afterRevision: seen, heartbeat };
      for await (const { message } of tallies.watchTally(request, { signal: silence.signal })) {
        alive();
        attempt = 0;
        link("live");
        if (message.case === "frame" && message.value.revision > seen) {
          seen = message.value.revision;
          frame(message.value);
        } else if (message.case === "draining") {
          const { seconds = 0n, nanos = 0 } = message.value.reconnectAfter ?? {};
          reconnectAfter = Number(seconds) * 1_000 + nanos / 1_000_000;
        }
      }
      return link("ended");
    } catch (problem) {
      const error = ConnectError.from(problem);
      if (FINAL.has(error.code)) return link("failed", error.rawMessage);
    } finally {
      clearTimeout(watchdog);
    }
    link("lost");
    // Spread, so that all the pages do not come back at once.
    const backoff = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt) * (0.5 + Math.random() / 2);
    attempt += 1;
    await pause(reconnectAfter ?? backoff);
  }
}

"""A foreign service in small: watches the tally of a vote to its end, and prints a line for each change.

    pip install grpcio grpcio-reflection
    python examples/watch_tally.py 127.0.0.1:50051 un-ga/es-11-4

It knows nothing but the address and the vote: the service describes itself by reflection. It outlives its server: where
the stream breaks off it waits, connects again, and asks for what came after the last revision that it has shown. So no
count that it shows ever goes back. It ends with 0 when the vote has ended, and with 1 where asking again would not help.
"""

import sys
import threading
import time

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0  # seconds
HEARTBEAT = 5  # seconds; a server that is silent three times as long is gone
ENDED = {"DECLARED", "ANNULLED", "WITHDRAWN"}
FINAL = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
}


class Watch:
    """What has been shown of one vote."""

    def __init__(self, address, vote):
        # A connection that is dead is found out within half a minute, and made again within two seconds.
        options = {
            "grpc.keepalive_time_ms": 20_000,
            "grpc.keepalive_timeout_ms": 10_000,
            "grpc.initial_reconnect_backoff_ms": int(FIRST_WAIT * 1000),
            "grpc.max_reconnect_backoff_ms": int(LONGEST_WAIT * 1000),
        }
        self.channel = grpc.insecure_channel(address, options=list(options.items()))
        self.vote = full_name(vote)
        self.seen = 0
        self.pool = None

    def run(self):
        """Shows what comes after the revision that was shown last. None when the vote has ended; else the server is about to
        stop, and says after how many seconds to come back."""
        if self.pool is None:
            self.pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))
        method = self.pool.FindServiceByName("rollcall.v1.TallyService").FindMethodByName("WatchTally")
        states = self.pool.FindEnumTypeByName("rollcall.v1.VoteState").values_by_number
        request_class = message_factory.GetMessageClass(method.input_type)
        answer_class = message_factory.GetMessageClass(method.output_type)
        watch_tally = self.channel.unary_stream(
            "/rollcall.v1.TallyService/WatchTally",
            request_serializer=request_class.SerializeToString,
            response_deserializer=answer_class.FromString,
        )
        request = request_class(vote=self.vote, after_revision=self.seen, heartbeat={"seconds": HEARTBEAT})
        for message in heard(watch_tally(request)):
            if message.HasField("draining"):
                return message.draining.reconnect_after.ToTimedelta().total_seconds()
            if not message.HasField("frame"):
                continue
            frame = message.frame
            state = states[frame.state].name.removeprefix("VOTE_STATE_")
            # The first frame is the present state, which may be the one that was shown last.
            if frame.revision > self.seen:
                print(line(frame, state), flush=True)
                self.seen = frame.revision
            if state in ENDED:
                return None
        return FIRST_WAIT


def full_name(vote):
    """The vote's name as the service has it, given so or short: un-ga/es-11-4."""
    body, _, rest = vote.partition("/")
    return vote if body == "bodies" or not rest else f"bodies/{body}/votes/{rest}"


def heard(call):
    """The messages of a call, which is given up where nothing is heard of the server."""
    while True:
        silence = threading.Timer(3 * HEARTBEAT, call.cancel)
        silence.daemon = True
        silence.start()
        message = next(call, None)
        silence.cancel()
        if message is None:
            return
        yield message


def line(frame, state):
    head = f"revision {frame.revision} {state}"
    if not frame.HasField("tally"):
        return head
    heads = frame.tally.heads
    if heads.undisclosed:
        return f"{head}: cast and not shown {heads.undisclosed}, not voting {heads.not_voting}"
    return (
        f"{head}: yes {heads.yes}, no {heads.no}, abstaining {heads.abstain}, "
        f"present {heads.present}, not voting {heads.not_voting}"
    )


def main():
    if len(sys.argv) != 3:
        print("usage: watch_tally.py ADDRESS BODY/VOTE", file=sys.stderr)
        return 2
    watch = Watch(sys.argv[1], sys.argv[2])
    backoff = FIRST_WAIT
    while True:
        before = watch.seen
        wait = None
        try:
            wait = watch.run()
            if wait is None:
                return 0
            problem = "the server is about to stop"
        except grpc.RpcError as error:
            if error.code() in FINAL:
                print(f"watch_tally: {error.details()}", file=sys.stderr)
                return 1
            silent = error.code() == grpc.StatusCode.CANCELLED
            problem = "the server has fallen silent" if silent else error.details()
        except KeyError:
            # Reflection was cut off; what was learnt of it is not complete.
            watch.pool, problem = None, "the service did not describe itself"
        if watch.seen > before:
            backoff = FIRST_WAIT
        if wait is None:
            wait, backoff = backoff, min(2 * backoff, LONGEST_WAIT)
        print(f"{problem}; connecting again in {wait} s", file=sys.stderr, flush=True)
        time.sleep(wait)


if __name__ == "__main__":
    sys.exit(main())

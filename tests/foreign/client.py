"""A Python client that knows nothing but the address: it learns the service by reflection, and conducts a vote."""

import sys
import uuid

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

SERVICES = ["Ballot", "Body", "Record", "Rule", "Tally", "Vote"]

channel = grpc.insecure_channel(sys.argv[1])
database = ProtoReflectionDescriptorDatabase(channel)
pool = descriptor_pool.DescriptorPool(database)

ours = sorted(name for name in database.get_services() if name.startswith("rollcall.v1."))
assert ours == [f"rollcall.v1.{name}Service" for name in SERVICES], ours


def call(service, method, request, timeout=30):
    """Calls a method with a request as a dictionary, or requests as a list of them; a stream where it answers with one."""
    described = pool.FindServiceByName(f"rollcall.v1.{service}Service").FindMethodByName(method)
    request_class = message_factory.GetMessageClass(described.input_type)
    answer_class = message_factory.GetMessageClass(described.output_type)
    sides = ["stream" if streams else "unary" for streams in (described.client_streaming, described.server_streaming)]
    rpc = getattr(channel, "_".join(sides))(
        f"/rollcall.v1.{service}Service/{method}",
        request_serializer=request_class.SerializeToString,
        response_deserializer=answer_class.FromString,
    )
    if described.client_streaming:
        return rpc((request_class(**one) for one in request), timeout=timeout)
    return rpc(request_class(**request), timeout=timeout)


def refused(code, reason, asked, detail):
    """Asserts that a call is refused so, and reads its second detail into `detail`."""
    try:
        asked()
    except grpc.RpcError as error:
        details = rpc_status.from_call(error).details
        info = error_details_pb2.ErrorInfo()
        assert details[0].Unpack(info), details
        assert (error.code(), info.reason, info.domain) == (code, reason, "rollcall"), (error, info)
        assert details[1].Unpack(detail), details
        return
    raise AssertionError(f"{reason} was due")


health = health_pb2_grpc.HealthStub(channel)
for service in ["", *ours]:
    status = health.Check(health_pb2.HealthCheckRequest(service=service)).status
    assert status == health_pb2.HealthCheckResponse.SERVING, (service, status)

body, vote = "bodies/foreign", "bodies/foreign/votes/q"


def new():
    return str(uuid.uuid4())


call("Body", "CreateBody", {"body_id": "foreign", "request_id": new()})
members = [{"name": f"{body}/members/{member}"} for member in "ABC"]
call("Body", "AdmitMembers", {"parent": body, "members": members, "request_id": new()})
question = {"title": "The question", "rule": {"preset": "un.ga.simple"}}
call("Vote", "CreateVote", {"parent": body, "vote_id": "q", "vote": question, "request_id": new()})
call("Vote", "OpenVote", {"name": vote, "request_id": new()})

frames = call("Tally", "WatchTally", {"vote": vote, "with_ballots": True})
first = next(frames).frame
assert (first.tally.heads.not_voting, len(first.seats)) == (3, 3), first

ballot = {"vote": vote, "member": "A", "choice": "CHOICE_YES", "request_id": new()}
receipt = call("Ballot", "CastBallot", ballot).receipt
again = call("Ballot", "CastBallot", ballot).receipt
assert (again.seq, again.replayed, receipt.replayed) == (receipt.seq, True, False)

stranger = {"vote": vote, "member": "stranger", "choice": "CHOICE_NO", "request_id": new()}
precondition = error_details_pb2.PreconditionFailure()
refused(
    grpc.StatusCode.FAILED_PRECONDITION, "NOT_ON_ROLL", lambda: call("Ballot", "CastBallot", stranger), precondition
)
assert [violation.type for violation in precondition.violations] == ["NOT_ON_ROLL"], precondition
bad = error_details_pb2.BadRequest()
malformed = {"vote": "nope", "member": "A"}
refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", lambda: call("Ballot", "CastBallot", malformed), bad)
assert [violation.field for violation in bad.field_violations] == ["vote", "choice"], bad

# Ballots on a stream, answered in their order.
ballots = [{**ballot, "member": member, "request_id": new()} for member in ("B", "stranger", "C")]
answers = call("Ballot", "StreamBallots", [{"ballot": one} for one in ballots])
results = [answer.result.WhichOneof("result") for answer in answers]
assert results == ["receipt", "refusal", "receipt"], results

# A stream that its caller gives half a second ends there.
try:
    list(call("Tally", "WatchTally", {"vote": vote}, timeout=0.5))
    raise AssertionError("a watch outlived its deadline")
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error

call("Vote", "LockVote", {"name": vote, "request_id": new()})
call("Vote", "DeclareResult", {"name": vote, "outcome": "OUTCOME_ADOPTED", "request_id": new()})
# It ends by itself, and OK: anything else would raise.
revisions = [first.revision] + [message.frame.revision for message in frames if message.HasField("frame")]
assert revisions == sorted(set(revisions)), revisions
assert revisions[-1] == call("Vote", "GetVote", {"name": vote}).vote.revision

# The record has it all, and the health of the service can be followed.
entries = [stored.entry for answer in call("Record", "ReadEntries", {"scope": vote}) for stored in answer.entries]
assert [entry.WhichOneof("event") for entry in entries].count("ballot_cast") == 3, entries
watch = health.Watch(health_pb2.HealthCheckRequest(service=""), timeout=30)
assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
watch.cancel()
print("the Python client conducted a vote of", first.tally.heads.not_voting, "members")

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


def call(service, method, request):
    """Calls a method with a request as a dictionary; a stream for a method that answers with one."""
    described = pool.FindServiceByName(f"rollcall.v1.{service}Service").FindMethodByName(method)
    request_class = message_factory.GetMessageClass(described.input_type)
    answer_class = message_factory.GetMessageClass(described.output_type)
    make = channel.unary_stream if described.server_streaming else channel.unary_unary
    path = f"/rollcall.v1.{service}Service/{method}"
    rpc = make(path, request_serializer=request_class.SerializeToString, response_deserializer=answer_class.FromString)
    return rpc(request_class(**request), timeout=30)


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

try:
    call("Ballot", "CastBallot", {"vote": vote, "member": "stranger", "choice": "CHOICE_NO", "request_id": new()})
    raise AssertionError("a stranger cast a ballot")
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error
    details = rpc_status.from_call(error).details
    info = error_details_pb2.ErrorInfo()
    assert details[0].Unpack(info) and info.reason == "NOT_ON_ROLL" and info.domain == "rollcall", details

call("Vote", "LockVote", {"name": vote, "request_id": new()})
call("Vote", "DeclareResult", {"name": vote, "outcome": "OUTCOME_ADOPTED", "request_id": new()})
revisions = [first.revision] + [message.frame.revision for message in frames if message.HasField("frame")]
assert revisions == sorted(set(revisions)), revisions
assert revisions[-1] == call("Vote", "GetVote", {"name": vote}).vote.revision
print("the Python client conducted a vote of", first.tally.heads.not_voting, "members")

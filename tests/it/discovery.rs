//! What foreign clients find: reflection, health, and the calls that are still to come.

use prost::Message;
use prost_types::FileDescriptorProto;
use rollcall::proto::TieBreak;
use tonic::Code;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

use crate::harness::Server;
use crate::harness::client::majority;

const SERVICES: [&str; 6] = [
    "rollcall.v1.BallotService",
    "rollcall.v1.BodyService",
    "rollcall.v1.RecordService",
    "rollcall.v1.RuleService",
    "rollcall.v1.TallyService",
    "rollcall.v1.VoteService",
];

/// What tools look up, and the file that defines it.
const SYMBOLS: [(&str, &str); 5] = [
    ("google.rpc.BadRequest", "BadRequest"),
    ("google.rpc.ErrorInfo", "ErrorInfo"),
    ("rollcall.v1.Ballot", "Ballot"),
    ("rollcall.v1.WatchTallyResponse", "WatchTallyResponse"),
    ("rollcall.v1.Entry", "Entry"),
];

/// A test of one version of reflection: the versions have the same messages in different packages.
macro_rules! reflection {
    ($test:ident, $version:ident) => {
        #[tokio::test]
        async fn $test() {
            use tonic_reflection::pb::$version::ServerReflectionRequest;
            use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
            use tonic_reflection::pb::$version::server_reflection_request::MessageRequest as Ask;
            use tonic_reflection::pb::$version::server_reflection_response::MessageResponse as Answer;

            let server = Server::new();
            let mut client = ServerReflectionClient::new(server.client().await.channel);
            let symbols = SYMBOLS.map(|(symbol, _)| Ask::FileContainingSymbol(symbol.into()));
            let asked = std::iter::once(Ask::ListServices(String::new())).chain(symbols);
            let asked: Vec<_> =
                asked.map(|ask| ServerReflectionRequest { host: String::new(), message_request: Some(ask) }).collect();
            let mut answers = client.server_reflection_info(tokio_stream::iter(asked)).await.unwrap().into_inner();
            let mut next = async || answers.message().await.unwrap().unwrap().message_response.unwrap();

            let Answer::ListServicesResponse(list) = next().await else { panic!("no list of services") };
            let mut listed: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
            listed.retain(|name| name.starts_with("rollcall."));
            listed.sort();
            assert_eq!(listed, SERVICES);
            for (symbol, message) in SYMBOLS {
                let Answer::FileDescriptorResponse(files) = next().await else { panic!("{symbol} is unknown") };
                let files =
                    files.file_descriptor_proto.iter().map(|file| FileDescriptorProto::decode(&file[..]).unwrap());
                let defined = files.into_iter().any(|file| file.message_type.iter().any(|one| one.name() == message));
                assert!(defined, "{symbol}");
            }
        }
    };
}

reflection!(todays_tools_find_the_services_and_what_errors_hold, v1);
reflection!(older_tools_find_them_too, v1alpha);

#[tokio::test]
async fn the_server_and_each_service_are_healthy() {
    let server = Server::new();
    let mut client = HealthClient::new(server.client().await.channel);
    for service in std::iter::once("").chain(SERVICES) {
        let answer = client.check(HealthCheckRequest { service: service.into() }).await;
        assert_eq!(answer.unwrap().into_inner().status(), ServingStatus::Serving, "{service:?}");
    }
    let unknown = client.check(HealthCheckRequest { service: "rollcall.v1.NoService".into() }).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn calls_of_a_later_version_say_so() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A"], majority(TieBreak::Unspecified)).await;
    let end = client.end().await;
    macro_rules! says_so {
        ($($service:ident.$call:ident),+ $(,)?) => {$(
            let status = client.$service.$call(tonic::Request::new(Default::default())).await.map(drop).unwrap_err();
            let name = stringify!($call).replace('_', "");
            assert_eq!(status.code(), Code::Unimplemented, "{name}");
            let (call, rest) = status.message().split_once(' ').unwrap();
            assert_eq!((call.to_lowercase(), rest), (name, "is in the contract, and not in this version of Rollcall yet"));
        )+};
    }
    says_so!(record.get_checkpoint, record.get_inclusion_proof, record.get_consistency_proof,);
    assert_eq!(client.end().await, end);
}

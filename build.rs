//! Compiles `proto/` without protoc: protox parses it, and the same descriptors serve reflection.

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let mut protos: Vec<_> =
        std::fs::read_dir("proto/rollcall/v1")?.map(|file| file.map(|file| file.path())).collect::<Result<_, _>>()?;
    protos.retain(|path| path.extension().is_some_and(|extension| extension == "proto"));
    protos.sort();

    let descriptors = protox::compile(&protos, ["proto"])?;
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("rollcall.v1.bin"), descriptors.encode_to_vec())?;

    let mut prost = tonic_prost_build::Config::new();
    prost
        // Maps in the order of their keys: the encoding of a request is then one sequence of bytes, fit to be hashed.
        .btree_map(["."])
        .bytes(["."])
        // A digest names the request's type, so that two methods of one shape never share it.
        .enable_type_names();
    tonic_prost_build::configure().compile_fds_with_config(descriptors, prost)?;
    Ok(())
}

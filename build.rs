//! Compiles `proto/` without protoc: protox parses it, and the same descriptors serve reflection.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

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

    // What a program keeps of a record for its next start is for programs of the same sources alone.
    let mut sources = DefaultHasher::new();
    for path in ["src", "proto", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
        add(Path::new(path), &mut sources)?;
    }
    println!("cargo::rustc-env=ROLLCALL_SOURCES={:016x}", sources.finish());
    Ok(())
}

/// Adds a file, or all files below a folder in the order of their names.
fn add(path: &Path, sources: &mut DefaultHasher) -> std::io::Result<()> {
    if path.is_file() {
        std::fs::read(path)?.hash(sources);
        return Ok(());
    }
    let mut paths =
        std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    paths.iter().try_for_each(|path| add(path, sources))
}

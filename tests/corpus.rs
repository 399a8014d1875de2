//! A short run of every fuzz target on a stable compiler: the saved inputs, and simple mutations of them.
//!
//! `make fuzz` is the long one. Each mutation depends on nothing but the seed, so a failure can be repeated:
//! `FUZZ_SEED=… cargo test --test corpus`.

#![allow(clippy::unwrap_used)]

#[path = "harness/random.rs"]
mod random;
#[allow(unreachable_pub, reason = "a crate of its own for cargo-fuzz")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use random::Random;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::{env, fs};
use targets::{TARGETS, Target};

/// The first number of every run unless `FUZZ_SEED` gives another.
const SEED: u64 = 0x686f_6d65_726f_6f6d;
/// Mutations of a target's saved inputs, all together.
const MUTATIONS: usize = 4_000;
/// The same for the line reader, whose inputs stand for streams of up to 80 KB, each read several times.
const STREAMS: usize = 400;
/// How often one input is changed at the most.
const CHANGES_MAX: usize = 8;
/// No mutation is longer than this many bytes.
const INPUT_BYTES_MAX: usize = 4_096;

/// What parsers stumble over, put in whole.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"-0.0",
    b"1e999",
    b"18446744073709551616",
    b"\n",
    b"\r",
    b"\0",
    b"\x1b",
    b"\x80",
    b"\xff",
    b"\xc2\x9b",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b"\xf4\x8f\xbf\xbf",
    b"#sha256:",
    b"homeroom://",
    b"\"type\"",
    b"\"id\"",
    b"\"version\":1",
];

/// A saved input and its file's name.
struct Input {
    name: String,
    bytes: Vec<u8>,
}

#[test]
fn line_reader() {
    run("line_reader", STREAMS);
}

#[test]
fn request() {
    run("request", MUTATIONS);
}

#[test]
fn users_json() {
    run("users_json", MUTATIONS);
}

#[test]
fn user_list() {
    run("user_list", MUTATIONS);
}

#[test]
fn sanitizer() {
    run("sanitizer", MUTATIONS);
}

#[test]
fn join_link() {
    run("join_link", MUTATIONS);
}

#[test]
fn server_message() {
    run("server_message", MUTATIONS);
}

#[test]
fn request_head() {
    run("request_head", MUTATIONS);
}

#[test]
fn frames() {
    run("frames", MUTATIONS);
}

#[test]
fn every_target_is_run_here_and_by_cargo_fuzz() {
    let tests = include_str!("corpus.rs");
    let programs = include_str!("../fuzz/Cargo.toml");
    for (name, _) in TARGETS {
        assert!(tests.contains(&format!("fn {name}() {{")), "{name} has no test here");
        assert!(programs.contains(&format!("name = \"{name}\"")), "{name} has no program in fuzz/Cargo.toml");
    }
}

/// Runs a target on its saved inputs, then on mutations of them.
fn run(name: &str, mutations: usize) {
    let (_, target) = TARGETS.iter().find(|(other, _)| *other == name).unwrap();
    let seed = env::var("FUZZ_SEED").map_or(SEED, |seed| seed.parse().expect("FUZZ_SEED is a number"));
    println!("{name}: FUZZ_SEED={seed}");
    let inputs = saved(name);
    for input in &inputs {
        must_hold(*target, &input.bytes, &input.name);
    }
    let mut random = Random::new(seed);
    for count in 0..mutations {
        let input = random.choose(&inputs);
        let mutation = mutate(&input.bytes, &inputs, &mut random);
        must_hold(*target, &mutation, &format!("{}, mutation {count} of FUZZ_SEED={seed}", input.name));
    }
}

/// Fails with the input itself where the target panics.
#[track_caller]
fn must_hold(target: Target, input: &[u8], name: &str) {
    if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        panic!("{name}: b\"{}\"", input.escape_ascii());
    }
}

/// In the same order everywhere.
fn saved(name: &str) -> Vec<Input> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let read = |entry: fs::DirEntry| {
        let bytes = fs::read(entry.path()).unwrap();
        Input { name: entry.file_name().into_string().unwrap(), bytes }
    };
    let mut inputs: Vec<Input> = fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect();
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!inputs.is_empty(), "no saved inputs for {name}");
    inputs
}

fn mutate(bytes: &[u8], inputs: &[Input], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(CHANGES_MAX) {
        change(&mut bytes, inputs, random);
    }
    bytes.truncate(INPUT_BYTES_MAX);
    bytes
}

/// One change at one place.
fn change(bytes: &mut Vec<u8>, inputs: &[Input], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = at + random.below((bytes.len() - at).min(32) + 1);
    match random.below(6) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 if at < bytes.len() => bytes[at] = random.next() as u8,
        2 => drop(bytes.drain(at..end)),
        3 => bytes.extend_from_within(at..end),
        4 => {
            let other = &random.choose(inputs).bytes;
            let from = random.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        _ => {
            let piece = *random.choose(PIECES);
            bytes.splice(at..at, piece.iter().copied());
        }
    }
}

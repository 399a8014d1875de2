//! libFuzzer's way in to [`homeroom_fuzz::join_link`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| homeroom_fuzz::join_link(data));

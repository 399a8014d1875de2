//! libFuzzer's way in to [`homeroom_fuzz::request_head`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| homeroom_fuzz::request_head(data));

//! libFuzzer's way in to [`homeroom_fuzz::frames`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| homeroom_fuzz::frames(data));

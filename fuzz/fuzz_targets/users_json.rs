//! libFuzzer's way in to [`homeroom_fuzz::users_json`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| homeroom_fuzz::users_json(data));

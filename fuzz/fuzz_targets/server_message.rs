//! libFuzzer's way in to [`homeroom_fuzz::server_message`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| homeroom_fuzz::server_message(data));

//! libFuzzer's way in to [`homeroom_fuzz::user_list`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| homeroom_fuzz::user_list(data));

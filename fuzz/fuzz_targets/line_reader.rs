//! libFuzzer's way in to [`homeroom_fuzz::line_reader`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| homeroom_fuzz::line_reader(data));

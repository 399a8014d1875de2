//! libFuzzer's way in to [`homeroom_fuzz::sanitizer`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| homeroom_fuzz::sanitizer(data));

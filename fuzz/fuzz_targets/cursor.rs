#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hexdesk_http::fuzzing::cursor(data));

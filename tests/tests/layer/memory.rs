//! What a request merely declares costs nothing.

use countersign_tests::{Bench, Case, Scripted, Step, Wire, call};
use tower::Layer;

const TEN_GIB: u64 = 10 << 30;

/// The address space of this process in bytes: what was reserved counts, touched or not.
#[cfg(target_os = "linux")]
fn address_space() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmPeak:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}

/// Elsewhere only a length that nobody could allocate shows what is reserved.
#[cfg(not(target_os = "linux"))]
fn address_space() -> u64 {
    0
}

#[tokio::test]
async fn nothing_is_reserved_for_the_length_that_a_body_declares() {
    for case in Case::all() {
        for declared in [TEN_GIB, 1 << 62] {
            let bench = Bench::new();
            let layer = bench.layer(&case).max_body(u64::MAX);
            let (buffered, streamed) = (layer.clone(), layer.clone().stream_bodies());
            let reported = layer.max_body(1).report_only();
            for (n, layer) in [buffered, streamed, reported].into_iter().enumerate() {
                let service = layer.layer(bench.echo.clone());
                let wire = case.sign(&Wire::post(&format!("/{n}"), "hello"));
                let body = Scripted::new([Step::data("hel"), Step::data("lo")]).claiming(declared);
                let before = address_space();
                let answer = call(&service, wire.http1(body)).await;
                let grown = address_space() - before;
                assert_eq!(
                    (answer.status.as_u16(), &*answer.body),
                    (200, &b"hello"[..]),
                    "{case}"
                );
                assert!(grown < TEN_GIB / 2, "{case}: {grown} bytes more");
            }
        }
    }
}

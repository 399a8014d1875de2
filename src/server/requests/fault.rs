//! Panics on demand, for the tests that one client's bug stops nobody. Only in builds with the feature
//! `fault-injection`.

use crate::protocol::RequestId;
use crate::server::state::Server;
use crate::sync::lock;

/// Panics in the handler of a request with the id `fault-handler`, or with the lock held that its id names. With
/// `fault-postman` it's a postman that panics, and with `fault-standstill` the registry's lock is never given back.
pub(crate) fn strike(server: &Server, id: Option<&RequestId>) {
    let fault = id.map(RequestId::as_str).and_then(|id| id.strip_prefix("fault-"));
    if fault == Some("postman") {
        return server.chat.delivery().strike();
    }
    if fault == Some("standstill") {
        let _registry = lock(server.chat.registry());
        loop {
            std::thread::park();
        }
    }
    let _registry = (fault == Some("registry")).then(|| lock(server.chat.registry()));
    let _throttle = (fault == Some("throttle")).then(|| lock(&server.throttle));
    assert!(fault.is_none(), "a fault was asked for: {fault:?}");
}

//! Whoever has no account yet, and the code of the class's door.

use crate::protocol::{ErrorCode, Register, Secret, Username, VERSION};
use crate::server::accounts::{AccountError, Checked, NoTurn};
use crate::server::requests::{Knock, Refusal, account_refusal, enrol, refuse};
use crate::server::state::{LoginFailure, Server};
use std::time::Instant;

/// Makes the account that is asked for.
pub(super) fn register(server: &Server, knock: &Knock<'_>, wanted: &Register) -> Result<(Username, Checked), Refusal> {
    let Register { protocol, code, username, password, name: called, .. } = wanted;
    if *protocol != VERSION {
        let message = format!("this server speaks protocol {VERSION}, not {protocol}");
        return Err(refuse(ErrorCode::UnsupportedProtocol, message));
    }
    let name = Username::parse(username).unwrap_or_else(Username::nobody);
    let password = password.as_ref().filter(|password| !Secret::expose(password).is_empty());
    let made = enrol(server, knock, &name, (code.expose(), password), called.as_deref());
    match &made {
        Ok((name, _)) => {
            server.audit.act("register", name, knock.peer.ip(), Some(name), None);
            log::info!("{name} made an account, from {}", knock.peer);
        }
        Err(AccountError::NoDoor) => note(server, knock, LoginFailure::WrongCode),
        Err(AccountError::NoTurn(NoTurn::TryLater(_))) => note(server, knock, LoginFailure::Throttled),
        Err(AccountError::NoTurn(NoTurn::Crowded)) => note(server, knock, LoginFailure::Crowded),
        Err(_) => {}
    }
    made.map_err(account_refusal)
}

/// It is a failed login, for whoever counts these.
fn note(server: &Server, knock: &Knock<'_>, failure: LoginFailure) {
    server.counts.failure(failure);
    let (peer, reason) = (knock.peer, failure.name());
    if server.audit.failed_login(peer.ip(), None, reason, Instant::now()) {
        log::warn!("failed registration from {peer}: {reason}");
    }
}

//! How passwords and tokens are kept from whoever has no business with them.

use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroize;

/// A password or a token: wiped from memory when dropped, never shown by `Debug`.
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's own words would repeat what stands there, and that may be a password without its quotes.
        let wrong = |_| serde::de::Error::custom("a password, a token or a code must be a string");
        String::deserialize(deserializer).map(Self).map_err(wrong)
    }
}

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::{Request, ServerMessage};

    #[test]
    fn secrets_are_not_shown() {
        for line in [
            r#"{"type":"login","protocol":1,"username":"a","password":"hunter2hunter2"}"#,
            r#"{"type":"login","protocol":1,"username":"a","token":"hunter2hunter2"}"#,
            r#"{"type":"passwd","old":"hunter2hunter2","new":"hunter2hunter2"}"#,
            r#"{"type":"add_user","username":"a","password":"hunter2hunter2"}"#,
        ] {
            let shown = format!("{:?}", Request::parse(line.as_bytes()).unwrap());
            assert!(shown.contains("(secret)") && !shown.contains("hunter2"), "{shown}");
        }
        for line in [
            r#"{"type":"reply","ok":true,"password":"hunter2hunter2"}"#,
            r#"{"type":"welcome","protocol":1,"server":"s","username":"a","role":"user","token":"hunter2hunter2","seq":1,"users":[],"must_change_password":false}"#,
        ] {
            let shown = format!("{:?}", serde_json::from_str::<ServerMessage<'_>>(line).unwrap());
            assert!(shown.contains("(secret)") && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_password_that_is_no_string_is_not_repeated() {
        for password in ["12345678901", "{\"hunter2hunter2\":1}", "true"] {
            let line = format!(r#"{{"type":"login","protocol":1,"username":"a","password":{password}}}"#);
            let error = Request::parse(line.as_bytes()).unwrap_err().message;
            assert!(error.contains("must be a string") && !error.contains(password), "{error}");
        }
    }
}

//! What may be typed behind `/set`, for whoever completes it.

use super::typed::settable;
use crate::options::key;
use clap::ArgAction;

/// What a setting may be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Choices {
    /// One of these.
    Words(Vec<String>),
    /// The name of an account.
    People,
    /// There is no telling.
    Any,
}

/// What can be set.
pub(crate) fn settings() -> Vec<String> {
    settable().iter().map(|option| key(option).to_owned()).collect()
}

/// What a setting may be; `-` takes it back in any case. A list takes several, with commas between them.
pub(crate) fn choices(setting: &str) -> Choices {
    let Some(option) = settable().into_iter().find(|option| key(option) == setting) else { return Choices::Any };
    if matches!(option.get_action(), ArgAction::SetTrue) {
        return Choices::Words(["on", "off", "-"].map(Into::into).into());
    }
    let words = option.get_possible_values();
    match option.get_id().as_str() {
        "user" | "ignore" => Choices::People,
        _ if words.is_empty() => Choices::Any,
        _ => Choices::Words(words.iter().map(|word| word.get_name().to_owned()).chain(["-".into()]).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let store = super::super::for_tests(folder.path(), &[]);
        for setting in settings() {
            let Choices::Words(words) = choices(&setting) else { continue };
            assert!(words.len() > 1);
            for word in words {
                store.set(&setting, &word).unwrap_or_else(|e| panic!("{setting} {word}: {e}"));
            }
        }
        assert_eq!(choices("ignore"), Choices::People);
        assert_eq!((choices("log"), choices("frobnicate")), (Choices::Any, Choices::Any));
        assert!(matches!(choices("silent"), Choices::Words(words) if words.contains(&"mention".into())));
    }
}

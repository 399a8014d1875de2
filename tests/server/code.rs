//! Code: what is said with `"format":"code"` goes through as it is.

use crate::harness::{DataDir, Server, assert_error};
use serde_json::{Value, json};
use std::process::Command;

/// What editors, people and other systems leave in a program.
const CODE: &str = "\u{feff}def f():\r\n\tif x:\t# tab \r\n\t\treturn  'ü'  \n\n \t \r\n\u{0}\u{1b}[2J\u{202e}\n\n\n";

fn code(text: &str) -> Value {
    json!({"type": "say", "text": text, "format": "code", "lang": "python"})
}

#[test]
fn nothing_of_code_is_changed() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.server().start();
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let sent = ada.ask(code(CODE));
    let seen = bob.event("message", "ada");
    let whisper = ada.ask(json!({"type": "whisper", "to": "bob", "text": CODE, "format": "code", "lang": "C_.-9"}));
    assert_eq!(whisper["lang"], "C_.-9", "passed on as it is");
    let whispered = bob.event("whisper", "ada");
    let told = bob.ask(json!({"type": "history", "limit": 2}))["events"].clone();
    let plain = ada.say("plain");
    assert!(plain["format"].is_null() && plain["lang"].is_null(), "what is no code says nothing of it: {plain}");
    drop((ada, bob, server));
    let server = data.server().start();
    let after = server.login("bob").ask(json!({"type": "history", "limit": 3}))["events"].clone();
    for event in [&sent, &seen, &whispered, &told[0], &told[1], &after[0], &after[1]] {
        assert_eq!((&event["text"], &event["format"]), (&json!(CODE), &json!("code")), "{event}");
    }
    assert_eq!(
        (&sent["lang"], &seen["lang"], &after[0]["lang"]),
        (&json!("python"), &json!("python"), &json!("python"))
    );
}

#[test]
fn a_form_that_there_is_not_is_refused() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let longest = "x".repeat(16);
    for (fields, wrong) in [
        (json!({"format": "html"}), "code"),
        (json!({"lang": "python"}), "\"format\":\"code\""),
        (json!({"format": "html", "lang": "python"}), "code"),
        (json!({"format": "code", "lang": ""}), "1 to 16"),
        (json!({"format": "code", "lang": format!("{longest}x")}), "1 to 16"),
        (json!({"format": "code", "lang": "c++"}), "1 to 16"),
        (json!({"format": "code", "lang": "a b"}), "1 to 16"),
        (json!({"format": "code", "lang": "ä"}), "1 to 16"),
        (json!({"format": "code", "lang": "a\n"}), "1 to 16"),
        (json!({"format": "code", "action": true}), "action"),
    ] {
        for mut request in
            [json!({"type": "say", "text": "lost"}), json!({"type": "whisper", "to": "bob", "text": "lost"})]
        {
            let is_whisper = request["type"] == "whisper";
            if is_whisper && fields["action"] == true {
                continue;
            }
            request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            let refused = ada.ask(request);
            assert_error(&refused, "bad_request");
            assert!(refused["message"].as_str().unwrap().contains(wrong), "{refused}");
        }
    }
    assert_eq!(ada.ask(json!({"type": "say", "text": "x", "format": "code", "lang": longest}))["lang"], longest);
    ada.say("last");
    assert!(bob.until_text("last").iter().all(|event| event["text"] != "lost"));
}

/// A request with another format or another language is another one, whatever its id.
#[test]
fn code_that_is_said_again_is_one_only_with_its_form() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = server.login("ada");
    let again = |fields: Value, kind: Value| {
        let mut request = json!({"id": "c1", "text": "x = 1"});
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        request.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        request
    };
    for kind in [json!({"type": "say"}), json!({"type": "whisper", "to": "bob"})] {
        let forms = [
            json!({"format": "code", "lang": "python"}),
            json!({"format": "code", "lang": "c"}),
            json!({"format": "code"}),
            json!({}),
        ];
        let mut seqs = Vec::new();
        for form in &forms {
            ada.send(&again(form.clone(), kind.clone()));
            seqs.push(ada.answer("c1")["seq"].clone());
        }
        let (token, last) = (ada.welcome["token"].clone(), ada.seq());
        drop(ada);
        ada = server.connect();
        ada.hears_again = true;
        ada.resume("ada", &token, last);
        for (form, seq) in forms.iter().zip(&seqs) {
            ada.send(&again(form.clone(), kind.clone()));
            assert_eq!(&ada.answer("c1")["seq"], seq, "{form}");
        }
    }
    let end = ada.say("the end")["seq"].clone();
    let heard = bob.until("the end", |event| event["seq"] == end);
    assert_eq!(heard.iter().filter(|event| event["text"] == "x = 1").count(), 8, "{heard:?}");
}

#[test]
fn the_longest_code_arrives_whole_or_is_refused_with_what_fits() {
    let data = DataDir::with_users(&["ada", &"z".repeat(32)]);
    let server = data.server().args(&["--message-rate", "off"]).start();
    let (mut ada, mut long) = (server.login("ada"), server.login(&"z".repeat(32)));
    let (id, own_id, lang) = ("~".repeat(64), "^".repeat(64), "l".repeat(16));
    for character in ["x", "\t", "\n", "\"", "\\", "\u{20ac}", "\u{1F600}"] {
        let text = character.repeat(4_000);
        ada.send(&json!({"type": "say", "id": id, "text": text, "format": "code", "lang": "c"}));
        assert_eq!(ada.answer(&id)["text"], text);
    }
    // With the longest names around it, 4,000 characters of four bytes are too much for a line.
    let whisper = |text: String| json!({"type": "whisper", "id": own_id, "to": "z".repeat(32), "text": text, "format": "code", "lang": lang});
    long.send(&whisper("\u{1F600}".repeat(4_000)));
    let refused = long.answer(&own_id);
    assert_error(&refused, "too_long");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("16263 bytes") && message.contains("two parts"), "{message}");
    let fits = "\u{1F600}".repeat(3_980);
    long.send(&whisper(fits.clone()));
    assert_eq!(long.answer(&own_id)["text"], fits, "that is what fits");
    // Control characters are six bytes each.
    assert_error(&ada.ask(code(&"\u{1}".repeat(2_700))), "too_long");
    assert_error(&ada.ask(code(&"x".repeat(4_001))), "too_long");
    ada.assert_alive();
}

#[test]
fn an_export_has_code_as_it_stands() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.server().start();
    let rows: String = (0..80).map(|row| format!("\tx{row} =\t{row}\r\n")).collect();
    let seq = server.login("ada").ask(code(&rows))["seq"].clone();
    drop(server);
    let export = |format: &str| {
        let program = env!("CARGO_BIN_EXE_homeroom-server");
        let folder = data.path().to_str().unwrap();
        let out = Command::new(program).args(["export", "--data-dir", folder, "--format", format]).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    let text = export("text");
    assert!(text.contains(&format!(" ada: code {seq}, python:\n")), "{text}");
    for row in 0..80 {
        assert!(text.contains(&format!("| \tx{row} =\t{row}\n")), "{text}");
    }
    assert!(export("csv").contains("x0 =\t0\r\n\tx1"), "{}", export("csv"));
    assert!(export("json").contains(r"\tx0 =\t0\r\n\tx1"));
}

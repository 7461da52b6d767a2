//! Whatever a caller writes: no panic, sound JSON, and limits that hold exactly.

use proptest::prelude::*;

use super::*;
use crate::messaging::{content, judge, limits::LIMITS, recipients, update};

/// Text with characters of one to four bytes, and now and then one that is refused.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z$=\\\\\"| 张三é😀\n]{0,40}",
        1 => "\\PC{0,20}",
        1 => any::<String>(),
        1 => (0usize..3_000).prop_map(|count| "张".repeat(count / 3)),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    let key = prop_oneof![
        3 => prop::sample::select(LIMITS).prop_map(|limit| {
            let last = limit.at.rsplit('.').next().unwrap_or_default();
            last.trim_end_matches("[]").to_owned()
        }),
        1 => any_text(),
    ];
    leaf.prop_recursive(4, 40, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn any_heading() -> impl Strategy<Value = Heading> {
    (prop::option::of(any_text()), prop::option::of(any_text()))
        .prop_map(|(title, description)| Heading { title, description })
}

fn any_selector() -> impl Strategy<Value = Selector> {
    let choice = (any_text(), any_text(), any::<bool>()).prop_map(|(id, text, chosen)| Choice { id, text, chosen });
    (any_text(), prop::option::of(any_text()), prop::collection::vec(choice, 0..12), any::<bool>())
        .prop_map(|(key, title, choices, disabled)| Selector { key, title, choices, disabled })
}

fn any_body() -> impl Strategy<Value = CardBody> {
    let submit = || (any_text(), any_text()).prop_map(|(text, key)| KeyedText { text, key });
    let button = (any_text(), prop::option::of(0u8..6), any_text()).prop_map(|(text, style, key)| Button {
        text,
        style,
        action: ButtonAction::Key(key),
    });
    prop_oneof![
        any_text().prop_map(|url| CardBody::TextNotice(TextNotice { link: Link::Url(url), ..notice() })),
        prop::collection::vec(button, 0..8).prop_map(buttons),
        (any_selector(), any::<bool>(), submit()).prop_map(|(question, multiple, submit)| {
            CardBody::VoteInteraction(VoteInteraction { question, multiple, submit })
        }),
        (prop::collection::vec(any_selector(), 0..5), submit()).prop_map(|(selectors, submit)| {
            CardBody::MultipleInteraction(MultipleInteraction { selectors, submit })
        }),
        any_json().prop_map(|json| CardBody::Other(json.to_string())),
        any_text().prop_map(CardBody::Other),
    ]
}

fn any_card() -> impl Strategy<Value = Card> {
    let menu = prop::collection::vec((any_text(), any_text()), 0..5).prop_map(|actions| CardMenu {
        description: None,
        actions: actions.into_iter().map(|(text, key)| KeyedText { text, key }).collect(),
    });
    let source = prop::option::of(any_text()).prop_map(|colour| CardSource { icon_url: None, text: None, colour });
    let optional = || prop::option::of(any_text());
    (optional(), prop::option::of(source), prop::option::of(menu), any_heading(), optional(), any_body()).prop_map(
        |(task_id, source, menu, heading, replace_text, body)| Card {
            task_id,
            source,
            menu,
            quote: None,
            heading: Some(heading),
            replace_text,
            body,
        },
    )
}

fn any_content() -> impl Strategy<Value = Content> {
    prop_oneof![
        any_text().prop_map(Content::Text),
        any_text().prop_map(Content::Markdown),
        any_text().prop_map(Content::File),
        any_card().prop_map(Content::Card),
        (any_text(), any_json()).prop_map(|(kind, json)| Content::Other(OtherMessage { kind, json: json.to_string() })),
        any_json()
            .prop_map(|json| Content::Other(OtherMessage { kind: "template_card".into(), json: json.to_string() })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_message_is_refused_or_sound(content in any_content(), translate_ids: bool, members in prop::collection::vec(any_text(), 0..4)) {
        let message = Message { translate_ids, to: Recipients { members, ..to(&[]) }, ..message(content) };
        if let Ok(body) = content::body(&message, "made-1") {
            prop_assert_eq!(judge::judge("content", &body.kind, &body.content, translate_ids), Ok(()));
            let written = body.content.to_string();
            prop_assert_eq!(&serde_json::from_str::<Value>(&written).unwrap(), &body.content);
            prop_assert!(!written.replace("\\\\", "").contains("\\u"), "{}", written);
            let again = content::body(&message, "made-1").unwrap();
            prop_assert_eq!(again.content.to_string(), written, "a repetition is the very same");
        }
        if let Ok(parts) = recipients::parts(fake::config().common.ids, &message.to) {
            prop_assert!(parts.iter().flat_map(|part| &part.members).all(|id| !id.contains('|') && id != "@all"));
        }
    }

    #[test]
    fn an_update_is_refused_or_sound(card in any_card(), code in any_text()) {
        let change = CardUpdate { to: to(&["a"]), response_code: code, change: CardChange::Card(card), translate_ids: false };
        if let Ok((_, body)) = update::request(&fake::config(), &change) {
            prop_assert!(body["template_card"].get("task_id").is_none());
        }
    }

    #[test]
    fn a_text_is_taken_exactly_up_to_its_limit(given in any_text(), pad in 0usize..2_200) {
        let given = format!("{given}{}", "x".repeat(pad));
        let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        let expected = (1..=2_048).contains(&given.len()) && !given.contains(is_odd);
        prop_assert_eq!(content::body(&text(&given), "t").is_ok(), expected);
    }

    #[test]
    fn nothing_makes_the_judge_panic(json in any_json(), at in prop::sample::select(LIMITS), translates: bool) {
        let kind = at.at.split('.').next().unwrap_or_default();
        let _ = judge::judge("content", kind, &json, translates);
        let _ = judge::judge("content", at.at, &json, translates);
    }
}
